from email.utils import formatdate

import pytest

from local.edge.model import ErrorRule
from tests.local.edge.world import (
    DISABLED,
    EPOCH,
    World,
    answer,
    behavior,
    distribution,
    fails,
    header,
    policy,
    proves,
    result,
)


def kept_seconds(status, rules=None, cache_policy=None, **headers):
    """Return how long an error is kept, 0 where it is not."""
    world = World(distribution(behavior(cache_policy=cache_policy), error_rules=rules or {}))
    world.respond = lambda _request: answer(b"error", status, **headers)
    world.ask()
    for seconds in range(120):
        world.ask()
        if len(world.asked) > 1:
            return seconds
        world.now += 1
    raise AssertionError(status)


@proves("error-always-cached")
@pytest.mark.parametrize("status", [404, 414, 500, 501, 502, 503, 504])
@pytest.mark.parametrize("control", ["no-store", "private", "max-age=0", "public"])
def test_these_errors_are_kept_whatever_cache_control_says(status, control):
    assert kept_seconds(status, cache_control=control) == 10


@proves("error-cached-when-told")
@pytest.mark.parametrize("status", [400, 403, 405, 412, 415])
def test_these_errors_are_kept_only_when_the_origin_says_so(status):
    assert kept_seconds(status) == 0
    assert kept_seconds(status, cache_control="no-store") == 0
    assert kept_seconds(status, cache_control="max-age=20") == 20
    assert kept_seconds(status, cache_control="s-maxage=20") == 20
    assert kept_seconds(status, cache_control="max-age=1") == 10


@proves("error-never-cached")
@pytest.mark.parametrize("status", [401, 402, 406, 409, 410, 416, 429, 451, 505])
def test_other_errors_are_not_kept(status):
    assert kept_seconds(status, cache_control="max-age=50") == 0


@proves("error-min-ttl")
def test_an_error_is_kept_for_the_greater_of_both():
    rules = {404: ErrorRule(30)}

    assert kept_seconds(404, rules) == 30
    assert kept_seconds(500, rules) == 10
    assert kept_seconds(404, rules, cache_control="max-age=20") == 30
    assert kept_seconds(404, rules, cache_control="max-age=40") == 40
    assert kept_seconds(404, rules, policy(35), cache_control="max-age=40") == 35
    assert kept_seconds(404, expires=formatdate(EPOCH + 25, usegmt=True)) == 25


@proves("error-ttl-zero")
def test_an_error_ttl_of_zero_keeps_no_error():
    rules = dict.fromkeys((404, 500, 502), ErrorRule(0))

    assert kept_seconds(404, rules) == 0
    assert kept_seconds(500, rules, cache_control="max-age=0") == 0
    assert kept_seconds(500, rules, cache_control="max-age=5") == 5


@proves("error-cached-when-disabled")
def test_errors_are_kept_where_nothing_else_is():
    world = World(distribution(behavior(cache_policy=DISABLED)))
    world.respond = lambda _request: answer(b"of one caller", 404)

    world.ask(headers={"Authorization": "one"})

    assert world.ask(headers={"Authorization": "two"}).body == b"of one caller"
    assert world.ask(method="POST").decision.origin_requests == 1


@proves("errors-are-errors")
def test_a_kept_error_is_an_error():
    world = World()
    world.respond = lambda _request: answer(b"", 404)

    assert [result(world.ask()) for _ in range(2)] == ["Error", "Error"]
    assert header(world.ask(), "x-cache") == "Error from cloudfront"


@proves("origin-failure")
@pytest.mark.parametrize(
    ("kind", "status", "detail"),
    [
        ("connect", 502, "OriginConnectError"),
        ("timeout", 504, "OriginCommError"),
        ("incomplete", 502, "OriginReadError"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_answer_is_an_error_of_the_origin(kind, status, detail, method):
    world = World()
    world.respond = fails(kind)

    response = world.ask(method=method)

    assert (response.status, result(response), response.decision.detailed_result_type) == (status, "Error", detail)
    assert "origin-failure" in response.decision.reasons
    assert b"made up" not in response.body


def test_a_failure_is_kept_as_an_error_is():
    world = World()
    world.respond = fails("connect")
    world.ask()
    world.respond = lambda _request: answer()

    assert world.ask().status == 502
    world.now += 10
    assert world.ask().status == 200


@proves("incomplete-not-cached")
@pytest.mark.parametrize("length", ["5", "3", "", "-4", "4, 4", "four"])
def test_an_answer_of_another_length_is_never_kept(length):
    world = World(distribution(error_rules={502: ErrorRule(0)}))
    world.respond = lambda _request: type(answer())(
        200, (("Content-Length", length), ("Cache-Control", "max-age=50")), b"four"
    )

    assert [world.ask().status, world.ask().status] == [502, 502]
    assert (len(world.asked), world.edge.statistics().objects) == (2, 0)


def test_an_answer_without_a_length_is_taken_as_whole():
    world = World()
    world.respond = lambda _request: type(answer())(200, (("Cache-Control", "max-age=50"),), b"four")

    world.ask()

    assert (world.ask().body, header(world.ask(), "content-length")) == (b"four", "4")


@proves("origin-header-limit")
def test_an_origin_has_room_for_so_many_headers():
    world = World(distribution(error_rules={502: ErrorRule(0)}))
    world.respond = lambda _request: answer(x="v" * 20_000)
    assert world.ask("/b").status == 200

    world.respond = lambda _request: answer(x="v" * 20_480)
    assert world.ask().decision.detailed_result_type == "OriginHeaderTooBigError"
    world.respond = lambda _request: answer(**{f"x{number}": "" for number in range(100)})
    assert (world.ask().status, world.edge.statistics().objects) == (502, 1)


@proves("custom-error-page")
def test_a_custom_error_page_replaces_body_and_status():
    rules = {404: ErrorRule(10, 200, "/errors/404.html"), 500: ErrorRule(10, None, "/errors/500.html")}
    world = World(distribution(behavior("/errors/*"), behavior(), error_rules=rules))

    def respond(request):
        if request.path.startswith("/errors/"):
            return answer(b"sorry", cache_control="max-age=50")
        return answer(b"raw", int(request.path[1:]))

    world.respond = respond
    found = world.ask("/404", headers={"Authorization": "x"})

    assert (found.status, found.body, result(found)) == (200, b"sorry", "Error")
    assert found.decision.path_pattern == "*"
    assert (world.ask("/500").status, world.ask("/500").body) == (500, b"sorry")
    assert (world.ask("/404").body, [asked.path for asked in world.asked]) == (
        b"sorry",
        ["/404", "/errors/404.html", "/500", "/errors/500.html"],
    )


def test_an_error_page_that_fails_leaves_the_error_as_it_is():
    world = World(distribution(error_rules={404: ErrorRule(0, 200, "/404.html")}))
    world.respond = lambda _request: answer(b"raw", 404)

    assert (world.ask().status, world.ask().body) == (404, b"raw")
