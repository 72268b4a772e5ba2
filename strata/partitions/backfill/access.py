"""What a role lacks to read a source, as the statements that would give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.partitions.backfill.errors import SourceDeniedError
from strata.partitions.backfill.source import TenantJoin

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.backfill.source import Source


def denied(connection: Connection, source: Source, table: str, error: psycopg.Error) -> SourceDeniedError:
    """Return what PostgreSQL's refusal of a right means to whoever runs the backfill.

    Args:
        connection: that was refused, with no transaction open.
        source: what it was to read.
        table: the partitioned table.
        error: the refusal.
    """
    joined = [source.tenant_from.table] if isinstance(source.tenant_from, TenantJoin) else []
    try:
        rows = connection.execute(sql.render("backfill/lacking.sql.j2", names=[source.table, *joined])).fetchall()
    except psycopg.DataError:
        rows = []  # the name to join with is none, which planning says as soon as the source may be read
    reason = error.diag.message_primary or " ".join(str(error).split())
    return SourceDeniedError(source.table, table, reason, [str(statement) for (statement,) in rows])
