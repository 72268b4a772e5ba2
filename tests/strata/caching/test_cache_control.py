from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.caching.cache_control import narrowed
from strata.caching.classes import STATIC_DATA, USER_DATA


def times(value, cache_class=STATIC_DATA):
    found = narrowed(cache_class, value)
    if found is None:
        return None
    return found.fresh_seconds, found.stale_while_revalidate_seconds, found.stale_if_error_seconds


@pytest.mark.parametrize(
    "value",
    [
        "no-store",
        "No-Store",
        "private",
        'private="x-secret"',
        "no-cache",
        'no-cache="Set-Cookie"',
        "public, max-age=60, private",
        "max-age=0",
        "s-maxage=0, max-age=60",
        "max-age=-1",
        "max-age=1.5",
        "max-age=",
        "max-age",
        "max-age=soon",
        "max-age=60, max-age=0",
        "max-age=\u0661",
        "max-age=1234567890",
        'max-age=60, x="no end',
        'x="a\\", no-store, max-age=60',
        "max-age = 60, no-store",
    ],
)
def test_what_keeps_an_answer_out(value):
    assert times(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", (300, 60, 600)),
        ("public", (300, 60, 600)),
        ("immutable, no-transform, max-age=31536000", (300, 60, 600)),
        ("max-age=999999999", (300, 60, 600)),
        ("max-age=20", (20, 60, 600)),
        ('max-age="20"', (20, 60, 600)),
        ("MAX-AGE=20", (20, 60, 600)),
        ("max-age=0, s-maxage=20", (20, 60, 600)),
        ("max-age=5, s-maxage=900", (300, 60, 600)),
        ("s-maxage=40, s-maxage=20", (20, 60, 600)),
        ("stale-while-revalidate=10, stale-if-error=0", (300, 10, 0)),
        ("stale-while-revalidate=3600, stale-if-error=86400", (300, 60, 600)),
        ("must-revalidate", (300, 0, 0)),
        ("max-age=20, proxy-revalidate, stale-if-error=600", (20, 0, 0)),
        (', ,max-age=20,, x="a,no-store"', (20, 60, 600)),
        (r'x="a\",no-store", max-age=20', (20, 60, 600)),
    ],
)
def test_what_narrows_an_answer(value, expected):
    assert times(value) == expected


def test_a_class_without_stale_answers_gets_none():
    assert times("stale-while-revalidate=60, stale-if-error=60", USER_DATA) == (30, 0, 0)


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_nothing_widens_a_class(value):
    found = times(value)
    if found is not None:
        assert 1 <= found[0] <= 300
        assert 0 <= found[1] <= 60
        assert 0 <= found[2] <= 600
