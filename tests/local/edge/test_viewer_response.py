import re

import pytest

from tests.local.edge.world import (
    DISABLED,
    World,
    answer,
    behavior,
    distribution,
    forward,
    header,
    policy,
    proves,
    result,
)

MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"


def keeping(body=b"0123456789", **headers):
    world = World()
    about = {"cache_control": "max-age=50", "etag": '"1"', "last_modified": MODIFIED, "content_type": "text/plain"}
    world.respond = lambda _request: answer(body, **about | headers)
    return world


@proves("not-modified")
@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If-None-Match": '"1"'}, 304),
        ({"If-None-Match": 'W/"1"'}, 304),
        ({"If-None-Match": '"0", "1"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"2"'}, 200),
        ({"If-None-Match": '"2"', "If-Modified-Since": MODIFIED}, 200),
        ({"If-Modified-Since": MODIFIED}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(conditions, status, method):
    world = keeping()
    world.ask()

    response = world.ask(method=method, headers=conditions)

    assert response.status == status
    if status == 304:
        assert (response.body, header(response, "etag"), header(response, "content-type")) == (b"", '"1"', None)
        assert header(response, "content-length") is None
        assert result(response) == "Hit"


def test_a_condition_on_a_miss_is_answered_by_the_edge_and_the_whole_object_is_kept():
    world = keeping()

    assert world.ask(headers={"If-None-Match": '"1"'}).status == 304
    assert (world.ask().body, len(world.asked)) == (b"0123456789", 1)


@proves("range-206")
@pytest.mark.parametrize(
    ("wanted", "body", "shown"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
    ],
)
def test_a_range_of_a_kept_object(wanted, body, shown):
    world = keeping()
    world.ask()

    response = world.ask(headers={"Range": wanted})

    assert (response.status, response.body, header(response, "content-range")) == (206, body, shown)
    assert (header(response, "content-length"), len(world.asked)) == (str(len(body)), 1)


@proves("range-416")
@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=-0", f"bytes={10**17}-"])
def test_a_range_beyond_a_kept_object(wanted):
    world = keeping()
    world.ask()

    response = world.ask(headers={"Range": wanted})

    assert (response.status, response.body, header(response, "content-range")) == (416, b"", "bytes */10")


@proves("range-ignored")
@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,3-4", "bytes=3-1", "bytes=-", "bytes=a-b", "lines=0-1", "", "bytes=" + "9" * 30]
)
def test_a_range_that_gets_the_whole_object(wanted):
    world = keeping()
    world.ask()

    response = world.ask(headers={"Range": wanted})

    assert (response.status, response.body) == (200, b"0123456789")


@pytest.mark.parametrize(
    ("condition", "status"), [('"1"', 206), ('"2"', 200), ('W/"1"', 200), (MODIFIED, 206), (BEFORE, 200)]
)
def test_a_range_on_condition(condition, status):
    world = keeping()
    world.ask()

    assert world.ask(headers={"Range": "bytes=0-1", "If-Range": condition}).status == status


@proves("range-whole", "partial-not-stored")
def test_a_range_of_what_is_not_kept_goes_to_the_origin():
    world = keeping()
    whole = world.respond
    world.respond = lambda asked: (
        answer(b"01", 206, content_range="bytes 0-1/10", cache_control="max-age=50")
        if header(asked, "range") == "bytes=0-1"
        else whole(asked)
    )

    assert [world.ask(headers={"Range": "bytes=0-1"}).body for _ in range(2)] == [b"01", b"01"]
    assert (world.ask().body, len(world.asked)) == (b"0123456789", 3)
    assert (world.ask(headers={"Range": "bytes=0-1"}).status, len(world.asked)) == (206, 3)


@proves("range-whole")
def test_an_origin_that_knows_no_ranges_has_its_whole_object_served_and_kept():
    world = keeping()

    response = world.ask(headers={"Range": "bytes=0-1"})

    assert (response.status, response.body, response.decision.reasons[-1]) == (200, b"0123456789", "range-whole")
    assert world.ask(headers={"Range": "bytes=0-1"}).status == 206


def test_a_part_does_not_replace_a_stale_whole():
    world = keeping(cache_control="max-age=10")
    whole = world.respond
    world.ask()
    world.now += 10
    world.respond = lambda _request: answer(b"01", 206, content_range="bytes 0-1/10")
    world.ask(headers={"Range": "bytes=0-1"})
    world.respond = lambda asked: answer(b"", 304) if header(asked, "if-none-match") else whole(asked)

    assert result(world.ask()) == "RefreshHit"


def test_head_has_the_length_of_the_object():
    world = keeping()
    world.respond = lambda _request: type(answer())(200, (("Content-Length", "10"),), b"")

    response = world.ask(method="HEAD")

    assert (response.body, header(response, "content-length")) == (b"", "10")


@proves("vary-echo")
@pytest.mark.parametrize(
    ("vary", "shown"),
    [
        ("Accept-Encoding", "Accept-Encoding"),
        ("Authorization, X-Id, Cookie", "X-Id, Cookie"),
        ("x-trace", "x-trace"),
        ("Authorization", None),
        ("*", "*"),
    ],
)
def test_vary_names_only_what_is_forwarded(vary, shown):
    world = World(
        distribution(behavior(cache_policy=policy(headers=("X-Id",)), origin_request_policy=forward("X-Trace")))
    )
    world.respond = lambda _request: answer(vary=vary)

    assert header(world.ask(), "vary") == shown


@proves("response-hop-by-hop")
def test_headers_of_the_connection_end_at_the_edge():
    world = World()
    world.respond = lambda _request: answer(
        connection="X-Mine", x_mine="1", keep_alive="1", transfer_encoding="chunked", trailer="x", x_stays="1"
    )

    assert {name for name, _ in world.ask().headers} == {
        "content-length", "x-stays", "via", "x-cache", "x-amz-cf-pop", "x-amz-cf-id",
    }  # fmt: skip


@proves("x-cache")
def test_cloudfronts_own_headers():
    world = World()
    world.respond = lambda _request: answer(cache_control="max-age=9", x_cache="forged", age="7", via="1.1 proxy")

    miss, hit = world.ask(), world.ask()

    assert (header(miss, "x-cache"), header(hit, "x-cache")) == ("Miss from cloudfront", "Hit from cloudfront")
    assert re.fullmatch(r"1\.1 [0-9a-f]{16}\.cloudfront\.net \(CloudFront\)", header(miss, "via"))
    assert header(miss, "x-amz-cf-pop") == "LOC50-P1"
    assert header(miss, "x-amz-cf-id") != header(hit, "x-amz-cf-id")
    assert header(miss, "age") is None


def test_what_the_origin_answers_to_a_write_is_left_alone():
    world = World(distribution(behavior(cache_policy=DISABLED)))
    world.respond = lambda _request: answer(b"made", 201, etag='"1"')

    response = world.ask(method="POST", headers={"If-None-Match": '"1"', "Range": "bytes=0-1"})

    assert (response.status, response.body) == (201, b"made")
