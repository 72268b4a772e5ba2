"""`strata partitions`: figures, SQL and differences of a real database, both layouts."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, get_args

import pytest

from strata.cli.partitions import PartitionsDifferError, Table
from strata.cli.stack_database import NoDatabaseError, QueryFailedError, opened
from strata.pages import PageError
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registered import UnknownTenantError
from strata.partitions.render import render_onboarding
from strata.partitions.statistics import StatisticsFailedError
from strata.partitions.tables import PARTITIONED_TABLES
from strata.reference import DatabaseReferenceError
from strata.tenants import TenantIdError
from tests.strata.cli.stack import ROWS, stack  # noqa: F401 - a fixture
from tests.strata.rows import insert_payment

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run

HOSTILE = "<b>\x1b[31m'; DROP"


def as_json(run: Run, *words: str):
    result = run(*words, "--json")
    return json.loads(result.stdout)


def test_the_tables_to_choose_from_are_the_partitioned_ones() -> None:
    assert get_args(Table) == PARTITIONED_TABLES


@pytest.mark.parametrize("layout", ["list", "bucketed"])
def test_render_prints_what_is_run_and_needs_no_database(run: Run, layout: Layout, monkeypatch) -> None:
    monkeypatch.delenv("STRATA_DATABASE", raising=False)
    rendered = render_onboarding("it's", layout)
    assert run("partitions", "render", "it's", "--layout", layout).stdout == "\n".join(rendered.values()) + "\n"
    one = run("partitions", "render", "it's", "--layout", layout, "--table", "invoices")
    assert one.stdout == rendered["invoices"] + "\n"
    document = as_json(run, "partitions", "render", "it's", "--layout", layout)
    assert document == {"tenant_id": "it's", "layout": layout, "statements": rendered}


def test_rendered_sql_can_be_piped(run: Run, stack: Connection, layout: Layout) -> None:  # noqa: F811 - the fixture
    """What is printed makes partitions that onboarding then finds as they should be."""
    stack.execute(run("partitions", "render", "piped").stdout)
    assert run("partitions", "verify", "--tenant", "piped").output == "registry, catalog and partitions agree\n"
    ensure_tenant(stack, "piped", layout)


def test_an_id_that_cannot_be_one_is_refused(run: Run) -> None:
    assert isinstance(run("partitions", "render", "", "--layout", "list").exception, TenantIdError)


def test_stats_are_the_catalogs(run: Run, stack: Connection) -> None:  # noqa: F811 - the fixture
    unread = {one["table"]: one["rows"] for one in as_json(run, "partitions", "stats", "--no-refresh")}
    assert unread == {**dict.fromkeys(PARTITIONED_TABLES), "webhook_logs": 0}
    stack.execute("ANALYZE")
    found = {(one["tenant_id"], one["table"]): one["rows"] for one in as_json(run, "partitions", "stats")}
    for tenant_id in ("acme", "globex"):
        assert found[tenant_id, "payments"] == ROWS["payments"]
    shown = run("partitions", "stats", "--tenant", "acme", "--table", "payments").output.splitlines()
    assert shown[1].split()[:5] == ["acme", "payments", "active", "500", shown[1].split()[4]]
    assert len(shown) == 3
    assert shown[2] == "sizes: 0 measured, 1 estimated or empty"


def test_what_nobody_counted_is_a_dash_and_said(run: Run, stack: Connection) -> None:  # noqa: F811 - the fixture
    ensure_new = run("partitions", "stats", "--no-refresh", "--tenant", "acme").output
    assert "PostgreSQL has not analyzed the partition yet" in ensure_new
    assert stack.execute("SELECT count(*) FROM strata.tenant_partitions WHERE refreshed_at IS NOT NULL").fetchone() == (
        0,
    )


def test_refresh_measures_sizes_when_asked(run: Run, stack: Connection) -> None:  # noqa: F811 - the fixture
    dry = run("partitions", "refresh", "--dry-run")
    assert dry.output == "the statistics of 8 partitions would be read; nothing was done\n"
    measured = as_json(run, "partitions", "refresh", "--sizes")
    assert measured == {"partitions": 8, "changed": 8, "sizes": True}
    query = "SELECT pg_total_relation_size('partitions.payments_p_acme')"
    assert stack.execute(query).fetchone()[0] in {
        one["bytes"] for one in as_json(run, "partitions", "stats", "--tenant", "acme", "--no-refresh")
    }
    assert run("partitions", "refresh", "--sizes").output == "0 of 8 partitions have new figures\n"
    stack.execute("ANALYZE partitions.payments_p_acme")
    assert "sizes: 3 measured since 2" in run("partitions", "stats", "--tenant", "acme").output


def test_distribution_draws_the_largest_first(run: Run, stack: Connection, layout: Layout) -> None:  # noqa: F811
    ensure_tenant(stack, "small", layout)
    run("partitions", "refresh", "--sizes")
    lines = run("partitions", "distribution", "--top", "2").output.splitlines()
    bars = [line for line in lines if "█" in line]
    assert len(bars) == 2
    assert not any("small" in line for line in bars)
    assert "and 1 more tenants: --top, --json or --html shows them" in lines
    assert any("12 measured since 2" in line for line in lines)
    document = as_json(run, "partitions", "distribution")
    assert (document["sizes"]["measured"], document["sizes"]["not_measured"]) == (12, 0)
    assert document["tenants"][-1]["tenant_id"] == "small"
    assert document["bytes"]["total"] == sum(one["bytes"] for one in document["tenants"])


def test_rows_that_are_known_to_be_none_are_not_unknown(
    run: Run,
    stack: Connection,  # noqa: F811 - the fixture
    layout: Layout,
) -> None:
    """A new stack has them, and nothing of it has a share; what nobody has analyzed is unknown beside it."""
    stack.execute("DELETE FROM strata.tenant_partitions")
    ensure_tenant(stack, "fresh", layout)
    stack.execute("SELECT strata.create_tenant_partition('payments', 'half')")
    figures = _figures(run("partitions", "distribution"))
    assert figures["rows"] == "0; the largest 0, the median 0"
    insert_payment(stack, "half")
    assert _figures(run("partitions", "distribution"))["rows"] == "0; the largest 0, the median 0; unknown of 1"
    assert (
        _figures(run("partitions", "distribution", "--table", "invoices"))["rows"] == "0; the largest 0, the median 0"
    )
    stack.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'fresh'")
    assert _figures(run("partitions", "distribution"))["rows"] == "unknown"
    stack.execute("ANALYZE partitions.payments_p_half")
    assert _figures(run("partitions", "distribution"))["rows"] == (
        "1; the largest 1, the median 1; the 10 largest have 100.0 %; Gini 0.00"
    )


def _figures(result: Result) -> dict[str, str]:
    pairs = (line.partition(" ") for line in result.stdout.splitlines())
    return {name: figure.strip() for name, _, figure in pairs}


class Cells(HTMLParser):
    """The cells of a page, and what it loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._open = tag
        self.tags.add(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        if self._open in ("th", "td", "dt"):
            self.cells.append(data)


def test_the_page_shows_every_tenant_and_table_and_loads_nothing(
    run: Run,
    stack: Connection,  # noqa: F811 - the fixture
    layout: Layout,
    tmp_path: Path,
) -> None:
    ensure_tenant(stack, HOSTILE, layout)
    run("partitions", "refresh", "--sizes")
    stack.execute("ANALYZE app.payments")
    page = tmp_path / "page.html"
    result = run("partitions", "distribution", "--html", str(page))
    assert f"page: {page}" in result.stderr
    found = Cells(page.read_text())
    assert found.loads == []
    assert "b" not in found.tags
    assert {"acme", "globex", "<b>\\x1b[31m'; DROP", *PARTITIONED_TABLES} <= set(found.cells)
    assert " estimated or empty" in page.read_text()
    # Beside each tenant its size, share, rows, then size and rows of each table.
    place = len(found.cells) - 1 - found.cells[::-1].index("acme")
    assert "500" in found.cells[place : place + 12]
    assert "\x1b" not in run("partitions", "distribution").output


def test_a_page_of_nothing_says_so(run: Run, stack: Connection, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    stack.execute("DELETE FROM strata.tenant_partitions")
    result = run("partitions", "distribution", "--html", str(tmp_path / "page.html"))
    assert result.stdout == "no tenants\n"
    assert "There are no partitions." in (tmp_path / "page.html").read_text()


def test_a_page_that_cannot_be_written_is_refused(run: Run, stack: Connection) -> None:  # noqa: F811 - the fixture
    result = run("partitions", "distribution", "--html", "/nowhere/page.html")
    assert isinstance(result.exception, PageError)


def test_verify_lists_each_difference_once_and_how_to_settle_it(run: Run, stack: Connection) -> None:  # noqa: F811
    assert run("partitions", "verify").exit_code == 0
    stack.execute("DROP TABLE partitions.invoices_p_acme")
    stack.execute("CREATE INDEX extra ON partitions.payments_p_acme (amount_minor)")
    stack.execute("CREATE TABLE partitions.orphan (x int)")
    result = run("partitions", "verify")
    assert isinstance(result.exception, PartitionsDifferError)
    assert result.exception.differences == 3
    extra = "index partitions.extra, INDEX USING btree (amount_minor),"
    assert [line.partition(";")[0] for line in result.output.splitlines()] == [
        "partitions.invoices_p_acme (tenant acme, active): there is no such partition",
        "partitions.orphan: the registry does not know it",
        f"partitions.payments_p_acme (tenant acme, active): {extra} is not the parent's",
    ]
    assert "settle: DROP INDEX CONCURRENTLY partitions.extra" in result.output
    document = as_json(run, "partitions", "verify", "--tenant", "acme")
    assert [one["partition"] for one in document] == ["invoices_p_acme", "payments_p_acme"]
    assert as_json(run, "partitions", "verify", "--tenant", "globex") == []


@pytest.mark.parametrize("words", [("stats",), ("distribution",), ("refresh",), ("verify",), ("render", "acme")])
def test_without_a_database_the_way_to_name_one_is_said(run: Run, words: tuple[str, ...], monkeypatch) -> None:
    monkeypatch.delenv("STRATA_DATABASE", raising=False)
    assert isinstance(run("partitions", *words).exception, NoDatabaseError)
    elsewhere = run("partitions", *words, "--database", "env:NOTHING_IS_HERE")
    assert isinstance(elsewhere.exception, DatabaseReferenceError)


@pytest.mark.parametrize("words", [("stats", "--tenant", "nobody"), ("verify", "--tenant", "nobody")])
def test_a_tenant_that_nobody_knows_is_said(run: Run, stack: Connection, words: tuple[str, ...]) -> None:  # noqa: F811
    assert isinstance(run("partitions", *words).exception, UnknownTenantError)


@pytest.mark.parametrize("words", [("stats", "--tenant"), ("verify", "--tenant")])
@pytest.mark.parametrize("tenant_id", ["\udcff", ""])
def test_an_id_that_no_tenant_can_have_is_said(
    run: Run,
    stack: Connection,  # noqa: F811 - the fixture
    words: tuple[str, ...],
    tenant_id: str,
) -> None:
    assert isinstance(run("partitions", *words, tenant_id).exception, TenantIdError)


def test_verify_prints_an_id_as_one_line(run: Run, stack: Connection, layout: Layout) -> None:  # noqa: F811
    ensure_tenant(stack, "x\x1b[31mred\nnext: rm -rf /", layout)
    (name,) = stack.execute(
        "SELECT partition_name FROM strata.tenant_partitions WHERE tenant_id LIKE 'x%' AND table_name = 'invoices'"
    ).fetchone()
    stack.execute(f'DROP TABLE partitions."{name}"')
    (line,) = run("partitions", "verify").stdout.splitlines()
    assert line.startswith(rf"partitions.{name} (tenant x\x1b[31mred\nnext: rm -rf /, active)")


def test_a_database_without_its_schema_is_sent_to_pulumi(run: Run, stack: Connection) -> None:  # noqa: F811
    stack.execute("ALTER SCHEMA strata RENAME TO elsewhere")
    for words in (("stats", "--no-refresh"), ("refresh",), ("verify",)):
        result = run("partitions", *words)
        assert isinstance(result.exception, StatisticsFailedError)
        assert result.exception.next_command == "pulumi up"


def test_a_query_that_is_refused_is_no_bare_error(stack: Connection) -> None:  # noqa: F811 - the fixture
    with (
        pytest.raises(QueryFailedError, match="every migration applied; next: pulumi up$"),
        opened("env:STACK_DATABASE") as (connection, _),
    ):
        connection.execute("SELECT FROM strata.a_table_of_a_later_migration")


WRITING = [
    ("partitions", "refresh"),
    *(("tenant", verb) for verb in ("add", "offboard", "archive", "restore", "forget")),
]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_what_writes_can_be_tried_dry(run: Run, words: tuple[str, str]) -> None:
    assert "--dry-run" in run(*words, "--help").output


def test_no_noun_needs_pulumi() -> None:
    program = "import sys, strata.cli.main; sys.exit(any(name.startswith('pulumi') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
