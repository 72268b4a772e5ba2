"""The comment: found again by its marker, whole or cut between blocks, and never broken by what it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE
from strata.preview_report.comment import LONGEST_COMMENT, EnvironmentNameError, comment, marker
from strata.preview_report.contract_change import ContractChange
from strata.preview_report.reading import read_events
from strata.preview_report.report import PreviewReport, make_report
from tests.strata.preview_report import streams
from tests.strata.preview_report.recorded import NAMES, lines_of
from tests.strata.preview_report.test_markdown import HOSTILE, MARKDOWN, Words

#: All that a comment is made of; a stream brings no tag of its own.
OUR_TAGS = {
    *("h2", "h3", "p", "strong", "em", "ul", "ol", "li", "code", "pre", "br", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def tenant(name: str, sql: str = "SELECT 1;") -> str:
    inputs = {"tenant_id": name, "state": "active", "on_remove": "archive", "statements": {"payments": [sql]}}
    return streams.step("create", f"tenant-{name}", TENANT_TYPE, new=inputs)


def report(*lines: str, contract: tuple[ContractChange, ...] | None = None) -> PreviewReport:
    return make_report(read_events(lines), "dev", contract)


def test_the_first_line_is_the_marker() -> None:
    text = comment(report(streams.same(), streams.summary(same=1)))
    assert text.startswith("<!-- strata preview: dev -->\n## Preview of `dev`\n\n**Nothing to deploy:** ")


@pytest.mark.parametrize("name", ["", "a b", "--> <b>", "dev -->", "a--b", "x" * 101, "dev\n", "äö"])
def test_no_stack_is_called_so(name: str) -> None:
    with pytest.raises(EnvironmentNameError, match="not the name of an environment"):
        marker(name)


def test_a_comment_that_is_too_long_points_to_the_whole() -> None:
    found = report(*(tenant(f"tenant-{number}", f"SELECT {'x' * 200}{number};") for number in range(2000)))
    text = comment(found, artifact="preview-dev.md")
    assert len(text) <= LONGEST_COMMENT
    assert "of this section left out: the whole is in_ `preview-dev.md`." in text
    assert len(comment(found, longest=None)) > 10 * LONGEST_COMMENT
    assert text.startswith(comment(found, longest=None)[:150])


def test_without_an_artifact_a_cut_comment_says_how_to_get_one() -> None:
    text = comment(report(*(tenant(f"t{number}", f"{number}" * 300) for number in range(500))))
    assert "the report that `strata preview-report --artifact FILE` writes." in text


def test_one_huge_migration_leaves_the_rest_readable() -> None:
    migrations = {"0001_a": ["SELECT 1;"], "0002_huge": ["x" * 100_000], "0003_b": ["SELECT 3;"]}
    line = streams.step("create", "schema-migrations", SCHEMA_TYPE, new={"migrations": migrations})
    text = comment(report(line, streams.summary(create=1)))
    assert "SELECT 1;" in text
    assert "SELECT 3;" in text
    assert "_1 part of this section left out" in text
    assert len(text) <= LONGEST_COMMENT


@settings(max_examples=20, deadline=None)
@given(longest=strategies.integers(4_500, 60_000), count=strategies.integers(0, 400))
def test_a_cut_is_between_blocks(longest: int, count: int) -> None:
    lines = [tenant(f"t{number}", f"SELECT '{number}', $${'y' * (number % 700)}$$;") for number in range(count)]
    found = report(
        *lines,
        *(streams.step("delete", f"gone-{number}", old={}) for number in range(count)),
        *(streams.warning(f"warning {number}") for number in range(count)),
    )
    text = comment(found, longest)
    assert len(text) <= longest
    whole = comment(found, None)
    rendered = Words(MARKDOWN.render(text))
    assert set(rendered.tags) - OUR_TAGS <= {"comment  strata preview: dev "}
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    for block in text.split("\n\n"):
        assert block in whole or "left out" in block


@pytest.mark.parametrize("name", NAMES)
def test_a_real_comment_is_rendered_from_our_tags_only(name: str) -> None:
    text = comment(make_report(read_events(lines_of(name)), "local"))
    assert set(Words(MARKDOWN.render(text)).tags) - OUR_TAGS == {"comment  strata preview: local "}


def hostile_lines(text: str) -> tuple[str, ...]:
    """Return a stream that says a text wherever a stream can say one."""
    inputs: dict[str, Any] = {"tenant_id": text, "state": "active", "on_remove": text, "statements": {text: [text]}}
    return (
        streams.step("create", f"tenant-{text}", TENANT_TYPE, new=inputs),
        streams.step("update", text, text, old={text: text}, new={text: f"{text}\n{text}x"}),
        streams.step("replace", f"{text}r", text, old={"a": text}, new={"a": f"{text}x"}, keys=[text]),
        streams.step("update", "m", SCHEMA_TYPE, old={"migrations": {}}, new={"migrations": {text: [text]}}),
        streams.step(text, f"{text}o", text, old={}, new={}),
        streams.violation(text, text, text, streams.urn(text)),
        streams.violation(text, "mandatory", text, streams.urn(text)),
        streams.error(text),
        streams.error(f"{text}\n{text}"),
        streams.error(f"x resource '{text}' has a problem: {text}"),
        streams.error(f"the stack's config has 1 problem:\n  {text}\nnext: x"),
        streams.warning(text),
        streams.line(text, {}),
        streams.summary(text),
    )


@settings(max_examples=40, deadline=None)
@given(text=HOSTILE)
def test_nothing_that_a_stream_says_becomes_markup(text: str) -> None:
    contract = (ContractChange((text,), "class", text, text, None),)
    found = make_report(read_events(hostile_lines(text)), "dev", contract)
    written = comment(found)
    words = Words(MARKDOWN.render(written))
    assert set(words.tags) - OUR_TAGS == {"comment  strata preview: dev "}
    outside = "".join(words.outside)
    assert not re.search(r"@\w|https?://", outside)
    assert [tag for tag in words.tags if tag.startswith("comment")] == ["comment  strata preview: dev "]
    assert words.tags.count("details") == words.tags.count("summary")
