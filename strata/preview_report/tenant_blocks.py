"""What a comment says about tenants and migrations: who comes, who leaves, and the SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.preview_report.markdown import code, code_in_html, codes, counted, details, fence, items
from strata.preview_report.statements import BUCKET, SUFFIX, TABLE, TENANT
from strata.preview_report.tenants import sql_patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from strata.preview_report.statements import SqlPattern
    from strata.preview_report.tenants import Fate, Migration, OnRemove, TenantChange

#: What happens to the tenants of each fate, in the order in which a reviewer needs them.
_WHAT_HAPPENS: Final[Mapping[Fate, str]] = {
    "replaced": "**replaced:** no provider of this stack should ask for that; do not deploy",
    "removed": "**removed while active:** the provider refuses it when it is deployed",
    "dropped": "**dropped:** every row is deleted, and no archive is kept",
    "archived": "**archived and removed:** its partitions are detached, archived, read back, and only then dropped",
    "offboarding": "**starting to leave:** only its protection is lifted; the next merge can remove it ",
    "kept": "**staying after all:** it is protected again",
    "altered": "**altered:** what is missing is made, what drifted is mended",
    "onboarded": "**onboarded:** new partitions, attached without blocking a read or a write",
}
_NEXT_MERGE: Final[Mapping[OnRemove, str]] = {
    "archive": "with its rows archived",
    "drop": "**with every row, and keep no archive**",
}
_MARKS: Final[Mapping[str, str]] = {
    TENANT: "the tenant's id",
    SUFFIX: "the tenant's name in partitions",
    TABLE: "the table",
    BUCKET: "the number of the tenant's bucket",
}
_MOST_IN_A_LINE: Final = 100


def tenant_blocks(tenants: Sequence[TenantChange]) -> Iterable[str]:
    """Yield who they are, and the SQL that runs for them, once per pattern."""
    yield from items(_fates(tenants))
    for pattern in sql_patterns(tenants, "onboarded"):
        note = _note(pattern, "The exact SQL is at the end.")
        yield f"Runs for {_whom(pattern)}:\n\n{fence(pattern.sql, 'sql')}{note}"
    for pattern in sql_patterns(tenants, "altered"):
        yield f"Differs for {_whom(pattern)}:\n\n{fence(pattern.sql, 'diff')}{_note(pattern, '')}"


def _fates(tenants: Sequence[TenantChange]) -> Iterable[str]:
    for fate, happens in _WHAT_HAPPENS.items():
        for on_remove in ("drop", "archive"):
            its_tenants = [one.tenant for one in tenants if (one.fate, one.on_remove) == (fate, on_remove)]
            next_merge = _NEXT_MERGE[on_remove] if fate == "offboarding" else ""
            for start in range(0, len(its_tenants), _MOST_IN_A_LINE):
                yield f"{happens}{next_merge}: {codes(its_tenants[start : start + _MOST_IN_A_LINE])}"


def _whom(pattern: SqlPattern) -> str:
    count = len(pattern.tenants)
    who = code(pattern.tenants[0]) if count == 1 else f"each of {counted(count, 'tenant')}"
    return f"{who}, on {codes(pattern.tables)}"


def _note(pattern: SqlPattern, where: str) -> str:
    marks = "; ".join(f"`{mark}` is {meaning}" for mark, meaning in _MARKS.items() if mark in pattern.sql)
    return f"\n\n{marks}. {where}".rstrip() if marks else ""


def exact_sql_blocks(tenants: Sequence[TenantChange]) -> Iterable[str]:
    """Yield the exact SQL of each tenant, to open."""
    for one in tenants:
        if one.sql and one.fate == "onboarded":
            yield details(code_in_html(one.tenant), fence("\n\n".join(one.sql.by_table.values()), "sql"))


def migration_blocks(migrations: Sequence[Migration]) -> Iterable[str]:
    """Yield each pending migration with its SQL."""
    for migration in migrations:
        yield f"{code(migration.key)} runs once, before any tenant:\n\n{fence(migration.sql, 'sql')}"
