"""SQL that differs by names only, shown once: a pattern from which every exact statement can be written again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What stands for the names in a pattern.
TENANT: Final = "<tenant>"
SUFFIX: Final = "<name>"
TABLE: Final = "<table>"
BUCKET: Final = "<bucket>"
#: In layout `bucketed`, the end of the name of the partition that a tenant's partition is attached to.
_BUCKET: Final = re.compile(r'_b(\d+)"')


@dataclass(frozen=True)
class TenantSql:
    """The statements of one tenant.

    Args:
        tenant: its id.
        suffix: what its partitions are named with.
        by_table: SQL by table.
    """

    tenant: str
    suffix: str
    by_table: Mapping[str, str]


@dataclass(frozen=True)
class SqlPattern:
    """One pattern, and what it stands for.

    Args:
        sql: with `TENANT`, `SUFFIX`, `TABLE` and `BUCKET` in place of names.
        tenants: whose statements follow it, in their order.
        tables: of each of these tenants.
    """

    sql: str
    tenants: tuple[str, ...]
    tables: tuple[str, ...]


def patterns(statements: Iterable[TenantSql]) -> tuple[SqlPattern, ...]:
    """Return the patterns, in the order of their first tenant; exact SQL where no pattern would be exact."""
    tables_of: dict[tuple[str, str], list[str]] = {}
    for one in statements:
        for table, sql in one.by_table.items():
            tables_of.setdefault((one.tenant, pattern_of(sql, one, table)), []).append(table)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (tenant, pattern), tables in tables_of.items():
        grouped.setdefault((pattern, tuple(tables)), []).append(tenant)
    return tuple(SqlPattern(sql, tuple(tenants), tables) for (sql, tables), tenants in grouped.items())


def pattern_of(sql: str, one: TenantSql, table: str) -> str:
    """Return the SQL with its names replaced, or as it is if that could not be undone."""
    pattern = sql.replace(f"_p_{one.suffix}", f"_p_{SUFFIX}").replace(f"'{one.tenant}'", f"'{TENANT}'")
    pattern = pattern.replace(table, TABLE)
    bucket = _BUCKET.search(pattern)
    if bucket:
        pattern = pattern.replace(bucket[0], f'_b{BUCKET}"')
    return pattern if exact(pattern, one, table, bucket[1] if bucket else "") == sql else sql


def exact(pattern: str, one: TenantSql, table: str, bucket: str) -> str:
    """Return the SQL that a pattern stands for."""
    for mark, name in ((BUCKET, bucket), (TABLE, table), (TENANT, one.tenant), (SUFFIX, one.suffix)):
        pattern = pattern.replace(mark, name)
    return pattern
