from __future__ import annotations

import pytest

from benchmarks.comparison import Comparison, Named, Side, in_turns
from benchmarks.goals import Goal


def comparison(kind, measured, baseline):
    return Comparison("one", kind, "ms", Side("ours", measured), Side("theirs", baseline))


def test_a_ratio_is_the_median_of_the_pairs_ratios():
    # A machine that slows from turn to turn: the medians, 87 over 78, are of different turns.
    slowing = comparison("ratio", (106.0, 103.0, 87.0, 74.0, 70.0), (116.0, 113.0, 74.0, 78.0, 74.0))
    assert slowing.figure == 70 / 74
    assert slowing.pairs == (106 / 116, 103 / 113, 87 / 74, 74 / 78, 70 / 74)


def test_sides_of_different_times_have_no_pairs():
    apart = comparison("ratio of medians", (2.0, 9.0, 3.0), (1.0, 2.0, 50.0, 2.0))
    assert apart.figure == 1.5
    assert apart.pairs == ()


def test_a_pair_has_two_samples():
    with pytest.raises(ValueError, match="shorter"):
        _ = comparison("ratio", (2.0, 9.0), (1.0,)).figure


def test_a_difference_is_the_median_of_the_pairs_differences():
    # The difference of the medians would be 10 - 9 = 1.
    assert comparison("difference", (10.0, 30.0, 1.0), (9.0, 4.0, 11.0)).figure == 1.0
    assert comparison("difference", (10.0, 30.0, 1.0), (9.0, 40.0, 11.0)).figure == -10.0
    assert comparison("difference", (10.0, 30.0, 1.0), (9.0, 4.0, 11.0)).pairs == (1.0, 26.0, -10.0)


def test_a_figure_without_another_side_is_the_median():
    alone = Comparison("one", "figure", "ms", Side("ours", (3.0, 1.0, 9.0)))
    assert alone.figure == 3.0
    assert alone.pairs == ()
    assert alone.sides == (alone.measured,)


@pytest.mark.parametrize(
    ("direction", "kept"), [("at most", (True, True, False)), ("at least", (False, True, True))], ids=str
)
def test_a_goal_is_a_bound_with_a_direction(direction, kept):
    goal = Goal("one", "a question", 2.0, direction)
    comparisons = [Comparison("one", "figure", "ms", Side("ours", (figure,))) for figure in (1.0, 2.0, 3.0)]
    assert tuple(map(goal.is_met_by, comparisons)) == kept


def test_sides_are_measured_in_turns_and_the_warm_up_does_not_count():
    calls = []

    def side(name, values):
        numbers = iter(values)
        return Named(name, lambda: (calls.append(name), next(numbers))[1])

    found = in_turns("one", "ratio", "s", side("a", (99.0, 1.0, 2.0)), side("b", (99.0, 3.0, 4.0)), repeats=2)
    assert calls == ["a", "b", "a", "b", "a", "b"]
    assert found.measured.samples == (1.0, 2.0)
    assert found.baseline.samples == (3.0, 4.0)
