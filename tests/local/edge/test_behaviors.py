import pytest

from local.edge.errors import UnmodelledError
from local.edge.settings import EdgeSettings
from strata.caching.path_matching import compile_pattern, normalised_path
from tests.local.edge.world import (
    DISABLED,
    DOMAIN,
    FUNCTION,
    READ,
    World,
    answer,
    behavior,
    distribution,
    header,
    origin,
    policy,
    proves,
    request,
)


def pattern_of(world, path):
    return world.ask(path).decision.path_pattern


@proves("behavior-order")
def test_the_first_match_decides():
    world = World(distribution(behavior("/a/*"), behavior("/a/b"), behavior("/*.css"), behavior("*")))

    assert [pattern_of(world, path) for path in ("/a/b", "/a/x.css", "/x.css", "/a")] == ["/a/*", "/a/*", "/*.css", "*"]


@proves("path-pattern")
@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["/", "/a"], []),
        ("/a", ["/a"], ["/A", "/a/", "/ab", "/"]),
        ("a", ["/a"], ["/a/a"]),
        ("/a/*", ["/a/", "/a/b/c"], ["/a", "/ab"]),
        ("/a*", ["/a", "/ab", "/a/b"], ["/A", "/b/a"]),
        ("*.jpg", ["/x.jpg", "/a/x.jpg", "/.jpg"], ["/x.jpeg", "/x.jpg/a"]),
        ("/a?c", ["/abc", "/a/c"], ["/ac", "/abbc"]),
        ("/a*c?", ["/acd", "/abcd", "/a/c/"], ["/ac"]),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/a/*/c", ["/a/b/c", "/a//c", "/a/b/b/c"], ["/a/c"]),
        ("/a?*", ["/ab", "/abc"], ["/a"]),
    ],
)
def test_path_patterns(pattern, matching, others):
    matches = compile_pattern(pattern)

    assert all(matches(path) for path in matching)
    assert not any(matches(path) for path in others)


@proves("query-not-matched")
def test_a_query_string_matches_nothing():
    world = World(distribution(behavior("/a"), behavior("*?x=1")))

    assert pattern_of(world, "/a?/b") == "/a"


@proves("path-normalisation")
@pytest.mark.parametrize(
    ("raw", "compared"),
    [
        ("/a/b", "/a/b"),
        ("//a///b", "/a/b"),
        ("/x/../a", "/a"),
        ("/../../a", "/a"),
        ("/a/./b/.", "/a/b/"),
        ("/a/b/..", "/a/"),
        ("/%61/%7e", "/a/~"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%2e%2e/b", "/a../b"),
        ("/x/%2e%2e/a", "/a"),
        ("/a.b/.c", "/a.b/.c"),
    ],
)
def test_patterns_see_a_normalised_path(raw, compared):
    assert normalised_path(raw) == compared


@proves("path-normalisation")
@pytest.mark.parametrize(("normalise", "pattern"), [(True, "/api/*"), (False, "*")])
def test_only_the_match_sees_the_normalised_path(normalise, pattern):
    world = World(distribution(behavior("/api/*")), EdgeSettings(normalise_path_for_matching=normalise))

    response = world.ask("/x/../%61pi/b")

    assert response.decision.path_pattern == pattern
    assert "/x/../%61pi/b" in response.decision.key
    assert world.asked[0].path == "/x/../%61pi/b"


@proves("behavior-before-function")
def test_a_changed_uri_stays_with_the_behavior():
    other = origin(id="other", domain_name="other.example")
    rows = (behavior("/a", viewer_request=FUNCTION), behavior("/b", origin_id="other"))
    world = World(distribution(*rows, origins={"api": origin(), "other": other}))
    world.function = lambda event: event["request"] | {"uri": "/b"}

    response = world.ask("/a")

    assert (response.decision.path_pattern, world.asked[0].origin_id, world.asked[0].path) == ("/a", "api", "/b")


@proves("default-root-object")
def test_the_root_is_the_default_root_object():
    world = World(distribution(behavior(), default_root_object="index.html"))

    world.ask("/")
    world.ask("/a/")

    assert [asked.path for asked in world.asked] == ["/index.html", "/a/"]


@proves("distribution-disabled")
def test_a_disabled_distribution_answers_nobody():
    world = World(distribution(enabled=False))

    assert (world.ask().status, world.asked) == (403, [])


@proves("host-names")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        (DOMAIN, 200),
        (DOMAIN.upper() + ":443", 200),
        ("www.example.com", 200),
        ("a.tenant.example", 200),
        ("a.b.tenant.example", 200),
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("tenant.example", 403),
        ("eviltenant.example", 403),
        ("other.example.com", 403),
        ("", 403),
    ],
)
def test_host_names(host, status):
    assert World().ask(host=host).status == status


@proves("request-malformed")
def test_a_request_without_host_or_slash_is_malformed():
    world = World()
    bare = request()

    assert world.ask("a").status == 400
    without_host = type(bare)("GET", "/a", "", ())
    assert world.run(lambda: world.send(without_host)).status == 400
    assert world.asked == []


@proves("request-length")
def test_a_request_is_at_most_20480_bytes_long():
    world = World()
    base = len("GET/a") + 12 + len("Host") + len(DOMAIN) + 4 + len("x") + 4

    assert world.ask(headers={"x": "v" * (20_480 - base)}).status == 200
    too_long = world.ask(headers={"x": "v" * (20_481 - base)})

    assert (too_long.status, too_long.decision.reasons) == (413, ("request-length",))


@proves("url-length")
def test_a_url_is_at_most_8192_bytes_long():
    world = World()
    base = len(f"https://{DOMAIN}/?")

    assert world.ask("/" + "a" * (8192 - base)).status == 200
    too_long = world.ask("/a?" + "a" * (8192 - base))
    assert (too_long.status, too_long.decision.reasons) == (413, ("url-length",))


@proves("https-only")
def test_plain_http_is_refused_where_https_is_the_only_protocol():
    world = World(distribution(behavior(viewer_protocol_policy="https-only")))

    assert (world.ask(scheme="http").status, world.ask(scheme="https").status, len(world.asked)) == (403, 200, 1)


@proves("redirect-to-https")
@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("HEAD", 301), ("POST", 307), ("DELETE", 307)])
def test_plain_http_is_redirected(method, status):
    world = World(distribution(behavior(viewer_protocol_policy="redirect-to-https")))

    response = world.ask("/a?b=c", method=method, scheme="http")

    assert (response.status, header(response, "location")) == (status, f"https://{DOMAIN}/a?b=c")
    assert (response.decision.result_type, world.asked) == ("Redirect", [])


@proves("redirect-to-https")
@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 403)])
def test_http_1_0_knows_no_redirect_that_keeps_the_method(method, status):
    world = World(distribution(behavior(viewer_protocol_policy="redirect-to-https")))

    assert (world.ask(method=method, scheme="http", http_version="1.0").status, world.asked) == (status, [])


@proves("allowed-methods", "refusal-before-function")
@pytest.mark.parametrize("method", ["POST", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND"])
def test_a_method_that_is_not_allowed_is_refused(method):
    world = World(distribution(behavior(allowed_methods=READ, viewer_request=FUNCTION)))

    response = world.ask(method=method)

    assert (response.status, response.decision.detailed_result_type) == (403, "InvalidRequestMethod")
    assert (world.events, world.asked) == ([], [])


@proves("get-with-body")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_with_a_body_is_refused(method):
    world = World()

    assert (world.ask(method=method, body=b"x").status, world.asked) == (403, [])


def test_a_post_with_its_body_and_headers_reaches_the_origin():
    world = World(distribution(behavior(cache_policy=DISABLED)))
    world.respond = lambda _request: answer(b"made", 201)

    response = world.ask(method="POST", body=b"{}")

    assert (response.status, world.asked[0].method, world.asked[0].body) == (201, "POST", b"{}")


@proves("method-sets")
def test_allowed_methods_are_one_of_the_sets():
    with pytest.raises(UnmodelledError, match="the allowed methods GET, POST"):
        World(distribution(behavior(allowed_methods=frozenset({"GET", "POST"}))))
    with pytest.raises(UnmodelledError, match="the cached methods DELETE"):
        World(distribution(behavior(cached_methods=frozenset({"DELETE"}), cache_policy=policy())))
