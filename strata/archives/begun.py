"""How far the restore of an archive is: what the registry knows of it, and whether what it has made can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strata import sql
from strata.archives.errors import TenantPresentError
from strata.archives.restore_errors import ArchivedElsewhereError, LeafInTheWayError
from strata.partitions.compare import TENANT_CHECK, tenant_check
from strata.partitions.inspect import observe

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from strata.database import Connection
    from strata.partitions.render import Leaf


@dataclass(frozen=True)
class RegisteredTable:
    """What the registry has of one of the tenant's tables; when it was archived here, and how many parts are back."""

    table: str
    state: str
    archive_uri: str | None
    restored_parts: int | None
    archived_at: datetime | None


@dataclass(frozen=True)
class Begun:
    """How far a restore is.

    Args:
        loaded: by table, how many parts are back, of the partitions that can be gone on with.
        kept: those partitions.
        new: the partitions that are to be made.
        outdated: those of them that are there, and no longer like their parent; every row of theirs is in the archive.
    """

    loaded: dict[str, int]
    kept: tuple[Leaf, ...]
    new: tuple[Leaf, ...]
    outdated: tuple[Leaf, ...]


def registered_tables(connection: Connection, tenant_id: str) -> list[RegisteredTable]:
    """Return the registry's rows of a tenant."""
    query = sql.render("archives/registered.sql.j2", tenant_id=tenant_id)
    return [RegisteredTable(*row) for row in connection.execute(query)]


def find_begun(connection: Connection, wanted: Sequence[Leaf], uri: str) -> Begun:
    """Return how far the restore of an archive is.

    Args:
        connection: as the owner; where something is made afterwards, in the transaction that makes it.
        wanted: all partitions of the tenant.
        uri: of the archive.

    Raises:
        TenantPresentError: the tenant has partitions that a restore would mix with.
        ArchivedElsewhereError: the registry names another archive of the tenant.
        LeafInTheWayError: a table has the name of a partition, and no restore has made it.
    """
    tenant_id = wanted[0].tenant_id
    found = registered_tables(connection, tenant_id)
    _refuse_other(tenant_id, found, uri)
    observed = observe(connection, (name for leaf in wanted for name in (leaf.qualified_name, leaf.qualified_parent)))
    restored = {one.table: one.restored_parts or 0 for one in found if one.state == "restoring"}
    refuse_in_the_way(wanted, observed, restored.keys())
    there = [leaf for leaf in wanted if leaf.qualified_name in observed]
    kept = [leaf for leaf in there if _made_from(observed[leaf.qualified_name], observed.get(leaf.qualified_parent))]
    return Begun(
        {leaf.table: restored[leaf.table] for leaf in kept},
        tuple(kept),
        tuple(leaf for leaf in wanted if leaf not in kept),
        tuple(leaf for leaf in there if leaf not in kept),
    )


def _refuse_other(tenant_id: str, found: Sequence[RegisteredTable], uri: str) -> None:
    if any(one.state not in {"archived", "restoring"} for one in found):
        raise TenantPresentError(tenant_id, {one.table: one.state for one in found})
    for one in found:
        if one.archive_uri != uri:
            raise ArchivedElsewhereError(tenant_id, one.state, str(one.archive_uri), uri)


def refuse_in_the_way(wanted: Sequence[Leaf], observed: Mapping[str, Any], restoring: Collection[str]) -> None:
    """Refuse tables with the name of a partition that this tenant's restore has not made, or that are in service.

    Args:
        wanted: partitions of one tenant.
        observed: rows of ``partitions/inspect.sql.j2`` by relation.
        restoring: tables whose partition the registry calls restoring.

    Raises:
        LeafInTheWayError: there is one.
    """
    doubts = {
        leaf.table: doubt
        for leaf in wanted
        if leaf.qualified_name in observed
        and (doubt := _doubt(leaf, observed[leaf.qualified_name], registered=leaf.table in restoring))
    }
    if doubts:
        raise LeafInTheWayError(wanted[0].tenant_id, doubts)


def _doubt(leaf: Leaf, observed: Any, *, registered: bool) -> str | None:
    name = leaf.qualified_name
    away = f"find out whose rows it holds; then ALTER TABLE {name} RENAME TO another name, or DROP TABLE {name}"
    if observed.relkind != "r":
        return f"{name} is not a plain table; settle: rename or drop what has this name"
    if observed.parent is not None:
        detach = f"ALTER TABLE {observed.parent} DETACH PARTITION {name} CONCURRENTLY"
        return f"{name} is attached to {observed.parent}; settle: find out who attached it; {detach}"
    if not registered:
        return f"{name} is there, and the registry has no restore of it; settle: {away}"
    if (observed.constraints or {}).get(TENANT_CHECK) != tenant_check(leaf):
        return f"constraint {TENANT_CHECK} of {name} does not prove that its rows are this tenant's; settle: {away}"
    return None


def _made_from(observed: Any, parent: Any) -> bool:
    """Return whether a partition is what would be made from its parent now, in all that an attach asks for."""
    return parent is not None and _made(observed) == _made(parent)


def _made(observed: Any) -> tuple[object, ...]:
    """Return what a new partition has from its parent: neither IDENTITY nor NOT VALID, and no index is invalid."""
    columns = {name: text.replace(" GENERATED AS IDENTITY", "") for name, text in (observed.columns or {}).items()}
    checks = {
        name: text.removesuffix(" NOT VALID")
        for name, text in (observed.constraints or {}).items()
        if name != TENANT_CHECK and text.startswith("CHECK")
    }
    unique = (text.removesuffix(" INVALID") for text in (observed.indexes or {}).values())
    return columns, checks, sorted(text for text in unique if text.startswith(("PRIMARY KEY", "UNIQUE")))
