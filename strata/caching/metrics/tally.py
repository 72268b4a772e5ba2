"""The measures of groups, out of the counts that `Counter` keeps."""

# ruff: noqa: S608 - what is put into a statement is ours, or went through `literal`

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from strata.caching.metrics.results import Group, Measures, Percentiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from strata.caching.metrics.counting import Counter, GroupingSet

#: Outcomes that are hits; see `strata.caching.metrics.results.Measures`.
_HITS: Final = ("edge_hits", "refresh_hits", "shield_hits")
_MISSES: Final = "misses"
_PERCENTS: Final = (50, 95, 99)
_SUMS: Final = {
    "requests": "coalesce(sum(requests), 0)::BIGINT",
    **{name: f"coalesce(sum(requests) FILTER (outcome = '{name}'), 0)::BIGINT" for name in (*_HITS, _MISSES)},
    "cloudwatch_hits": (
        "coalesce(sum(requests) FILTER (in_cloudwatch AND result_type IN ('Hit', 'RefreshHit')), 0)::BIGINT"
    ),
    "cloudwatch_requests": "coalesce(sum(requests) FILTER (in_cloudwatch), 0)::BIGINT",
    "sent_bytes": "coalesce(sum(sent_bytes), 0)::HUGEINT",
    "comparable_bytes": "coalesce(sum(sent_bytes) FILTER (outcome <> 'left out'), 0)::HUGEINT",
    "hit_bytes": f"coalesce(sum(sent_bytes) FILTER (outcome IN {_HITS}), 0)::HUGEINT",
}
_Values = tuple[str | None, ...]


def groups(counter: Counter, one: GroupingSet, top: int | None) -> tuple[tuple[Group, ...], int]:
    """Return the groups of a grouping set, the largest first, and how many there are.

    Args:
        counter: what was counted.
        one: one of its sets.
        top: how many to return; None is all.
    """
    shown = _Shown(counter, one, top)
    result_types: dict[_Values, dict[str, int]] = {}
    for row in shown.sums(["sum(requests)::BIGINT"], by="result_type"):
        result_types.setdefault(row[: len(one)], {})[row[-2]] = row[-1]
    hits = shown.percentiles(f"outcome IN {_HITS}")
    misses = shown.percentiles(f"outcome = '{_MISSES}'")
    found = []
    for row in shown.sums(list(_SUMS.values())):
        values: _Values = row[: len(one)]
        measures = Measures(
            **dict(zip(_SUMS, row[len(one) :], strict=True)),
            result_types=dict(sorted(result_types.get(values, {}).items())),
            hit_first_byte=hits.get(values),
            miss_first_byte=misses.get(values),
        )
        found.append(Group(values, measures))
    found.sort(key=lambda group: (-group.measures.requests, [(value is None, value or "") for value in group.values]))
    return tuple(found), shown.count


class _Shown:
    """The rows of the groups that are shown."""

    def __init__(self, counter: Counter, one: GroupingSet, top: int | None) -> None:
        self._connection = counter.connection
        self._columns = [f"{name}_value" for name in one]
        rows = f"FROM counts WHERE set_mask = {counter.mask(one)}"
        if not one:
            self._execute(f"CREATE OR REPLACE TEMP TABLE shown AS {rows}")
            self.count = 1
            return
        columns = ", ".join(self._columns)
        order = ", ".join(["sum(requests) DESC", *(f"{column} NULLS LAST" for column in self._columns)])
        limit = "" if top is None else f"LIMIT {top}"
        self.count = self._execute(f"SELECT count(*) FROM (SELECT DISTINCT {columns} {rows})")[0][0]
        self._execute(
            f"CREATE OR REPLACE TEMP TABLE largest AS SELECT {columns} {rows} GROUP BY ALL ORDER BY {order} {limit}"
        )
        same = " AND ".join(f"counts.{column} IS NOT DISTINCT FROM largest.{column}" for column in self._columns)
        self._execute(
            "CREATE OR REPLACE TEMP TABLE shown AS SELECT counts.* FROM counts SEMI JOIN largest "
            f"ON {same} WHERE set_mask = {counter.mask(one)}"
        )

    def sums(self, expressions: Sequence[str], by: str = "") -> list[tuple[Any, ...]]:
        """Return a row for each group, and each value of ``by``: the group's values, ``by``, and the sums."""
        selected = ", ".join([*self._columns, *([by] if by else []), *expressions])
        return self._execute(f"SELECT {selected} FROM shown {self._group_by([by] if by else [])}")

    def percentiles(self, condition: str) -> Mapping[_Values, Percentiles]:
        """Return the times to the first byte of some of the requests, by group; groups without any are left out."""
        partition = f"PARTITION BY {', '.join(self._columns)}" if self._columns else ""
        limits = ", ".join(f"min(ms) FILTER (reached * 100 >= {percent} * whole)" for percent in _PERCENTS)
        columns = "".join(f"{column}, " for column in self._columns)
        rows = self._execute(
            f"WITH times AS (SELECT {columns} first_byte_ms AS ms, sum(requests) AS requests FROM shown "
            f"WHERE first_byte_ms IS NOT NULL AND {condition} GROUP BY ALL), "
            f"ranked AS (SELECT *, sum(requests) OVER ({partition} ORDER BY ms) AS reached, "
            f"sum(requests) OVER ({partition}) AS whole FROM times) "
            f"SELECT {columns} {limits} FROM ranked {self._group_by([])}"
        )
        width = len(self._columns)
        return {
            tuple(row[:width]): Percentiles(*(milliseconds / 1000 for milliseconds in row[width:]))
            for row in rows
            if row[width] is not None
        }

    def _group_by(self, further: Sequence[str]) -> str:
        columns = [*self._columns, *further]
        return f"GROUP BY {', '.join(columns)}" if columns else ""

    def _execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()
