from __future__ import annotations

from dataclasses import replace

import pytest

from strata.caching.answer_headers import lifetime_headers, tag_headers
from strata.caching.classes import CACHE_CLASSES, NONE, STATIC_DATA, USER_DATA


@pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=lambda found: found.name)
def test_the_edge_reads_what_the_table_says(cache_class):
    assert dict(lifetime_headers(cache_class))[b"cache-control"].decode() == cache_class.origin_cache_control


def test_fastly_reads_the_same_times_and_no_default_of_its_own():
    assert dict(lifetime_headers(USER_DATA))[b"surrogate-control"] == (
        b"max-age=30, stale-while-revalidate=0, stale-if-error=0"
    )
    assert dict(lifetime_headers(STATIC_DATA))[b"surrogate-control"] == (
        b"max-age=300, stale-while-revalidate=60, stale-if-error=600"
    )


def test_a_narrower_class_is_told_to_both():
    headers = dict(lifetime_headers(replace(STATIC_DATA, fresh_seconds=7, stale_while_revalidate_seconds=0)))
    assert headers[b"cache-control"] == b"max-age=0, s-maxage=7, stale-if-error=600"
    assert headers[b"surrogate-control"].startswith(b"max-age=7, stale-while-revalidate=0,")


def test_an_uncacheable_answer_says_nothing_else():
    assert lifetime_headers(NONE) == ((b"cache-control", b"private, no-store, stale-if-error=0"),)


def test_what_the_handler_varies_by_comes_after_what_the_class_does():
    headers = dict(lifetime_headers(STATIC_DATA, ("accept-encoding", "accept-language")))
    assert headers[b"vary"] == b"accept-language, accept-encoding"


def test_no_tags_are_no_fields():
    assert tag_headers(()) == ()
