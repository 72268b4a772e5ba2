import itertools

import pytest

from local.edge.model import Selection
from tests.local.edge.world import DOMAIN, READ, World, behavior, counted, distribution, policy, proves, result


def caching(*, settings=None, **inputs):
    world = World(distribution(behavior(cache_policy=policy(**inputs), cached_methods=READ | {"OPTIONS"})))
    world.respond = counted(cache_control="max-age=100")
    return world


def are_one(world, one, other):
    """Tell whether two requests get one object; each is a path and more."""
    first = world.ask(one[0], **one[1])
    second = world.ask(other[0], **other[1])
    assert (first.decision.key == second.decision.key) == (first.body == second.body)
    return first.body == second.body


@proves("key-domain")
def test_the_viewers_host_is_no_part_of_the_key():
    world = caching()

    assert are_one(world, ("/a", {"host": DOMAIN}), ("/a", {"host": "www.example.com"}))
    assert DOMAIN in world.ask("/a", host="www.example.com").decision.key


@proves("key-host-when-listed")
def test_the_host_is_in_the_key_where_it_is_listed():
    world = caching(headers=("Host",))

    assert not are_one(world, ("/a", {"host": "a.tenant.example"}), ("/a", {"host": "b.tenant.example"}))


@proves("key-policy-inputs")
@pytest.mark.parametrize(
    ("inputs", "one", "other", "same"),
    [
        ({}, ("/a?x=1", {"headers": {"X": "1", "Cookie": "c=1"}}), ("/a", {}), True),
        ({}, ("/a", {}), ("/A", {}), False),
        ({}, ("/a", {}), ("/a/", {}), False),
        ({}, ("/a%2Fb", {}), ("/a/b", {}), False),
        ({"headers": ("X-Id",)}, ("/a", {"headers": {"x-ID": "1"}}), ("/a", {"headers": {"X-Id": "1"}}), True),
        ({"headers": ("X-Id",)}, ("/a", {"headers": {"X-Id": "1"}}), ("/a", {"headers": {"X-Id": "2"}}), False),
        (
            {"headers": ("X-Id",)},
            ("/a", {"headers": {"X-Id": "1"}}),
            ("/a", {"headers": {"X-Id": "1", "Y": "2"}}),
            True,
        ),
        ({"query": ("a",)}, ("/a?a=1&b=2", {}), ("/a?a=1&b=3", {}), True),
        ({"query": ("a",)}, ("/a?a=1", {}), ("/a?a=2", {}), False),
        ({"query": ("a",)}, ("/a?A=1", {}), ("/a", {}), True),
        ({"query": ("a",)}, ("/a?a=x", {}), ("/a?a=X", {}), False),
        ({"query": ("a",)}, ("/a?%61=1", {}), ("/a", {}), True),
        ({"query": Selection("all")}, ("/a?x=1", {}), ("/a?y=1", {}), False),
        ({"query": Selection("allExcept", ("x",))}, ("/a?x=1&y=2", {}), ("/a?x=2&y=2", {}), True),
        ({"query": Selection("allExcept", ("x",))}, ("/a?y=1", {}), ("/a?y=2", {}), False),
        (
            {"cookies": ("c",)},
            ("/a", {"headers": {"Cookie": "c=1; d=1"}}),
            ("/a", {"headers": {"Cookie": "d=2;c=1"}}),
            True,
        ),
        ({"cookies": ("c",)}, ("/a", {"headers": {"Cookie": "c=1"}}), ("/a", {"headers": {"Cookie": "c=2"}}), False),
    ],
)
def test_only_what_the_policy_names_is_in_the_key(inputs, one, other, same):
    assert are_one(caching(**inputs), one, other) is same


@proves("key-absent-or-empty")
def test_an_absent_header_is_no_empty_one():
    world = caching(headers=("X-Id",), query=("a",))

    assert not are_one(world, ("/a", {}), ("/a", {"headers": {"X-Id": ""}}))
    assert not are_one(world, ("/a", {}), ("/a?a", {}))
    assert not are_one(world, ("/a?a", {}), ("/a?a=", {}))


@proves("key-parts")
def test_no_value_poses_as_another_part():
    world = caching(headers=("X-A", "X-B"), cookies=("c", "d"), query=("a", "b"))
    tricks = [
        ("/a", ()),
        ("/a", (("X-A", "1"), ("X-B", "2"))),
        ("/a", (("X-A", "1x-b:2"),)),
        ("/a", (("X-A", "1, 2"),)),
        ("/a", (("X-A", "1"), ("X-A", "2"))),
        ("/a", (("X-A", "12"),)),
        ("/a", (("X-B", "12"),)),
        ("/a", (("Cookie", "c=1; d=2"),)),
        ("/a", (("Cookie", "c=1; c=2"),)),
        ("/a", (("X-B", "cookie:c=1; d=2"),)),
        ("/a?a=1&b=2", ()),
        ("/a?a=1%26b=2", ()),
        ("/a", (("X-A", "?a=1&b=2"),)),
        ("/a?a=1&a=2", ()),
        ("/a%3Fa=1&b=2", ()),
    ]

    keys = [world.ask(path, headers=headers).decision.key for path, headers in tricks]

    assert all(one != other for one, other in itertools.combinations(keys, 2))


@proves("key-query-order")
def test_parameters_keep_the_viewers_order():
    world = caching(query=("a", "b"))

    assert not are_one(world, ("/a?a=1&b=2", {}), ("/a?b=2&a=1", {}))


@proves("key-method")
def test_methods_are_kept_apart():
    world = caching()

    bodies = [world.ask(method=method).body for method in ("OPTIONS", "GET", "OPTIONS", "GET")]

    assert bodies == [b"counted #1", b"counted #2", b"counted #1", b"counted #2"]


@proves("head-from-get")
def test_a_get_answers_head_and_not_the_other_way_round():
    world = caching()

    first = world.ask(method="HEAD")
    got = world.ask()
    head = world.ask(method="HEAD")

    assert [asked.method for asked in world.asked] == ["HEAD", "GET"]
    assert (result(first), got.body) == ("Miss", b"counted #2")
    assert (head.body, dict(head.headers)["content-length"], head.decision.reasons) == (
        b"",
        str(len(got.body)),
        ("head-from-get", "hit"),
    )


@proves("method-not-cached")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_go_to_the_origin_each_time(method):
    world = caching()

    assert [world.ask(method=method).body for _ in range(2)] == [b"counted #1", b"counted #2"]
    assert world.ask(method=method).decision.reasons == ("method-not-cached",)


def test_options_goes_to_the_origin_each_time_unless_chosen():
    world = World(distribution(behavior()))

    world.ask(method="OPTIONS")
    world.ask(method="OPTIONS")

    assert len(world.asked) == 2


@proves("writes-invalidate-nothing")
def test_a_write_leaves_the_cached_object():
    world = caching()
    world.ask()

    world.ask(method="DELETE")

    assert result(world.ask()) == "Hit"


@proves("accept-encoding")
@pytest.mark.parametrize(
    ("sent", "normalised"),
    [
        ("gzip, deflate, br", "br,gzip"),
        ("br;q=1.0, gzip;q=0.8", "br,gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, br", "br"),
        ("identity", None),
        ("*", None),
        ("", None),
    ],
)
def test_accept_encoding_is_normalised(sent, normalised):
    world = caching(encodings=True)

    response = world.ask(headers={"Accept-Encoding": sent})

    assert f"accept-encoding:{normalised or ''}" in response.decision.key
    assert dict(world.asked[0].headers).get("accept-encoding") == normalised


@proves("accept-encoding")
def test_without_the_settings_accept_encoding_is_neither_keyed_nor_forwarded():
    world = caching()

    assert are_one(world, ("/a", {"headers": {"Accept-Encoding": "gzip"}}), ("/a", {}))
    assert "accept-encoding" not in dict(world.asked[0].headers)


@proves("compression")
def test_the_edge_compresses_nothing():
    world = caching(encodings=True)

    response = world.ask(headers={"Accept-Encoding": "gzip, br"})

    assert (response.body, "content-encoding" in dict(response.headers)) == (b"counted #1", False)
