import pytest

from local.edge.model import OriginRequestPolicy, Selection
from local.edge.settings import EdgeSettings
from tests.local.edge.world import (
    DISABLED,
    World,
    answer,
    behavior,
    distribution,
    fails,
    forward,
    header,
    origin,
    policy,
    proves,
)

ALL_VIEWER = OriginRequestPolicy("all", Selection("allViewer"), Selection("all"), Selection("all"))
ALL_EXCEPT_HOST = OriginRequestPolicy("except", Selection("allExcept", ("Host",)), Selection("all"), Selection("all"))
OWN = {"host", "user-agent", "x-amz-cf-id", "x-forwarded-for", "via"}


def sent(path="/a", cache_policy=None, request_policy=None, own_origin=None, **about):
    """Return the request that the origin gets."""
    rows = behavior(cache_policy=cache_policy, origin_request_policy=request_policy)
    world = World(distribution(rows, origins={"api": own_origin or origin()}))
    world.ask(path, **about)
    return world.asked[0]


def names(asked):
    return {name for name, _ in asked.headers}


@proves("key-is-forwarded")
def test_what_is_in_the_key_goes_to_the_origin():
    keyed = policy(headers=("X-Id",), cookies=("c",), query=("q",))

    asked = sent("/a?q=1&r=2", keyed, headers={"X-Id": "1", "X-Other": "2", "Cookie": "c=1; d=2"})

    assert (header(asked, "x-id"), header(asked, "cookie"), asked.query) == ("1", "c=1", "q=1")
    assert names(asked) == OWN | {"x-id", "cookie"}


@proves("origin-request-policy")
def test_what_the_origin_request_policy_names_goes_to_the_origin_and_not_into_the_key():
    rows = behavior(cache_policy=policy(), origin_request_policy=forward("X-Trace", cookies=("c",), query=("r",)))
    world = World(distribution(rows))

    first = world.ask("/a?r=1", headers={"X-Trace": "1", "Cookie": "c=1"})
    second = world.ask("/a?r=2", headers={"X-Trace": "2", "Cookie": "c=2"})

    asked = world.asked[0]
    assert (header(asked, "x-trace"), header(asked, "cookie"), asked.query) == ("1", "c=1", "r=1")
    assert (second.decision.key, second.decision.result_type) == (first.decision.key, "Hit")


@proves("nothing-else-forwarded", "cookies-removed")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_else_goes_on(method):
    about = {
        "Content-Type": "application/json",
        "Accept": "*/*",
        "Referer": "x",
        "Cookie": "c=1",
        "X": "1",
        "Origin": "x",
    }

    asked = sent("/a?q=1", method=method, headers=about)

    assert (names(asked), asked.query) == (OWN, "")


@proves("authorization-removed")
@pytest.mark.parametrize(
    ("cache_policy", "request_policy", "goes_on"),
    [
        (None, None, False),
        (policy(headers=("Authorization",)), None, True),
        (DISABLED, ALL_VIEWER, True),
        (DISABLED, ALL_EXCEPT_HOST, True),
        (DISABLED, forward("X-Trace"), False),
    ],
)
def test_authorization(cache_policy, request_policy, goes_on):
    asked = sent("/a", cache_policy, request_policy, headers={"Authorization": "Bearer t"})

    assert ("authorization" in names(asked)) is goes_on


@proves("authorization-in-origin-request-policy")
def test_authorization_in_an_origin_request_policy_where_it_is_allowed():
    rows = behavior(origin_request_policy=forward("Authorization"))
    world = World(distribution(rows), EdgeSettings(authorization_in_origin_request_policy=True))

    world.ask(headers={"Authorization": "Bearer t"})

    assert header(world.asked[0], "authorization") == "Bearer t"


@proves("host-of-origin")
def test_the_host_is_the_origins_unless_the_viewers_is_forwarded():
    assert header(sent(), "host") == "api.example.com"
    assert header(sent("/a", DISABLED, ALL_EXCEPT_HOST, host="www.example.com"), "host") == "api.example.com"
    assert header(sent("/a", DISABLED, ALL_VIEWER, host="www.example.com"), "host") == "www.example.com"


@proves("user-agent-replaced")
def test_the_user_agent_is_replaced_unless_it_is_forwarded():
    assert header(sent(headers={"User-Agent": "curl"}), "user-agent") == "Amazon CloudFront"
    assert header(sent("/a", DISABLED, ALL_VIEWER, headers={"User-Agent": "curl"}), "user-agent") == "curl"


@proves("x-forwarded-for")
def test_the_viewers_address_is_appended():
    assert header(sent(), "x-forwarded-for") == "192.0.2.2"
    listed = sent("/a", DISABLED, ALL_VIEWER, headers={"X-Forwarded-For": "203.0.113.1"})
    assert header(listed, "x-forwarded-for") == "203.0.113.1,192.0.2.2"


@proves("via-and-id")
def test_via_and_id():
    asked = sent(headers={"Via": "1.1 proxy", "X-Amz-Cf-Id": "forged"})

    assert header(asked, "via").startswith("1.1 proxy,1.1 ")
    assert header(asked, "via").endswith(".cloudfront.net (CloudFront)")
    assert header(asked, "x-amz-cf-id") != "forged"


@proves("hop-by-hop", "removed-headers")
def test_headers_that_never_go_on():
    gone = {
        "Connection": "X-Mine, keep-alive", "X-Mine": "1", "Keep-Alive": "1", "TE": "trailers", "Upgrade": "h2c",
        "Transfer-Encoding": "chunked", "Proxy-Authorization": "x", "Expect": "100-continue", "Trailer": "x",
        "X-Edge-A": "1", "X-Real-IP": "1", "X-Forwarded-Proto": "http", "X-HTTP-Method-Override": "PUT",
    }  # fmt: skip

    asked = sent("/a", DISABLED, ALL_VIEWER, headers={**gone, "X-Stays": "1"})

    assert names(asked) == OWN | {"x-stays"}


@proves("origin-custom-headers")
def test_the_origins_custom_headers_replace_the_viewers():
    custom = origin(custom_headers=(("X-Verify", "secret"),))

    asked = sent("/a", DISABLED, ALL_VIEWER, custom, headers=[("x-verify", "forged"), ("X-Verify", "again")])

    assert header(asked, "x-verify") == "secret"


@proves("origin-path")
def test_the_origins_path_stands_in_front():
    assert sent("/a/b", own_origin=origin(path="/v1")).path == "/v1/a/b"


@proves("conditions-stay-behind")
def test_conditions_stay_behind_where_the_answer_may_be_kept():
    conditions = {"If-None-Match": '"1"', "If-Modified-Since": "x", "If-Range": "x", "If-Unmodified-Since": "x"}

    assert names(sent("/a", policy(), ALL_VIEWER, headers=conditions)) == OWN
    assert names(sent("/a", DISABLED, ALL_VIEWER, headers=conditions)) == OWN | {name.lower() for name in conditions}


def test_a_listed_if_match_reaches_the_origin():
    asked = sent("/a", policy(), forward("If-Match", "Idempotency-Key"), method="PUT", headers={"If-Match": '"1"'})

    assert header(asked, "if-match") == '"1"'


@proves("connection-attempts")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_connecting_is_tried_as_often_as_the_origin_says(method, attempts):
    world = World(distribution(origins={"api": origin(connection_attempts=attempts)}))
    world.respond = fails("connect")

    response = world.ask(method=method)

    assert (response.status, len(world.asked), response.decision.origin_requests) == (502, attempts, attempts)


@proves("timeout-repeats-get")
@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("HEAD", 3), ("POST", 1), ("OPTIONS", 1)])
def test_a_silent_origin_is_asked_again_for_get_and_head(method, times):
    world = World(distribution(origins={"api": origin(connection_attempts=3, read_timeout=7)}))
    world.respond = fails("timeout")

    response = world.ask(method=method)

    assert (response.status, len(world.asked), world.asked[0].timeout_seconds) == (504, times, 7.0)


def test_an_origin_that_answers_at_the_second_attempt():
    world = World(distribution(origins={"api": origin(connection_attempts=2)}))
    world.respond = lambda request: fails("connect")(request) if len(world.asked) == 1 else answer()

    assert (world.ask().status, len(world.asked)) == (200, 2)
