"""What the page says; how it is reached, and that it loads nothing, is held by the command's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

from strata.partitions.distribution import distribution
from strata.partitions.distribution_page import render_distribution_page
from strata.partitions.statistics import PartitionStats

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Rows(HTMLParser):
    """Each row of the page's tables: what it is sorted by and what is shown, by its heading and its name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._tag, self._value, self._section, self._row = "", "", "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag, self._value = tag, dict(attrs).get("data-value") or ""

    def handle_data(self, data: str) -> None:
        if self._tag == "h2":
            self._section = data
        elif self._tag == "th":
            self._row = data
        elif self._tag == "td":
            self.rows.setdefault((self._section, self._row), []).append((self._value, data))
        self._tag = ""


def _rows(*stats: PartitionStats) -> dict[tuple[str, str], list[tuple[str, str]]]:
    return Rows(render_distribution_page(distribution(None, stats), stats, "strata", NOW)).rows


def _stats(tenant_id: str, table: str, rows: int | None, size: int | None) -> PartitionStats:
    return PartitionStats(tenant_id, table, "name", "active", rows, size, None, None, None, NOW, None, None)


def test_a_table_of_which_nothing_is_known_has_no_zeroes() -> None:
    """It is sorted as unknown, too; a table that is known to be empty is what has zeroes."""
    found = _rows(
        _stats("acme", "payments", None, None),
        _stats("globex", "payments", None, None),
        _stats("acme", "invoices", 0, 0),
        _stats("acme", "audit_logs", 7, 8192),
        _stats("globex", "audit_logs", None, None),
    )
    assert found["By table", "payments"] == [("2", "2"), ("", "-"), ("", "-"), ("2", "2")]
    assert found["By table", "invoices"] == [("1", "1"), ("0", "0 B"), ("0", "0"), ("0", "0")]
    assert found["By table", "audit_logs"] == [("2", "2"), ("8192", "8.2 kB"), ("7", "7"), ("1", "1")]
