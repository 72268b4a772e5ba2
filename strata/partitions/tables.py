"""The partitioned tables. A table is added here, by a migration, and by an update of each tenant."""

from __future__ import annotations

from typing import Final

#: In the order in which every transaction touches them, so that two of them cannot deadlock.
PARTITIONED_TABLES: Final = ("payments", "invoices", "audit_logs", "webhook_logs")
