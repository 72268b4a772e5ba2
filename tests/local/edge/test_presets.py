"""What each cache class's answer becomes under each cache class's policy."""

import itertools

import pytest

from local.edge.model import CachePolicy, ErrorRule, Selection
from strata.caching.classes import CACHE_CLASSES, ERROR_TTL_SECONDS, NONE
from tests.local.edge.world import World, behavior, counted, distribution, fails

RULES = {status: ErrorRule(seconds) for status, seconds in ERROR_TTL_SECONDS.items()}
PAIRS = list(itertools.product(CACHE_CLASSES.values(), repeat=2))


def policy_of(cache_class):
    """Return the policy that the stack makes of a class, but for what tells callers apart."""
    if not cache_class.is_cached:
        return CachePolicy("CachingDisabled", 0, 0, 0)
    return CachePolicy(cache_class.name, 0, 0, cache_class.max_ttl_seconds, query_strings=Selection("none"))


def started(emitting, under):
    world = World(distribution(behavior(cache_policy=policy_of(under)), error_rules=RULES))
    world.respond = counted(cache_control=emitting.origin_cache_control)
    world.ask()
    return world


def served_first(world, age):
    """Tell whether the first answer is what a viewer gets at an age."""
    world.now += age
    return world.ask().body == b"counted #1"


def ids(value):
    return getattr(value, "name", None)


@pytest.mark.parametrize(("emitting", "under"), PAIRS, ids=ids)
def test_how_long_an_answer_is_served(emitting, under):
    fresh = min(emitting.fresh_seconds, under.max_ttl_seconds) if emitting.is_cached else 0
    behind = min(fresh + emitting.stale_while_revalidate_seconds, under.max_ttl_seconds) if fresh else 0

    assert not served_first(started(emitting, under), behind)
    if behind:
        assert served_first(started(emitting, under), behind - 0.1)


@pytest.mark.parametrize(("emitting", "under"), PAIRS, ids=ids)
def test_how_long_an_answer_stands_in_for_a_failing_origin(emitting, under):
    fresh = min(emitting.fresh_seconds, under.max_ttl_seconds) if emitting.is_cached else 0
    instead = min(fresh + emitting.stale_if_error_seconds, under.max_ttl_seconds) if fresh else 0

    for age, stands_in in ((instead + 0.1, False), (instead - 0.1, True)):
        if age > fresh + emitting.stale_while_revalidate_seconds or not stands_in:
            world = started(emitting, under)
            world.respond = fails("connect")
            assert served_first(world, max(age, 0)) is stands_in


@pytest.mark.parametrize("emitting", CACHE_CLASSES.values(), ids=ids)
def test_under_caching_disabled_nothing_is_kept(emitting):
    world = started(emitting, NONE)

    assert (world.ask().body, world.edge.statistics().objects) == (b"counted #2", 0)


@pytest.mark.parametrize("under", CACHE_CLASSES.values(), ids=ids)
def test_an_answer_without_directives_is_never_served_again(under):
    world = World(distribution(behavior(cache_policy=policy_of(under)), error_rules=RULES))
    world.respond = counted()
    world.ask()

    assert world.ask().body == b"counted #2"
