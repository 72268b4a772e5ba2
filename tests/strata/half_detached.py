"""A removal that was killed between the two transactions of its DETACH CONCURRENTLY."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from strata.partitions.render import leaves

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.conftest import Database


def half_detach(connection: Connection, database: Database, tenant_id: str, layout: Layout) -> None:
    """Begin the detach of the tenant's payments, and give up while somebody reads them."""
    leaf = next(leaf for leaf in leaves(tenant_id, layout) if leaf.table == "payments")
    with database.deployer() as reader, reader.transaction():
        reader.execute("SELECT FROM app.payments WHERE tenant_id = %s", (tenant_id,))
        connection.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute(
                f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {leaf.qualified_name} CONCURRENTLY"
            )
        connection.execute("RESET lock_timeout")
