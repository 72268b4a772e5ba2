"""The page: what it shows, that it needs no network, and that nothing from a log becomes markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from strata.caching.metrics import ReadOptions, get_cache_hit_ratio_summary
from strata.caching.reports.page import render_page, write_page
from strata.pages import PageError
from tests.strata.caching.metrics.log_files import V2, json_lines, request, write

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
OPTIONS = ReadOptions(threads=1)
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the texts of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open and self._open[-1] in ("td", "th"):
            self.cells.append(data)
        if self._open and self._open[-1] == "h2":
            self.headings.append(data)


def page(tmp_path, rows, by=("behavior", "tenant", "hour", "day"), top=None):
    path = write(tmp_path / "log", json_lines(V2, rows))
    return render_page(get_cache_hit_ratio_summary(str(path), by, top=top, options=OPTIONS), NOW)


def rows(number=4):
    return [
        request(x_edge_result_type="Hit" if one else "Miss", viewer_request_log_data=f"class=user_data&tenant=t{one}")
        for one in range(number)
    ]


def test_it_has_a_section_with_plot_and_table_for_each_dimension(tmp_path):
    outline = Outline(page(tmp_path, rows()))
    assert outline.headings == ["Over time", "By cache behavior", "By tenant", "How it was counted"]
    assert sum("plotly-graph-div" in (attributes.get("class") or "") for _, attributes in outline.tags) == 3
    assert [outline.cells[outline.cells.index("t0") + one] for one in (1, 2, 6)] == ["1", "0.0 %", "1"]


def test_it_loads_nothing_from_anywhere(tmp_path):
    outline = Outline(page(tmp_path, rows()))
    loading = [attributes for tag, attributes in outline.tags if tag in ("script", "link", "img", "iframe")]
    assert [one for one in loading if "src" in one or "href" in one] == []


def test_it_brings_its_library_once(tmp_path):
    text = page(tmp_path, rows())
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    assert "cdn.plot.ly" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_nothing_of_a_log_becomes_markup(tmp_path):
    hostile = [request(viewer_request_log_data=f"class={HOSTILE}&tenant={HOSTILE}", cs_uri_stem="/x")]
    text = page(tmp_path, hostile, by=("tenant", "class"))
    quiet = page(
        tmp_path, [request(viewer_request_log_data="class=x&tenant=y", cs_uri_stem="/x")], by=("tenant", "class")
    )
    assert [tag for tag, _ in Outline(text).tags] == [tag for tag, _ in Outline(quiet).tags]
    assert "<img" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert HOSTILE in Outline(text).cells


def test_groups_of_one_name_are_drawn_as_two_bars(tmp_path):
    long = "x" * 60
    text = page(tmp_path, [request(viewer_request_log_data=f"tenant={long}{one}") for one in "ab"], by=("tenant",))
    assert f"{'x' * 35}\\u2026 (2)" in text


def test_what_is_not_shown_is_counted(tmp_path):
    assert "<p>and 2 more</p>" in page(tmp_path, rows(), by=("tenant",), top=2)


def test_an_empty_page_says_why(tmp_path):
    text = page(tmp_path, [])
    assert "nothing to count: no request in the 1 log files" in text
    assert "plotly-graph-div" not in text.partition("<script>")[0]


def test_undated_requests_have_no_plot_over_time(tmp_path):
    assert Outline(page(tmp_path, [request(date="-")])).headings[0] == "By cache behavior"


def test_a_page_that_cannot_be_written_is_refused(tmp_path):
    path = write(tmp_path / "log", json_lines(V2, rows()))
    summary = get_cache_hit_ratio_summary(str(path), ("behavior",), options=OPTIONS)
    with pytest.raises(PageError, match="cannot write the page: No such file or directory"):
        write_page(summary, tmp_path / "none" / "page.html", NOW)
