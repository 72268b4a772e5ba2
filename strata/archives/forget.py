"""Forgetting that a tenant is archived, so that its id may begin anew without its rows; the archive itself is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from strata import sql
from strata.archives.errors import ForgetFailedError, NotArchivedError
from strata.database import connected

if TYPE_CHECKING:
    from strata.database import Connection


def forget_tenant(database: str | Connection, tenant_id: str) -> str:
    """Remove an archived tenant from the registry and return where its archive is.

    Args:
        database: a reference, or a connection in autocommit that acts as the owner of the tables.
        tenant_id: whose.

    Raises:
        NotArchivedError: the tenant is not archived as a whole; nothing was changed.
        ForgetFailedError: PostgreSQL refused, or the connection broke.
    """
    with connected(database) as connection:
        try:
            found = connection.execute(sql.render("archives/forget_tenant.sql.j2", tenant_id=tenant_id)).fetchall()
        except psycopg.Error as error:
            raise ForgetFailedError(tenant_id, error) from error
    if not found:
        raise NotArchivedError(tenant_id)
    return str(found[0][0])
