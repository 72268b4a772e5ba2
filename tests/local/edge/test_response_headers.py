from dataclasses import replace

import pytest

from local.edge.model import Cors, ResponseHeadersPolicy, SetHeader
from tests.local.edge.world import FUNCTION, World, answer, behavior, distribution, fails, header, proves

CORS = Cors(("https://app.example.com", "*.tenant.example"), ("ALL",), ("authorization",), True, ("x-a",), 600, True)


def answered(own_policy, asked=(), method="GET", **headers):
    world = World(distribution(behavior(response_headers_policy=own_policy)))
    world.respond = lambda _request: answer(**headers)
    return world.ask(headers=asked, method=method)


@proves("policy-set")
def test_a_policy_adds_headers_and_replaces_them_only_with_override():
    own = ResponseHeadersPolicy(
        "policy",
        (SetHeader("Cache-Control", "private", True), SetHeader("X-A", "policy", False), SetHeader("X-B", "1", False)),
    )

    response = answered(own, cache_control="max-age=9", x_a="origin")

    shown = [header(response, name) for name in ("cache-control", "x-a", "x-b")]
    assert shown == ["private", "origin", "1"]


def test_what_the_policy_says_to_the_viewer_does_not_count_for_the_cache():
    own = ResponseHeadersPolicy("policy", (SetHeader("cache-control", "private, no-store", True),))
    world = World(distribution(behavior(response_headers_policy=own)))
    world.ask()

    hit = world.ask()

    assert (hit.decision.result_type, header(hit, "cache-control")) == ("Hit", "private, no-store")


@proves("policy-remove")
def test_a_policy_removes_headers():
    own = ResponseHeadersPolicy("policy", (SetHeader("x-b", "policy", False),), ("Cache-Tag", "X-B"))

    response = answered(own, cache_tag="t", x_b="origin", x_c="1")

    assert [header(response, name) for name in ("cache-tag", "x-b", "x-c")] == [None, "policy", "1"]


@proves("policy-everywhere")
@pytest.mark.parametrize("case", ["origin", "error", "failure", "function", "method"])
def test_the_policy_is_about_every_answer_of_its_behavior(case):
    own = ResponseHeadersPolicy("policy", (SetHeader("X-Frame-Options", "DENY", True),))
    world = World(distribution(behavior(response_headers_policy=own, viewer_request=FUNCTION)))
    if case == "error":
        world.respond = lambda _request: answer(b"", 404)
    if case == "failure":
        world.respond = fails("connect")
    if case == "function":
        world.function = lambda _event: {"statusCode": 401}

    response = world.ask(method="TRACE" if case == "method" else "GET")

    assert header(response, "x-frame-options") == "DENY"


@proves("cors-simple")
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://a.tenant.example", "https://a.tenant.example"),
        ("https://evil.example", None),
        ("https://tenant.example", None),
        ("https://app.example.com.evil.example", None),
        ("null", None),
        (None, None),
    ],
)
def test_cors_of_a_simple_request(origin, allowed):
    own = ResponseHeadersPolicy("policy", cors=CORS)

    response = answered(own, {"Origin": origin} if origin else {})

    assert header(response, "access-control-allow-origin") == allowed
    credentials = None if allowed is None else "true"
    assert header(response, "access-control-allow-credentials") == credentials
    assert header(response, "access-control-expose-headers") == (None if allowed is None else "x-a")
    assert header(response, "access-control-allow-methods") is None
    assert header(response, "vary") == (None if allowed is None else "Origin")


def test_cors_for_everybody():
    everybody = replace(CORS, allow_origins=("*",), allow_credentials=False)

    response = answered(ResponseHeadersPolicy("policy", cors=everybody), {"Origin": "https://x.example"})

    assert (header(response, "access-control-allow-origin"), header(response, "vary")) == ("*", None)


@proves("cors-preflight")
def test_cors_of_a_preflight():
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"}
    world = World(distribution(behavior(response_headers_policy=ResponseHeadersPolicy("policy", cors=CORS))))
    world.respond = lambda _request: answer(b"", 204)

    response = world.ask(method="OPTIONS", headers=asked)

    assert header(response, "access-control-allow-methods") == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert header(response, "access-control-allow-headers") == "authorization"
    assert header(response, "access-control-max-age") == "600"
    assert (response.status, len(world.asked)) == (204, 1)


@proves("cors-origin-override")
@pytest.mark.parametrize(("override", "shown"), [(False, "https://own.example"), (True, "https://app.example.com")])
def test_an_origin_that_speaks_cors_itself(override, shown):
    own = ResponseHeadersPolicy("policy", cors=replace(CORS, origin_override=override))

    sent = {"access_control_allow_origin": "https://own.example", "access_control_max_age": "1"}
    response = answered(own, {"Origin": "https://app.example.com"}, **sent)

    assert header(response, "access-control-allow-origin") == shown
    assert header(response, "access-control-expose-headers") == "x-a"
    assert header(response, "access-control-max-age") == "1"


def test_hits_of_one_object_with_and_without_origin_get_their_own_headers():
    world = World(distribution(behavior(response_headers_policy=ResponseHeadersPolicy("policy", cors=CORS))))
    origins = [None, "https://app.example.com", None, "https://a.tenant.example", "https://other.example", None]

    answers = [world.ask(headers={} if one is None else {"Origin": one}) for one in origins]

    assert [one.decision.result_type for one in answers] == ["Miss"] + ["Hit"] * 5
    assert [header(one, "access-control-allow-origin") for one in answers] == [
        one if one and one != "https://other.example" else None for one in origins
    ]
    assert len(world.asked) == 1


def test_a_kept_object_follows_a_policy_that_is_deployed_anew():
    def deployed(value):
        own = ResponseHeadersPolicy("policy", (SetHeader("x-a", value, True),))
        return distribution(behavior(response_headers_policy=own))

    world = World(deployed("before"))
    shown = [header(world.ask(), "x-a") for _ in range(2)]
    world.edge.replace_distribution(deployed("after"))
    shown += [header(world.ask(), "x-a") for _ in range(2)]

    assert shown == ["before", "before", "after", "after"]
    assert len(world.asked) == 1
