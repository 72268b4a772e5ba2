"""What becomes of the tenants and of the schema: who comes, who leaves, and the SQL that will run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE
from strata.preview_report.differences import line_by_line
from strata.preview_report.statements import SqlPattern, TenantSql, patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.preview_report.changes import Change

_TENANT_PREFIX: Final = "tenant-"

Fate = Literal["onboarded", "offboarding", "kept", "archived", "dropped", "removed", "altered", "replaced"]
OnRemove = Literal["archive", "drop"]


@dataclass(frozen=True)
class TenantChange:
    """What becomes of one tenant.

    Args:
        tenant: its id.
        fate: ``onboarded``: its partitions are made; ``offboarding``: its protection is lifted, or what becomes of its
            rows is decided anew, and nothing else happens yet; ``kept``: it stays after all; ``archived``,
            ``dropped``: its partitions go, with or without an archive; ``removed``: refused by the provider, because
            the tenant never was offboarding; ``altered``: its partitions change; ``replaced``: no provider of this
            stack asks for that.
        on_remove: what becomes of the rows when its entry goes.
        sql: by table, what runs for ``onboarded``, and for ``altered`` how what it should have differs.
    """

    tenant: str
    fate: Fate
    on_remove: OnRemove
    sql: TenantSql | None


@dataclass(frozen=True)
class Migration:
    """A migration that is not applied yet."""

    key: str
    sql: str


def tenant_changes(changes: Iterable[Change]) -> tuple[TenantChange, ...]:
    """Return what becomes of each tenant that does not stay as it is, by id."""
    tenants = (change for change in changes if change.type == TENANT_TYPE and change.operation != "same")
    return tuple(sorted((_tenant(change) for change in tenants), key=lambda one: one.tenant))


def _tenant(change: Change) -> TenantChange:
    before: Mapping[str, Any] = change.old.inputs | change.old.outputs if change.old else {}  # type: ignore[operator]
    after: Mapping[str, Any] = change.new.inputs if change.new else before
    tenant = str(after.get("tenant_id", tenant_of(change.name)))
    fate = _fate(change, before, after)
    by_table = _sql(fate, _object(before.get("statements")), _object(after.get("statements")))
    sql = TenantSql(tenant, change.name.removeprefix(_TENANT_PREFIX), by_table) if by_table else None
    return TenantChange(tenant, fate, "drop" if after.get("on_remove") == "drop" else "archive", sql)


def _sql(fate: Fate, before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the SQL that runs for a new tenant, and the difference of what an altered one should have."""
    if fate == "onboarded":
        return {table: _lines(lines) for table, lines in after.items()}
    if fate == "altered":
        tables = dict.fromkeys([*before, *after])
        return {
            table: difference
            for table in tables
            if (difference := line_by_line(_lines(before.get(table, [])), _lines(after.get(table, []))))
        }
    return {}


def _fate(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Fate:
    if change.operation == "create":
        return "onboarded"
    if change.operation == "delete":
        if before.get("state") != "offboarding":
            return "removed"
        return "dropped" if before.get("on_remove") == "drop" else "archived"
    if change.operation == "replace":
        return "replaced"
    if all(before.get(key) == after.get(key) for key in ("state", "on_remove")):
        return "altered"
    return "offboarding" if after.get("state") == "offboarding" else "kept"


def tenant_of(name: str) -> str:
    """Return what a tenant's resource is named with: its id, if that is short and simple."""
    return name.removeprefix(_TENANT_PREFIX)


def sql_patterns(tenants: Iterable[TenantChange], fate: Fate) -> tuple[SqlPattern, ...]:
    """Return the SQL of the tenants with this fate, once per pattern."""
    return patterns(one.sql for one in tenants if one.fate == fate and one.sql)


def pending_migrations(changes: Iterable[Change]) -> tuple[Migration, ...]:
    """Return the migrations that are not applied yet, in their order."""
    found = []
    for change in changes:
        if change.type == SCHEMA_TYPE and change.operation != "delete" and change.new:
            applied = _object(change.old.inputs.get("migrations")) if change.old else {}
            wanted = _object(change.new.inputs.get("migrations"))
            found += [Migration(key, _lines(lines)) for key, lines in sorted(wanted.items()) if key not in applied]
    return tuple(found)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _lines(value: object) -> str:
    return "\n".join(str(line) for line in value) if isinstance(value, list) else str(value)
