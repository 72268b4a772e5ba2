"""Which paths and tags can be purged at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.caching.purge import PurgeInputError
from strata.caching.purge.items import PurgeItem, parse_items


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "path"),
        ("/api/v1/payments", "path"),
        ("/api/v1/payments?limit=10&next=//x;y", "path"),
        ("/a%20b/..c/.d", "path"),
        ("/api/v1/payments*", "wildcard"),
        ("/*", "wildcard"),
        ("/" + "a" * 3999, "path"),
    ],
)
def test_path_that_a_cache_can_hold(path: str, kind: str) -> None:
    assert parse_items([path], []) == (PurgeItem(kind, path),)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "a path begins with /"),
        ("api", "a path begins with /"),
        ("https://www.example.com/api", "a path begins with /"),
        ("#tag", "a path begins with /"),
        ("/a b", "a path with a space or a character outside ASCII"),
        ("/a\n", "a path with a space or a character outside ASCII"),
        ("/käse", "a path with a space or a character outside ASCII"),
        ("/a*b", "a * inside a path"),
        ("/a**", "a * inside a path"),
        ("/a/../b", "a path with '/..', which the edge never caches"),
        ("/a/.", "a path with '/.', which the edge never caches"),
        ("/a/./*", "a path with '/.', which the edge never caches"),
        ("//a", "a path with '//', which the edge never caches"),
        ("/a;b", "a path with ';', which the edge never caches"),
        ("/a\\b", "a path with '\\\\', which the edge never caches"),
        ("/a%2Fb", "a path with '%2F', which the edge never caches"),
        ("/a#b", "a path with '#', which the edge never caches"),
        ("/" + "a" * 4000, "a path of 4001 characters"),
    ],
)
def test_path_that_no_cache_can_hold(path: str, problem: str) -> None:
    with pytest.raises(PurgeInputError) as caught:
        parse_items([path], [])
    assert caught.value.what == problem
    assert caught.value.where == {"path": repr(path[:200])}


@pytest.mark.parametrize("tag", ["", "a b", "a,b", "käse", "a\n", "#a", "a*", "a" * 257])
def test_tag_that_no_answer_can_have(tag: str) -> None:
    with pytest.raises(PurgeInputError) as caught:
        parse_items([], [tag])
    assert caught.value.what == f"not a cache tag: {tag[:256]!r}"
    assert str(caught.value.allowed).startswith("1 to 256 visible ASCII characters")


def test_a_tag_is_purged_as_answers_are_tagged() -> None:
    """Fastly tells cases apart, and the middleware writes every tag in lower case."""
    assert parse_items([], ["Payment-7", "payment-7"]) == (PurgeItem("tag", "payment-7"),)


def test_nothing_to_purge() -> None:
    with pytest.raises(PurgeInputError) as caught:
        parse_items([], [])
    assert str(caught.value) == "nothing to purge; allowed: at least one path or tag"


@given(st.lists(st.sampled_from(["/a", "/b", "/b*"])), st.lists(st.sampled_from(["t", "T", "u"]), min_size=1))
def test_same_purge_is_the_same_items_in_the_same_order(paths: list[str], tags: list[str]) -> None:
    items = parse_items(paths, tags)
    assert items == parse_items([*reversed(paths), *paths], [*tags[1:], *tags[:1]])
    assert {item.text for item in items} == {*paths, *map(str.lower, tags)}
    assert len(items) == len(set(items))
