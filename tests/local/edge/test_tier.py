import asyncio
from dataclasses import replace

import pytest

from local.edge.model import OriginRequestPolicy, Selection
from local.edge.settings import EdgeSettings
from tests.local.edge.world import (
    DISABLED,
    World,
    answer,
    behavior,
    counted,
    distribution,
    fails,
    forward,
    origin,
    policy,
    proves,
    request,
    result,
)


def at_once(world, requests, *, before_opening=None):
    """Send requests while the origin is held back, then let it answer."""

    async def together():
        world.gate = asyncio.Event()
        tasks = [asyncio.ensure_future(world.send(one)) for one in requests]
        await ticks()
        if before_opening is not None:
            await before_opening(tasks)
        world.gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return world.run(together)


async def ticks():
    for _ in range(10):
        await asyncio.sleep(0)


@proves("collapsed")
def test_requests_for_one_key_wait_for_the_first():
    world = World()
    world.respond = counted(cache_control="max-age=50")

    responses = at_once(world, [request() for _ in range(20)] + [request("/b")])

    assert [response.body for response in responses] == [b"counted #1"] * 20 + [b"counted #2"]
    assert [result(response) for response in responses] == ["Miss"] + ["Hit"] * 19 + ["Miss"]
    assert world.edge.statistics().collapsed == 19


@proves("uncacheable-not-shared")
@pytest.mark.parametrize("control", ["no-store", "private", "no-cache", "max-age=0", "s-maxage=0, max-age=9"])
def test_an_answer_that_is_not_kept_is_shared_with_nobody(control):
    world = World()
    world.respond = counted(cache_control=control)

    responses = at_once(world, [request() for _ in range(5)])

    assert len({response.body for response in responses}) == 5
    assert world.edge.statistics().collapsed == 0


def test_those_who_waited_in_vain_ask_at_the_same_time():
    world = World()
    world.respond = counted(cache_control="no-store")

    async def one_by_one():
        world.gate = asyncio.Event()
        tasks = [asyncio.ensure_future(world.send(request())) for _ in range(5)]
        await ticks()
        assert len(world.asked) == 1
        gate, world.gate = world.gate, asyncio.Event()
        gate.set()
        await ticks()
        assert len(world.asked) == 5
        world.gate.set()
        return await asyncio.gather(*tasks)

    assert len(world.run(one_by_one)) == 5


@proves("collapse-off-with-cookies")
@pytest.mark.parametrize(
    ("cookies", "switched", "times"),
    [(("c",), False, 3), (("c",), True, 1), (Selection("all"), True, 3), ((), False, 1)],
)
def test_nothing_waits_where_cookies_are_forwarded(cookies, switched, times):
    named = cookies if isinstance(cookies, Selection) else forward(cookies=cookies).cookies
    rows = behavior(origin_request_policy=OriginRequestPolicy("cookies", cookies=named))
    world = World(distribution(rows), EdgeSettings(collapse_with_cookie_whitelist=switched))

    at_once(world, [request() for _ in range(3)])

    assert len(world.asked) == times


@proves("collapse-off-when-disabled")
def test_nothing_waits_where_nothing_is_cached():
    world = World(distribution(behavior(cache_policy=DISABLED)))

    at_once(world, [request() for _ in range(3)])

    assert len(world.asked) == 3


@proves("leader-may-leave")
@pytest.mark.parametrize("leaving", [0, 1])
def test_a_viewer_who_leaves_takes_nobodys_answer_along(leaving):
    world = World()
    world.respond = counted(cache_control="max-age=50")

    async def leave(tasks):
        tasks[leaving].cancel()
        await ticks()

    responses = at_once(world, [request() for _ in range(3)], before_opening=leave)

    assert isinstance(responses.pop(leaving), asyncio.CancelledError)
    assert [response.body for response in responses] == [b"counted #1"] * 2
    assert world.ask().body == b"counted #1"


def test_a_failure_is_shared_only_while_it_is_kept():
    world = World()
    world.respond = fails("connect")

    responses = at_once(world, [request() for _ in range(3)])

    assert ([response.status for response in responses], len(world.asked)) == ([502] * 3, 1)


def test_a_stale_object_stands_in_for_all_who_wait():
    world = World()
    world.respond = counted(cache_control="max-age=10")
    world.ask()
    world.now += 10
    world.respond = fails("connect")

    responses = at_once(world, [request() for _ in range(3)])

    assert ([response.body for response in responses], len(world.asked)) == ([b"counted #1"] * 3, 2)


def test_cookies_that_were_only_for_the_first_are_not_for_those_who_wait():
    rows = behavior(origin_request_policy=forward(cookies=("c",)))
    world = World(distribution(rows), EdgeSettings(collapse_with_cookie_whitelist=True))
    world.respond = lambda _request: answer(cache_control='max-age=9, no-cache="Set-Cookie"', set_cookie="c=1")

    responses = at_once(world, [request() for _ in range(3)])

    assert ["set-cookie" in dict(response.headers) for response in responses] == [True, False, False]


@proves("no-cache-set-cookie", "set-cookie-dropped")
@pytest.mark.parametrize(
    ("cookies", "control", "shown"),
    [
        ((), "max-age=9", [False, False]),
        (("c",), "max-age=9", [True, True]),
        (("c",), 'max-age=9, no-cache="Set-Cookie"', [True, False]),
    ],
)
def test_set_cookie(cookies, control, shown):
    world = World(distribution(behavior(origin_request_policy=forward(cookies=cookies))))
    world.respond = lambda _request: answer(cache_control=control, set_cookie="c=1")

    assert ["set-cookie" in dict(world.ask().headers) for _ in range(2)] == shown
    assert len(world.asked) == 1


@proves("least-recently-used")
def test_a_full_cache_drops_what_was_used_least_recently():
    world = World(settings=EdgeSettings(max_objects=2))
    for path in ("/a", "/b", "/a", "/c"):
        world.ask(path)

    assert [result(world.ask(path)) for path in ("/a", "/c", "/b")] == ["Hit", "Hit", "Miss"]
    assert (world.edge.statistics().objects, world.edge.statistics().evictions) == (2, 2)


def shielded(*, shield=True, **settings):
    """Return a world with two locations: the viewer's last address part chooses."""
    own = origin(shield_region="eu-west-1")
    chosen = EdgeSettings(origin_shield=shield, locate=lambda asked: asked.client_ip[-1], **settings)
    world = World(distribution(origins={"api": own}), chosen)
    world.respond = counted(cache_control="max-age=50")
    return world


def asked_at(world, location, path="/a", **about):
    return world.run(lambda: world.send(replace(request(path, **about), client_ip=f"192.0.2.{location}")))


@proves("one-cache-per-location")
def test_without_a_shield_each_location_asks_the_origin():
    world = shielded(shield=False)

    assert [asked_at(world, location).body for location in (1, 2, 1)] == [b"counted #1", b"counted #2", b"counted #1"]


@proves("origin-shield-hit", "shield-hit-is-hit")
def test_a_miss_at_a_location_is_a_hit_at_the_shield():
    world = shielded()
    asked_at(world, 1)
    world.now += 5

    response = asked_at(world, 2)

    assert (response.body, result(response)) == (b"counted #1", "Hit")
    assert (response.decision.detailed_result_type, response.decision.origin_shield_hit) == ("OriginShieldHit", True)
    assert (response.decision.origin_requests, world.edge.statistics().origin_shield_hits) == (0, 1)
    assert dict(response.headers)["x-cache"] == "Hit from cloudfront"
    assert asked_at(world, 2).decision.detailed_result_type == "Hit"


@proves("origin-shield-age")
def test_an_object_from_the_shield_is_as_old_as_it_is_there():
    world = shielded()
    asked_at(world, 1)
    world.now += 40
    assert asked_at(world, 2).decision.age_seconds == 40

    world.now += 10

    assert [asked_at(world, location).body for location in (2, 1)] == [b"counted #2"] * 2


@proves("origin-shield-collapses")
def test_misses_of_several_locations_are_one_request():
    world = shielded()

    responses = at_once(world, [replace(request(), client_ip=f"192.0.2.{n}") for n in (1, 2, 1, 2)])

    assert ({response.body for response in responses}, len(world.asked)) == ({b"counted #1"}, 1)


def test_an_origin_without_a_shield_has_none():
    world = shielded()
    world.edge.replace_distribution(distribution())

    assert [asked_at(world, location).body for location in (1, 2)] == [b"counted #1", b"counted #2"]


def test_a_failing_origin_behind_the_shield_leaves_the_stale_object():
    world = shielded()
    asked_at(world, 1)
    world.now += 60
    world.respond = fails("connect")

    assert [asked_at(world, location).body for location in (1, 2, 1)] == [b"counted #1"] * 3
    assert len(world.asked) == 2


def test_a_304_to_the_shield_is_a_refresh_for_the_location():
    world = shielded()
    world.respond = lambda _request: answer(b"one", cache_control="max-age=10", etag='"1"')
    asked_at(world, 1)
    world.now += 10
    world.respond = lambda _request: answer(b"", 304)

    assert (result(asked_at(world, 1)), result(asked_at(world, 2))) == ("RefreshHit", "Hit")


def test_the_policy_of_a_class_that_caches_is_the_one_that_collapses():
    assert World(distribution(behavior(cache_policy=policy(5)))).edge._compiled.behaviors[0].collapses
