"""The simulated hit ratios keep what they promise, with shorter traffic of the same kind."""

from __future__ import annotations

from itertools import takewhile

from benchmarks.hit_ratio_simulation import Polling, Zipf, hit_percent, play
from strata.caching.classes import STATIC_DATA, USER_DATA


def first(traffic, seconds):
    return takewhile(lambda one: one[0] < seconds, traffic.requests())


def test_polling_comes_close_to_the_most_that_its_class_allows():
    traffic = Polling(callers=10)
    ceiling = 100 * (1 - traffic.every_seconds / USER_DATA.fresh_seconds)
    assert ceiling - 2 <= hit_percent(play(first(traffic, 300))) <= ceiling


def test_shared_data_is_asked_of_the_origin_a_few_times():
    traffic = Zipf(objects=20, requests_per_second=10)
    statistics = play(first(traffic, 2 * STATIC_DATA.fresh_seconds))
    assert hit_percent(statistics) >= 95
    # Twice, and the objects that were kept are fetched once more, for the shield to have them.
    assert 20 <= statistics.origin_requests <= 60


def test_origin_shield_asks_the_origin_less_often():
    traffic = Zipf(objects=20, requests_per_second=5)
    with_shield, without = (
        play(first(traffic, 120), origin_shield=has_shield).origin_requests for has_shield in (True, False)
    )
    assert with_shield < without


def test_traffic_is_the_same_each_time_and_in_order():
    once, again = list(first(Polling(callers=5), 60)), list(first(Polling(callers=5), 60))
    assert once == again
    assert [at for at, _ in once] == sorted(at for at, _ in once)
