import asyncio

import pytest

from local.edge.errors import InvalidationItemError
from local.edge.model import ErrorRule
from local.edge.settings import EdgeSettings
from tests.local.edge.test_tier import ticks
from tests.local.edge.world import (
    FUNCTION,
    World,
    answer,
    behavior,
    counted,
    distribution,
    fails,
    origin,
    policy,
    proves,
    request,
    result,
)

PATHS = ("/x", "/x?q=1", "/x?q=2", "/x/y", "/xy", "/X", "/*")


def filled(**changes):
    world = World(distribution(behavior(cache_policy=policy(headers=("X-Id",), query=("q",))), **changes))
    world.respond = counted(cache_control="max-age=50")
    for path in PATHS:
        world.ask(path)
    return world


def gone(world):
    return [path for path in PATHS if result(world.ask(path)) == "Miss"]


@proves("invalidate-path")
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("/x", ["/x"]),
        ("x", ["/x"]),
        ("/x?q=1", ["/x?q=1"]),
        ("/x?q=3", []),
        ("/x/", []),
        ("/x?z=1", []),
    ],
)
def test_a_path_names_exactly_one_object(item, expected):
    world = filled()

    assert world.edge.invalidate([item]) == len(expected)
    assert gone(world) == expected


@proves("invalidate-wildcard")
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("/x*", ["/x", "/x?q=1", "/x?q=2", "/x/y", "/xy"]),
        ("/x/*", ["/x/y"]),
        ("/x?q=*", ["/x?q=1", "/x?q=2"]),
        ("/*", list(PATHS)),
        ("*", list(PATHS)),
        ("/*y", []),
        ("/x*/y", []),
    ],
)
def test_a_star_at_the_end_stands_for_any_text(item, expected):
    world = filled()

    world.edge.invalidate([item])

    assert gone(world) == expected


@proves("invalidate-path")
def test_every_variant_goes_everywhere():
    chosen = EdgeSettings(locate=lambda asked: dict(asked.headers).get("X-Where", "a"))
    rows = behavior(cache_policy=policy(headers=("X-Id",)))
    world = World(distribution(rows, origins={"api": origin(shield_region="eu-west-1")}), chosen)
    variants = [{"X-Id": number, "X-Where": where} for number in "12" for where in "ab"]
    for variant in variants:
        world.ask(headers=variant)

    assert world.edge.invalidate(["/a"]) == 6  # two callers at the shield and at each of two locations
    world.asked.clear()
    for variant in variants:
        world.ask(headers=variant)
    assert len(world.asked) == 2


@proves("invalidate-tag", "tag-limits")
def test_a_tag_drops_what_carries_it():
    world = World(distribution(cache_tag_header="Cache-Tag"))
    tags = {
        "/1": "a, Tenant:1",
        "/2": "tenant:1x,b",
        "/3": ",".join(f"t{number}" for number in range(50)) + ",tenant:1",
        "/4": "x" * 257,
        "/5": " TENANT:1 ",
        "/6": "",
    }
    world.respond = lambda asked: answer(cache_control="max-age=50", Cache_Tag=tags[asked.path])
    for path in tags:
        world.ask(path)

    assert world.edge.invalidate(["#tenant:1"]) == 2
    assert [path for path in tags if result(world.ask(path)) == "Miss"] == ["/1", "/5"]
    assert world.edge.invalidate(["#T49", "#" + "x" * 256]) == 1


def test_without_a_tag_header_nothing_is_tagged():
    world = World()
    world.respond = lambda _request: answer(cache_control="max-age=50", cache_tag="a")
    world.ask()

    assert world.edge.invalidate(["#a"]) == 0


@proves("tag-limits")
@pytest.mark.parametrize(
    "item", ["", "#", "#a b", "#a,b", "#a*", "#" + "x" * 257, "#é", "/a b", "/é", "/" + "x" * 4000]
)
def test_an_item_beyond_the_limits_is_refused_and_nothing_is_dropped(item):
    world = filled()

    with pytest.raises(InvalidationItemError) as refused:
        world.edge.invalidate(["/x", item])

    assert refused.value.item == item
    assert gone(world) == []


@proves("invalidate-after-function")
def test_the_path_is_the_one_after_the_function():
    world = World(distribution(behavior(viewer_request=FUNCTION)))
    world.function = lambda event: event["request"] | {"uri": "/inner"}
    world.ask("/outer")

    assert (world.edge.invalidate(["/outer"]), world.edge.invalidate(["/inner"])) == (0, 1)


def test_an_error_is_invalidated_like_an_object():
    world = World()
    world.respond = lambda _request: answer(b"", 404)
    world.ask()

    assert world.edge.invalidate(["/a"]) == 1


def under_way(world, items, *, later=True):
    """Invalidate while an answer is under way, then send another request, then let the origin answer."""

    async def scene():
        world.gate = asyncio.Event()
        before = asyncio.ensure_future(world.send(request()))
        await ticks()
        world.edge.invalidate(items)
        after = asyncio.ensure_future(world.send(request()))
        await ticks()
        world.gate.set()
        return await asyncio.gather(before, after)

    return world.run(scene)


@proves("invalidated-under-way")
@pytest.mark.parametrize(
    ("items", "bodies"),
    [
        (["/a"], [b"counted #1", b"counted #2"]),
        (["/*"], [b"counted #1", b"counted #2"]),
        (["/b"], [b"counted #1", b"counted #1"]),
        (["/b*", "/a?x"], [b"counted #1", b"counted #1"]),
    ],
)
def test_an_answer_under_way_is_not_for_those_who_come_after_its_invalidation(items, bodies):
    world = World()
    world.respond = counted(cache_control="max-age=50")

    assert [response.body for response in under_way(world, items)] == bodies
    assert world.ask().body == bodies[1]


@proves("invalidated-under-way")
@pytest.mark.parametrize(("item", "is_kept"), [("#t", False), ("#other", True)])
def test_a_tagged_answer_under_way_is_kept_unless_its_tag_went(item, is_kept):
    world = World(distribution(cache_tag_header="cache-tag"))
    world.respond = counted(cache_control="max-age=50", cache_tag="t")

    async def scene():
        world.gate = asyncio.Event()
        task = asyncio.ensure_future(world.send(request()))
        await ticks()
        world.edge.invalidate([item])
        world.gate.set()
        return await task

    first = world.run(scene)

    assert ("invalidated-under-way" in first.decision.reasons) is not is_kept
    assert (result(world.ask()) == "Hit") is is_kept


@proves("invalidated-under-way")
def test_a_confirmation_under_way_does_not_bring_an_invalidated_object_back():
    world = World()
    world.respond = lambda _request: answer(b"old", cache_control="max-age=10", etag='"1"')
    world.ask()
    world.now += 10
    world.respond = lambda asked: (
        answer(b"", 304) if "if-none-match" in dict(asked.headers) else answer(b"new", cache_control="max-age=10")
    )

    assert [response.body for response in under_way(world, ["/a"])] == [b"old", b"new"]
    assert world.ask().body == b"new"


def test_a_refresh_under_way_does_not_bring_an_invalidated_object_back():
    world = World()
    world.respond = counted(cache_control="max-age=10, stale-while-revalidate=50")
    world.ask()
    world.now += 20

    assert [response.body for response in under_way(world, ["/a"])] == [b"counted #1", b"counted #3"]
    assert world.ask().body == b"counted #3"


@proves("invalidated-under-way")
@pytest.mark.parametrize("item", ["/a", "/*", "#t"])
def test_a_stale_answer_under_way_is_not_for_those_who_come_after_its_invalidation(item):
    world = World(distribution(error_rules={502: ErrorRule(0)}, cache_tag_header="Cache-Tag"))
    world.respond = counted(cache_control="max-age=10", cache_tag="t")
    world.ask()
    world.now += 10
    world.respond = fails("connect")

    assert [response.status for response in under_way(world, [item])] == [200, 502]


def test_an_invalidation_is_not_forgotten_for_a_later_one_while_an_answer_is_under_way():
    world = World()
    world.respond = counted(cache_control="max-age=50")

    async def scene():
        world.gate = asyncio.Event()
        task = asyncio.ensure_future(world.send(request()))
        await ticks()
        world.edge.invalidate(["/a"])
        world.edge.invalidate(["/b"])
        world.gate.set()
        return await task

    assert "invalidated-under-way" in world.run(scene).decision.reasons


def test_an_invalidated_object_stands_in_for_no_error():
    world = World(distribution(error_rules={502: ErrorRule(0)}))
    world.ask()
    world.edge.invalidate(["/a"])
    world.respond = fails("connect")

    assert world.ask().status == 502


def test_what_was_invalidated_is_remembered_only_while_something_is_under_way():
    world = World()
    under_way(world, ["/a", "#t"])

    world.edge.invalidate(["/a"])

    assert all(tier._invalidations.entries == [] for tier in world.edge._tiers())


@proves("deploy-keeps-cache")
def test_a_new_configuration_keeps_what_is_cached():
    world = filled()

    world.edge.replace_distribution(distribution(behavior(cache_policy=policy(5, headers=("X-Id",), query=("q",)))))

    assert gone(world) == []


def test_a_policy_with_other_inputs_does_not_find_the_objects_of_the_one_before():
    world = World(distribution(behavior(cache_policy=policy())))
    world.ask(headers={"X-Id": "1"})

    world.edge.replace_distribution(distribution(behavior(cache_policy=policy(headers=("X-Id",)))))

    assert result(world.ask()) == "Miss"
