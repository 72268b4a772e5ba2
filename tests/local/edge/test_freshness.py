import asyncio
from email.utils import formatdate

import pytest

from local.edge.settings import EdgeSettings
from tests.local.edge.world import (
    EPOCH,
    World,
    answer,
    behavior,
    counted,
    distribution,
    fails,
    header,
    policy,
    proves,
    request,
    result,
)


def kept_for(world, **headers):
    """Return how long an answer with these headers is served without a second request, None where it is not at all."""
    world.respond = counted(**headers)
    return world.ask().decision.ttl_seconds


@proves(
    "ttl-s-maxage",
    "ttl-max-age",
    "ttl-expires",
    "ttl-default",
    "ttl-max-clamp",
    "ttl-min-clamp",
    "ttl-forbidden",
    "min-ttl-ignores-private",
)
@pytest.mark.parametrize(
    ("ttls", "headers", "seconds", "rule"),
    [
        ((0, 0, 100), {"cache_control": "max-age=7, s-maxage=9"}, 9, "ttl-s-maxage"),
        ((0, 0, 100), {"cache_control": "s-maxage=0, max-age=50"}, 0, "ttl-s-maxage"),
        ((0, 0, 100), {"cache_control": "max-age=7"}, 7, "ttl-max-age"),
        ((0, 50, 100), {"cache_control": "max-age=7"}, 7, "ttl-max-age"),
        ((0, 0, 100), {"expires": formatdate(EPOCH + 30, usegmt=True)}, 30, "ttl-expires"),
        ((0, 50, 100), {"expires": formatdate(EPOCH - 30, usegmt=True)}, 0, "ttl-expires"),
        ((0, 50, 100), {"expires": "0"}, 0, "ttl-expires"),
        ((0, 0, 100), {"expires": formatdate(EPOCH + 30, usegmt=True), "cache_control": "max-age=5"}, 5, "ttl-max-age"),
        ((0, 0, 100), {"expires": formatdate(EPOCH + 300, usegmt=True)}, 100, "ttl-max-clamp"),
        ((0, 0, 100), {}, 0, "ttl-default"),
        ((0, 60, 100), {}, 60, "ttl-default"),
        ((0, 60, 100), {"last_modified": formatdate(EPOCH - 86_400, usegmt=True)}, 60, "ttl-default"),
        ((20, 60, 100), {}, 60, "ttl-default"),
        ((20, 20, 100), {}, 20, "ttl-default"),
        ((0, 0, 100), {"cache_control": "max-age=1000"}, 100, "ttl-max-clamp"),
        ((0, 0, 100), {"cache_control": "s-maxage=1000"}, 100, "ttl-max-clamp"),
        ((20, 20, 100), {"cache_control": "max-age=1000"}, 100, "ttl-max-clamp"),
        ((20, 20, 100), {"cache_control": "max-age=5"}, 20, "ttl-min-clamp"),
        ((20, 20, 100), {"cache_control": "s-maxage=5"}, 20, "ttl-min-clamp"),
        ((20, 20, 100), {"expires": formatdate(EPOCH + 5, usegmt=True)}, 20, "ttl-min-clamp"),
        ((20, 20, 100), {"cache_control": "max-age=50"}, 50, "ttl-max-age"),
        ((0, 50, 100), {"cache_control": "no-store"}, 0, "ttl-forbidden"),
        ((0, 50, 100), {"cache_control": "private, max-age=50"}, 0, "ttl-forbidden"),
        ((0, 50, 100), {"cache_control": "no-cache, s-maxage=50"}, 0, "ttl-forbidden"),
        ((20, 50, 100), {"cache_control": "no-store"}, 20, "min-ttl-ignores-private"),
        ((20, 50, 100), {"cache_control": "private, max-age=50"}, 20, "min-ttl-ignores-private"),
        ((20, 50, 100), {"cache_control": "no-cache"}, 20, "min-ttl-ignores-private"),
    ],
)
def test_the_ttl_table(ttls, headers, seconds, rule):
    world = World(distribution(behavior(cache_policy=policy(ttls[2], min_ttl=ttls[0], default_ttl=ttls[1]))))

    world.respond = counted(**headers)
    first = world.ask()

    assert (first.decision.ttl_seconds, first.decision.reasons) == (seconds, (rule,))
    if seconds:
        world.now += seconds - 0.5
        assert (world.ask().body, world.ask().decision.age_seconds) == (first.body, seconds - 0.5)
        world.now += 0.5
    assert world.ask().body == b"counted #2"


@proves("hit", "age")
def test_a_hit_tells_its_age():
    world = World()

    world.ask()
    world.now += 9.9

    hit = world.ask()
    assert (result(hit), header(hit, "age"), hit.decision.reasons, len(world.asked)) == ("Hit", "9", ("hit",), 1)


@proves("caching-disabled")
def test_a_maximum_ttl_of_zero_keeps_nothing():
    world = World(distribution(behavior(cache_policy=policy(0))))
    world.respond = counted(cache_control="max-age=100")

    assert [world.ask().body, world.ask().body] == [b"counted #1", b"counted #2"]
    assert world.ask().decision.reasons == ("caching-disabled",)
    assert world.edge.statistics().objects == 0


@proves("viewer-cache-control-ignored")
def test_a_viewer_forces_nothing():
    world = World()

    world.ask()

    assert result(world.ask(headers={"Cache-Control": "no-cache, no-store, max-age=0", "Pragma": "no-cache"})) == "Hit"


@proves("other-cache-headers-ignored")
def test_only_cache_control_and_expires_count():
    world = World()
    others = {"surrogate_control": "max-age=50", "cdn_cache_control": "max-age=50"}

    assert kept_for(world, **others) == 0
    assert kept_for(World(), pragma="no-cache", cache_control="max-age=5") == 5


@proves("vary-star")
def test_vary_star_asks_each_time_without_conditions():
    world = World()
    world.respond = counted(cache_control="max-age=50", vary="*", etag='"1"')

    assert [world.ask().body, world.ask().body] == [b"counted #1", b"counted #2"]
    assert header(world.asked[1], "if-none-match") is None
    assert (
        kept_for(World(distribution(behavior(cache_policy=policy(min_ttl=1)))), vary="*", cache_control="max-age=5")
        == 5
    )


@proves("vary-no-key")
def test_vary_is_no_part_of_the_key():
    world = World()
    world.respond = counted(cache_control="max-age=50", vary="Authorization")

    first = world.ask(headers={"Authorization": "one"})

    assert world.ask(headers={"Authorization": "two"}).body == first.body


@proves("odd-cache-control")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("max-age=ten", 0),
        ("max-age=-1", 0),
        ("max-age=", 0),
        ("max-age", 0),
        ('max-age="20"', 20),
        ("max-age=20, max-age=10", 10),
        ("MAX-AGE=20", 20),
        ("max-age = 20", 20),
        ('x="a, max-age=5", max-age=20', 20),
        ("max-age=99999999999999999999999999", 100),
        ("max-age=\u0661", 0),
        (",,max-age=20,,", 20),
    ],
)
def test_odd_cache_control(text, seconds):
    assert kept_for(World(), cache_control=text) == seconds


def test_cache_control_over_several_lines_is_one():
    world = World()
    world.respond = lambda _request: answer(Cache_Control="max-age=20", cache_control="no-store")

    assert world.ask().decision.reasons == ("ttl-forbidden",)


@proves("origin-age-ignored")
def test_an_age_of_the_origin_counts_for_nothing():
    world = World()

    assert kept_for(world, cache_control="max-age=20", age="15") == 20
    world.now += 1
    assert header(world.ask(), "age") == "1"


@proves("partial-not-stored")
@pytest.mark.parametrize("status", [206, 304])
def test_what_is_no_whole_object_is_not_kept(status):
    world = World()
    world.respond = lambda _request: answer(b"", status, cache_control="max-age=50")

    assert (world.ask().status, world.ask().status, len(world.asked)) == (status, status, 2)


def test_redirects_are_kept_like_objects():
    world = World()
    world.respond = lambda _request: answer(b"", 301, cache_control="max-age=50", location="/b")

    world.ask()

    assert (result(world.ask()), world.ask().status) == ("Hit", 301)


@proves("stale-while-revalidate")
def test_within_the_window_the_stale_object_is_served_and_replaced_behind_it():
    world = World()
    world.respond = counted(cache_control="max-age=10, stale-while-revalidate=20")
    world.ask()

    world.now += 29.9
    stale = world.ask()

    assert (stale.body, result(stale), stale.decision.reasons) == (b"counted #1", "Hit", ("stale-while-revalidate",))
    assert world.ask().body == b"counted #2"
    world.now += 30
    assert world.ask().body == b"counted #3"


def test_one_refresh_goes_on_behind_many_stale_answers():
    world = World()
    world.respond = counted(cache_control="max-age=10, stale-while-revalidate=20")
    world.ask()
    world.now += 15

    async def burst():
        return await asyncio.gather(*(world.send(request()) for _ in range(10)))

    assert {response.body for response in world.run(burst)} == {b"counted #1"}
    assert len(world.asked) == 2


@proves("max-ttl-bounds-stale")
@pytest.mark.parametrize(("bounded", "served"), [(True, b"counted #2"), (False, b"counted #1")])
def test_the_maximum_ttl_ends_the_stale_windows(bounded, served):
    chosen = EdgeSettings(max_ttl_bounds_stale=bounded)
    world = World(distribution(behavior(cache_policy=policy(10))), chosen)
    world.respond = counted(cache_control="max-age=10, stale-while-revalidate=20")
    world.ask()

    world.now += 15

    assert world.ask().body == served


@proves("stale-if-error", "stale-is-hit")
@pytest.mark.parametrize(
    "respond", [fails("connect"), fails("timeout"), fails("incomplete"), lambda _: answer(b"", 503)]
)
def test_within_the_window_a_stale_object_stands_in_for_an_error(respond):
    world = World()
    world.respond = counted(cache_control="max-age=10, stale-if-error=20")
    world.ask()

    world.respond = respond
    world.now += 29.9
    stale = world.ask()
    world.now += 10.1
    late = world.ask()

    assert (stale.status, stale.body, result(stale)) == (200, b"counted #1", "Hit")
    assert stale.decision.reasons[-1] == "stale-if-error"
    assert late.status >= 500


@proves("stale-on-error")
def test_without_the_directive_a_stale_object_stands_in_however_old():
    world = World()
    world.respond = counted(cache_control="max-age=10")
    world.ask()

    world.respond = fails("connect")
    world.now += 100_000
    stale = world.ask()

    assert (stale.body, stale.decision.reasons[-1]) == (b"counted #1", "stale-on-error")


@proves("stale-if-error-zero")
@pytest.mark.parametrize("directives", ["max-age=10, stale-if-error=0", "private, no-store, stale-if-error=0"])
def test_stale_if_error_zero_has_the_error_served(directives):
    world = World()
    world.respond = counted(cache_control=directives)
    world.ask()

    world.respond = fails("connect")
    world.now += 10

    assert world.ask().status == 502


@proves("forbidden-served-stale")
@pytest.mark.parametrize("directive", ["no-store", "private", "no-cache"])
def test_what_may_not_be_kept_still_stands_in_for_an_error(directive):
    world = World()
    world.respond = counted(cache_control=directive)
    world.ask()
    assert world.ask().body == b"counted #2"

    world.respond = fails("connect")
    stale = world.ask()

    assert (stale.status, stale.body, stale.decision.reasons[-1]) == (200, b"counted #2", "forbidden-served-stale")


def test_a_behavior_that_caches_nothing_serves_nothing_stale():
    world = World(distribution(behavior(cache_policy=policy(0))))
    world.respond = counted(cache_control="no-store")
    world.ask()

    world.respond = fails("connect")

    assert world.ask().status == 502


@proves("stale-until-retry")
def test_a_failed_origin_is_left_alone_for_the_error_ttl():
    world = World()
    world.respond = counted(cache_control="max-age=10")
    world.ask()
    world.now += 10
    world.respond = fails("connect")
    world.ask()

    world.now += 9.9
    assert world.ask().decision.reasons == ("stale-until-retry",)
    assert len(world.asked) == 2
    world.now += 0.1
    world.ask()
    assert len(world.asked) == 3


@proves("stale-if-error-waits")
def test_a_silent_origin_is_waited_for_before_the_stale_object_is_served():
    world = World()
    world.respond = counted(cache_control="max-age=10, stale-if-error=60")
    world.ask()
    world.now += 10

    def silent(_request):
        world.now += 30
        return fails("timeout")(_request)

    world.respond = silent
    stale = world.ask()

    assert (stale.body, stale.decision.taken_seconds) == (b"counted #1", 30)


@proves("stale-4xx-replaces")
def test_a_4xx_is_served_although_there_is_a_stale_object():
    world = World()
    world.respond = counted(cache_control="max-age=10")
    world.ask()
    world.now += 10

    world.respond = lambda _request: answer(b"", 403)
    assert world.ask().status == 403
    world.respond = fails("connect")
    assert world.ask().status == 502


@proves("revalidated")
def test_a_304_makes_a_stale_object_new():
    world = World()
    world.respond = lambda _request: answer(
        b"one", cache_control="max-age=10", etag='"1"', last_modified="x", x_old="1"
    )
    world.ask()
    world.now += 10
    world.respond = lambda _request: answer(b"", 304, cache_control="max-age=20", x_new="2", content_type="no")

    refreshed = world.ask()

    conditions = (header(world.asked[1], "if-none-match"), header(world.asked[1], "if-modified-since"))
    assert conditions == ('"1"', "x")
    assert (refreshed.status, refreshed.body, result(refreshed)) == (200, b"one", "RefreshHit")
    assert (header(refreshed, "x-old"), header(refreshed, "x-new"), header(refreshed, "age")) == ("1", "2", None)
    assert (header(refreshed, "content-type"), header(refreshed, "content-length")) == (None, "3")
    assert refreshed.decision.reasons == ("revalidated", "ttl-max-age")
    world.now += 19.9
    assert result(world.ask()) == "Hit"


def test_what_was_never_to_be_kept_is_not_revalidated():
    world = World()
    world.respond = counted(cache_control="private", etag='"1"')

    world.ask()
    world.ask()

    assert header(world.asked[1], "if-none-match") is None
