"""Nothing that a stream says becomes markup; a Markdown parser is the judge."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given, strategies
from markdown_it import MarkdownIt

from strata.preview_report.markdown import code, code_in_html, counted, details, fence, table, visible

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = strategies.one_of(
    strategies.text(),
    strategies.text(alphabet="`|\\<>!-*_[]()@#&; \n\r\tab~:/.$"),
    strategies.sampled_from(
        ["<!-- strata preview: prod -->", "-->", "@everyone", "</details>", "```", "a|b\\|c\\\\|d", "[x](http://evil)"]
    ),
)


class Words(HTMLParser):
    """The tags of a rendered text, and its words inside and outside of code."""

    def __init__(self, rendered: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inside: list[str] = []
        self.outside: list[str] = []
        self._depth = 0
        self.feed(rendered)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)
        self._depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        (self.inside if self._depth else self.outside).append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"comment {data}")


def shown(text: str) -> str:
    """Return the text as a reader sees it within a line."""
    return visible(text).strip()


@given(text=HOSTILE)
@example("`")
@example("``a`")
@example("\\")
def test_code_in_a_sentence_is_code_and_nothing_else(text: str) -> None:
    words = Words(MARKDOWN.render(f"before {code(text)} after"))
    assert words.tags in (["p", "code"], ["p", "em"])
    assert words.tags == ["p", "code"] or not shown(text)
    if shown(text):
        assert "".join(words.inside) == shown(text)
        assert "".join(words.outside).strip() == "before  after"


@given(texts=strategies.lists(HOSTILE.filter(shown), min_size=2, max_size=4))
@example(["a|b", "a\\|b", "a\\\\|b"])
def test_code_in_a_table_keeps_its_cell(texts: list[str]) -> None:
    rendered = MARKDOWN.render(table(["column"] * len(texts), [[code(text) for text in texts]]))
    words = Words(rendered)
    assert words.tags.count("td") == len(texts)
    assert words.inside == [shown(text) for text in texts]


@given(text=HOSTILE)
@example("```\n````\n</details>")
def test_a_fence_holds_all_of_it(text: str) -> None:
    rendered = MARKDOWN.render(f"{fence(text, 'sql')}\n\nafter")
    words = Words(rendered)
    assert words.tags == ["pre", "code", "p"]
    assert "".join(words.inside).strip("\n") == visible(text).strip("\n")
    assert "".join(words.outside).strip() == "after"


@given(text=HOSTILE.filter(shown))
def test_a_summary_stays_one_line_of_html(text: str) -> None:
    rendered = MARKDOWN.render(f"{details(code_in_html(text), 'body')}\n\nafter")
    words = Words(rendered)
    assert words.tags == ["details", "summary", "code", "p", "p"]
    assert " ".join("".join(words.inside).split()) == " ".join(shown(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme\u202eemca", "acme\\u202eemca"),
        ("a\u200bb", "a\\u200bb"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\x00\x1b[31m", "\\u0000\\u001b[31m"),
        ("Zürich 東京", "Zürich 東京"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_a_plain_name_stays_readable_in_the_source() -> None:
    assert code("aws:s3/bucket:Bucket") == "`aws:s3/bucket:Bucket`"
    assert code("@everyone") == "`@everyone`"
    assert code(" \n ") == "_(empty)_"


def test_counts_have_their_noun() -> None:
    assert [counted(1, "policy", "policies"), counted(1200, "policy", "policies"), counted(0, "tenant")] == [
        "1 policy",
        "1,200 policies",
        "0 tenants",
    ]
