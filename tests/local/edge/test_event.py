import base64

import pytest

from local.edge.messages import FunctionFailure
from local.edge.model import ErrorRule, Selection
from local.edge.settings import EdgeSettings
from tests.local.edge.world import (
    DOMAIN,
    FUNCTION,
    World,
    answer,
    behavior,
    distribution,
    header,
    policy,
    proves,
    result,
)

EVERYTHING = {"headers": ("X-A", "X-B", "X-Id"), "cookies": ("c", "d"), "query": Selection("all")}


def with_function(function=lambda event: event["request"], **changes):
    rows = behavior(cache_policy=policy(**EVERYTHING), viewer_request=FUNCTION)
    world = World(distribution(rows, **changes))
    world.function = function
    return world


def changing(change):
    """Return a function that changes its event's request."""

    def function(event):
        change(event["request"])
        return event["request"]

    return function


def sent(world):
    """Return the headers that the origin got, each as the list of its values."""
    found = {}
    for name, value in world.asked[-1].headers:
        found.setdefault(name, []).append(value)
    return found


@proves("event-structure")
def test_the_event():
    world = with_function()

    world.ask("/a%20b?x=1&y=&z", headers={"X-A": "V", "Cookie": "c=1; d=2=3"}, method="GET")

    event = world.events[0]
    request_id = event["context"]["requestId"]
    assert event == {
        "version": "1.0",
        "context": {
            "distributionDomainName": DOMAIN,
            "distributionId": "E1",
            "eventType": "viewer-request",
            "requestId": request_id,
        },
        "viewer": {"ip": "192.0.2.2"},
        "request": {
            "method": "GET",
            "uri": "/a%20b",
            "querystring": {"x": {"value": "1"}, "y": {"value": ""}, "z": {"value": ""}},
            "headers": {"host": {"value": DOMAIN}, "x-a": {"value": "V"}},
            "cookies": {"c": {"value": "1"}, "d": {"value": "2=3"}},
        },
    }
    world.ask("/a")
    assert world.events[1]["request"]["querystring"] == {}


@proves("event-duplicates")
def test_duplicates_are_one_entry():
    world = with_function()

    world.ask("/?q=1&q=2", headers=[("X-A", "1"), ("x-a", "2"), ("X-A", "3"), ("Cookie", "c=1; c=2")])

    asked = world.events[0]["request"]
    assert asked["headers"]["x-a"] == {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}
    assert asked["querystring"]["q"] == {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}
    assert asked["cookies"]["c"] == {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}


@proves("disallowed-headers")
@pytest.mark.parametrize("name", ["x-edge-a", "x-amz-cf-id", "x-real-ip", "connection", "x-cache", "x-forwarded-proto"])
def test_disallowed_headers(name):
    world = with_function()
    world.ask(headers={name: "v"})
    assert name not in world.events[0]["request"]["headers"]

    world.function = changing(lambda request: request["headers"].update({name: {"value": "v"}}))

    assert (world.ask().status, result(world.ask())) == (502, "FunctionExecutionError")


@proves("read-only-headers")
@pytest.mark.parametrize(
    "change",
    [
        lambda request: request["headers"].update({"host": {"value": "other.example"}}),
        lambda request: request["headers"].pop("host"),
        lambda request: request["headers"].update({"via": {"value": "1.1 me"}}),
        lambda request: request["headers"].update({"content-length": {"value": "0"}}),
        lambda request: request["headers"].update({"host": {"value": DOMAIN, "multiValue": [{"value": "x"}]}}),
    ],
)
def test_read_only_headers(change):
    world = with_function(changing(change))

    assert (world.ask().status, world.asked) == (502, [])


@proves("method-read-only")
def test_the_method_is_read_only():
    assert with_function(changing(lambda request: request.update(method="POST"))).ask().status == 502


@proves("uri-slash")
@pytest.mark.parametrize("uri", ["a", "", "/a b", "/a\n", "/a#b", "/a?b=c", None, 7, ["/"]])
def test_a_uri_must_be_one(uri):
    assert with_function(changing(lambda request: request.update(uri=uri))).ask().status == 502


@proves("uri-length")
def test_a_uri_has_its_limit():
    assert with_function(changing(lambda request: request.update(uri="/" + "a" * 8190))).ask().status == 200
    assert with_function(changing(lambda request: request.update(uri="/" + "a" * 8191))).ask().status == 502


@proves("multi-value-wins")
@pytest.mark.parametrize(
    ("entry", "values"),
    [
        ({"value": "9", "multiValue": [{"value": "1"}, {"value": "2"}]}, ["9", "2"]),
        ({"value": "9", "multiValue": [{"value": "5"}, {"value": "6"}, {"value": "7"}]}, ["5", "6", "7"]),
        ({"value": "1", "multiValue": [{"value": "5"}]}, ["5"]),
        ({"multiValue": [{"value": "1"}, {"value": "2"}]}, ["1", "2"]),
        ({"value": "9"}, ["9"]),
    ],
)
def test_a_changed_multi_value_wins(entry, values):
    world = with_function(changing(lambda request: request["headers"].update({"x-a": entry})))

    world.ask(headers=[("X-A", "1"), ("X-A", "2")])

    assert sent(world)["x-a"] == values


@proves("deleted-stays-deleted")
@pytest.mark.parametrize("headers", [[("X-A", "spoof")], [("X-A", "1"), ("x-a", "2")], [("x-A", "")]])
def test_what_the_function_deletes_stays_deleted(headers):
    def delete(request):
        del request["headers"]["x-a"]
        request["cookies"].pop("c")
        request["querystring"].pop("q")

    world = with_function(changing(delete))

    response = world.ask("/a?q=1&r=2", headers=[*headers, ("Cookie", "c=1; d=2")])

    assert "x-a" not in sent(world)
    assert sent(world)["cookie"] == ["d=2"]
    assert world.asked[0].query == "r=2"
    assert response.decision.key == ("GET", DOMAIN, "/a", "x-a", "x-b", "x-id", "cookie:d=2", "?r=2")


@proves("deleted-stays-deleted")
def test_a_result_without_headers_and_cookies_has_none():
    def bare(event):
        host = event["request"]["headers"]["host"]
        return {"method": "GET", "uri": event["request"]["uri"], "headers": {"host": host}}

    world = with_function(bare)

    world.ask("/a?q=1", headers={"X-A": "1", "Cookie": "c=1"})

    assert ("x-a" in sent(world), "cookie" in sent(world), world.asked[0].query) == (False, False, "")


@proves("unchanged-stays-raw")
def test_an_unchanged_query_stays_raw():
    world = with_function(changing(lambda request: request["headers"].update({"x-a": {"value": "1"}})))

    world.ask("/a%2Fb?b=%2f&a&a=1&b=%20&&c==", headers={"Cookie": "c=1;d=2"})

    assert (world.asked[0].path, world.asked[0].query) == ("/a%2Fb", "b=%2f&a&a=1&b=%20&&c==")


def test_a_changed_query_is_written_anew():
    world = with_function(changing(lambda request: request["querystring"].update({"c": {"value": "3"}})))

    world.ask("/a?b=1&b=2&a")

    assert world.asked[0].query == "b=1&b=2&a=&c=3"


@proves("header-name-case")
@pytest.mark.parametrize("name", ["X-A", "x a", "", "x:a", "x\n", "cookie"])
def test_header_names_are_lower_case(name):
    world = with_function(changing(lambda request: request["headers"].update({name: {"value": "1"}})))

    assert world.ask().status == 502


@proves("function-generated")
def test_a_generated_response_goes_to_the_viewer_and_is_not_kept():
    made = {
        "statusCode": 401,
        "statusDescription": "Unauthorized",
        "headers": {"cache-control": {"value": "no-store"}, "x-a": {"value": "1", "multiValue": [{"value": "2"}]}},
        "cookies": {"c": {"value": "1", "attributes": "Secure; Path=/"}},
        "body": "no",
    }
    world = with_function(lambda _event: made)
    world.log_data = "class=none"

    response = world.ask()

    assert (response.status, response.body, result(response)) == (401, b"no", "FunctionGeneratedResponse")
    assert (header(response, "x-a"), header(response, "set-cookie")) == ("2", "c=1; Secure; Path=/")
    assert (response.decision.log_data, response.decision.key, world.asked) == ("class=none", (), [])
    assert world.edge.statistics().objects == 0


@proves("generated-no-error-page")
def test_a_generated_error_gets_no_error_page():
    rules = {403: ErrorRule(0, 200, "/sorry")}
    world = with_function(lambda _event: {"statusCode": 403}, error_rules=rules)

    assert (world.ask().status, world.asked) == (403, [])


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (None, b""),
        ("text", b"text"),
        ({"encoding": "text", "data": "t\n"}, b"t\n"),
        ({"encoding": "base64", "data": base64.b64encode(b"\0x").decode()}, b"\0x"),
    ],
)
def test_bodies_of_generated_responses(body, got):
    assert with_function(lambda _event: {"statusCode": 200, "body": body}).ask().body == got


@proves("function-throws", "function-timeout", "function-missing", "function-invalid")
@pytest.mark.parametrize(
    ("kind", "status", "shown"),
    [
        ("throws", 503, "FunctionExecutionError"),
        ("timeout", 503, "FunctionThrottledError"),
        ("missing", 503, "FunctionExecutionError"),
        ("invalid", 502, "FunctionExecutionError"),
    ],
)
def test_a_function_that_fails(kind, status, shown):
    def fail(_event):
        raise FunctionFailure(kind, "made up")

    world = with_function(fail)
    response = world.ask(headers={"Authorization": "secret"})

    assert (response.status, result(response), response.decision.reasons) == (status, shown, (f"function-{kind}",))
    assert b"secret" not in response.body
    assert world.asked == []


@proves("function-invalid")
@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"statusCode": "200"},
        {"statusCode": True},
        {"statusCode": 199},
        {"statusCode": 600},
        {"statusCode": 200, "headers": []},
        {"statusCode": 200, "headers": {"a": "b"}},
        {"statusCode": 200, "headers": {"a": {"value": "b\r\nset-cookie: c"}}},
        {"statusCode": 200, "headers": {"content-length": {"value": "1"}}},
        {"statusCode": 200, "body": {"encoding": "base64", "data": "*"}},
        {"statusCode": 200, "body": {"encoding": "latin-1", "data": ""}},
        {"uri": "/a"},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}, "x-a": {"value": 1}}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}, "x-a": None}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}}, "querystring": {"a": None}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}, "x-a": {"value": "a\nb"}}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}, "x-a": {"multiValue": []}}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}}, "querystring": {"a": {"value": "1 2"}}},
        {"uri": "/a", "headers": {"host": {"value": DOMAIN}}, "cookies": None},
    ],
)
def test_a_result_that_fails_validation(value):
    world = with_function(lambda _event: value)

    assert (world.ask().status, world.asked) == (502, [])


@proves("header-text")
@pytest.mark.parametrize(("text", "seen"), [("latin-1", "Ã©"), ("utf-8", "é")])
def test_bytes_above_127(text, seen):
    rows = behavior(cache_policy=policy(**EVERYTHING), viewer_request=FUNCTION)
    world = World(distribution(rows), EdgeSettings(header_text=text))

    world.ask(headers={"X-A": "Ã©", "X-B": "\xff"})

    assert world.events[0]["request"]["headers"]["x-a"] == {"value": seen}
    assert (sent(world)["x-a"], sent(world)["x-b"]) == (["Ã©"], ["\xff"])


def test_text_that_no_header_can_carry_is_invalid():
    assert (
        with_function(changing(lambda request: request["headers"].update({"x-a": {"value": "€"}}))).ask().status == 502
    )


def test_a_function_that_writes_into_its_event_changes_nothing_else():
    world = with_function(changing(lambda request: request["headers"]["x-a"]["multiValue"].append({"value": "3"})))

    world.ask(headers=[("X-A", "1"), ("X-A", "2")])

    assert sent(world)["x-a"] == ["1", "2", "3"]


def test_the_answer_of_the_origin_knows_what_the_function_logged():
    world = with_function()
    world.respond = lambda _request: answer(b"", 404)
    world.log_data = "class=user_data"

    assert world.ask().decision.log_data == "class=user_data"
