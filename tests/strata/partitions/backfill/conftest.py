"""A migrated database with tenants, and an unpartitioned table beside the partitioned ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from strata.partitions.onboard import ensure_tenant

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout

TENANTS = ("acme", "O'Neil", "system")


@pytest.fixture
def tenants(migrated: Connection, layout: Layout) -> Connection:
    """Return a connection to a database with a source, ``legacy.payments``, without a constraint but its key."""
    for tenant_id in TENANTS:
        ensure_tenant(migrated, tenant_id, layout)
    migrated.execute("CREATE SCHEMA legacy")
    migrated.execute("CREATE TABLE legacy.payments (LIKE app.payments INCLUDING DEFAULTS)")
    migrated.execute("ALTER TABLE legacy.payments ADD PRIMARY KEY (id), ALTER tenant_id DROP NOT NULL")
    return migrated
