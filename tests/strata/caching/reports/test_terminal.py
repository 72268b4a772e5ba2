"""Bars and figures for a terminal."""

from __future__ import annotations

import pytest

from strata.caching.metrics import Measures
from strata.caching.reports.terminal import bar
from strata.figures import amount_of_bytes, label, percent


def measures(edge: int, refresh: int, shield: int, misses: int) -> Measures:
    return Measures(
        requests=edge + refresh + shield + misses,
        result_types={},
        edge_hits=edge,
        refresh_hits=refresh,
        shield_hits=shield,
        misses=misses,
        cloudwatch_hits=0,
        cloudwatch_requests=0,
        sent_bytes=0,
        comparable_bytes=0,
        hit_bytes=0,
    )


@pytest.mark.parametrize(
    ("parts", "drawn"),
    [
        ((10, 5, 3, 2), "█" * 10 + "▓" * 5 + "▒" * 3 + "░" * 2),
        ((1, 1, 1, 0), "█" * 7 + "▓" * 6 + "▒" * 7),
        ((0, 0, 0, 7), "░" * 20),
        ((1000, 0, 0, 1), "█" * 20),
        ((0, 0, 0, 0), ""),
    ],
)
def test_a_bar_is_always_full_unless_there_is_nothing(parts, drawn):
    assert bar(measures(*parts)).plain == drawn


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (10**18, "1000.0 PB")],
)
def test_bytes_have_decimal_units(number, shown):
    assert amount_of_bytes(number) == shown


def test_values_are_shown_without_what_moves_a_cursor():
    assert (label(None), label("a\x1b[2J\u202eb"), label("ü €")) == ("unknown", "a\\x1b[2J\\u202eb", "ü €")


def test_no_ratio_is_a_dash():
    assert (percent(None), percent(0.0), percent(0.9996)) == ("-", "0.0 %", "100.0 %")
