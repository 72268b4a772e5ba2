from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strata.caching import CdnCacheMiddleware, cdn_cache
from tests.strata.caching.answers import (
    FROM_EDGE,
    FROM_EDGE_FOR_ALL,
    SECRET,
    answering,
    directives,
    exchange,
    http_scope,
    may_be_kept,
    values_of,
)

#: A request of each class as its behavior at the edge makes it.
EDGES = {"none": FROM_EDGE, "realtime": FROM_EDGE, "user_data": FROM_EDGE, "static_data": FROM_EDGE_FOR_ALL}


def judged(name, *, status=200, answer=(), request=None, method="GET", tags=(), preset_tags=()):
    """Return the header fields of an answer of a route with this preset."""
    inner = answering(status, answer)

    async def app(scope, receive, send):
        cdn_cache.tag(scope, *tags)
        await inner(scope, receive, send)

    options = {"tags": preset_tags} if preset_tags else {}
    cdn_cache.presets()[name](**options)(app)
    middleware = CdnCacheMiddleware(app, origin_verify=[SECRET], explains=True)
    start, _ = exchange(middleware, http_scope(method, EDGES[name] if request is None else request))
    return start["headers"]


def explained(*arguments, **options):
    headers = judged(*arguments, **options)
    return may_be_kept(headers), values_of(headers, "x-strata-cache")[0]


@pytest.mark.parametrize("name", ["realtime", "user_data", "static_data"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
def test_what_is_kept(name, method, status):
    assert explained(name, status=status, method=method) == (True, f"{name}; kept")


def test_an_unmarked_route_is_never_kept_whatever_its_handler_says():
    kept, why = explained(
        "none", answer=[(b"cache-control", b"public, max-age=60"), (b"surrogate-control", b"max-age=9")]
    )
    assert (kept, why) == (False, "none; the route has no preset that keeps answers")


#: What a handler may do so that its answer is not kept, with why.
FIELDS_THAT_KEEP_OUT = (
    ([(b"Set-Cookie", b"a=1")], "the answer has a Set-Cookie"),
    ([(b"Vary", b"*")], "the answer varies by *, which is not in the key"),
    ([(b"vary", b"Origin")], "the answer varies by origin, which is not in the key"),
    ([(b"vary", b"Accept-Encoding"), (b"vary", b"Cookie")], "the answer varies by cookie, which is not in the key"),
    ([(b"Cache-Control", b"no-store")], "the handler's cache-control keeps it out"),
    ([(b"cache-control", b"max-age=9"), (b"cache-control", b"private")], "the handler's cache-control keeps it out"),
    ([(b"cache-control", b""), (b"Surrogate-Control", b"private")], "the handler's surrogate-control keeps it out"),
    ([(b"cdn-cache-control", b"max-age=0")], "the handler's cdn-cache-control keeps it out"),
    ([(b"cloudflare-cdn-cache-control", b"private")], "the handler's cloudflare-cdn-cache-control keeps it out"),
    ([(b"Expires", b"Wed, 21 Oct 2037 07:28:00 GMT")], "the handler wrote expires itself"),
    ([(b"pragma", b"no-cache")], "the handler wrote pragma itself"),
    ([(b"cache-tag", b"mine")], "the handler wrote cache-tag itself"),
    ([(b"surrogate-key", b"mine")], "the handler wrote surrogate-key itself"),
)  # fmt: skip
OTHERS_THAT_KEEP_OUT = (
    *(({"method": method}, "only answers to GET and HEAD are kept") for method in ("POST", "PUT", "DELETE", "TRACE")),
    *(({"status": status}, f"status {status} is never kept") for status in (201, 203, 206, 301, 302, 307, 308)),
    *(({"status": status}, f"status {status} is never kept") for status in (400, 401, 403, 404, 410, 429, 500, 503)),
    ({"tags": ["a b"]}, "not a cache tag: 'a b'"),
    ({"tags": ["\u20ac"]}, "not a cache tag: '\\u20ac'"),
    ({"tags": [str(number) for number in range(50)], "preset_tags": ["one"]}, "51 cache tags on one answer"),
)


@pytest.mark.parametrize("name", ["realtime", "user_data", "static_data"])
@pytest.mark.parametrize(
    ("options", "why"), [*(({"answer": fields}, why) for fields, why in FIELDS_THAT_KEEP_OUT), *OTHERS_THAT_KEEP_OUT]
)
def test_what_is_not_kept_and_why(name, options, why):
    assert explained(name, **options) == (False, f"{name}; {why}")


@pytest.mark.parametrize("name", ["realtime", "user_data"])
@pytest.mark.parametrize(
    "request_headers", [FROM_EDGE_FOR_ALL, FROM_EDGE[:1] + FROM_EDGE[2:], (*FROM_EDGE_FOR_ALL, (b"x-auth-hash", b"d"))]
)
def test_a_callers_answer_is_kept_only_where_the_key_holds_the_caller(name, request_headers):
    """A behavior without the edge function has one key for all callers."""
    assert explained(name, request=request_headers) == (
        False,
        f"{name}; the edge did not say that its key holds the caller",
    )


@pytest.mark.parametrize("extra", [(b"authorization", b"Bearer me"), FROM_EDGE[2]])
def test_an_answer_for_everybody_is_kept_only_where_nobody_is_named(extra):
    found = explained("static_data", request=(*FROM_EDGE_FOR_ALL, extra))
    assert found == (False, "static_data; the request has an Authorization, which is not in the key")


@pytest.mark.parametrize("name", ["realtime", "user_data", "static_data"])
def test_an_answer_to_a_cookie_is_not_kept(name):
    found = explained(name, request=(*EDGES[name], (b"cookie", b"session=1")))
    assert found == (False, f"{name}; the request has a Cookie, which is in no key")


def test_vary_by_the_callers_identity_is_covered_by_its_digest_where_that_is_in_the_key():
    assert values_of(judged("user_data", answer=[(b"vary", b"Authorization, accept-encoding")]), "vary") == [
        "authorization, x-auth-hash, accept-language, accept-encoding"
    ]
    assert not may_be_kept(judged("static_data", answer=[(b"vary", b"Authorization")]))
    assert not may_be_kept(judged("realtime", answer=[(b"vary", b"Accept-Language")]))


def test_vary_of_an_answer_that_is_not_kept_stays():
    headers = judged("none", answer=[(b"Vary", b"Origin"), (b"vary", b"Cookie")])
    assert values_of(headers, "vary") == ["Origin", "Cookie"]


@pytest.mark.parametrize("name", ["none", "user_data"])
def test_what_is_not_kept_still_sets_its_cookies_and_says_what_else_it_said(name):
    answer = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"Pragma", b"no-cache"), (b"ETag", b'"1"')]
    headers = judged(name, answer=answer)
    assert headers[:4] == answer
    assert not may_be_kept(headers)


def test_the_shortest_of_all_fields_counts():
    answer = [
        (b"cache-control", b"s-maxage=200"),
        (b"surrogate-control", b"max-age=100, stale-if-error=5"),
        (b"cdn-cache-control", b"max-age=150"),
    ]
    headers = judged("static_data", answer=answer)
    assert values_of(headers, "cache-control") == [
        "max-age=0, s-maxage=100, stale-while-revalidate=60, stale-if-error=5"
    ]
    assert values_of(headers, "surrogate-control") == ["max-age=100, stale-while-revalidate=60, stale-if-error=5"]
    assert not values_of(headers, "cdn-cache-control")


def test_tags_of_the_route_come_before_those_of_the_answer():
    headers = judged("user_data", preset_tags=["payments"], tags=["Payment:2", "payments"])
    assert values_of(headers, "cache-tag") == ["payments,payment:2"]
    assert values_of(headers, "surrogate-key") == ["payments payment:2"]
    assert values_of(judged("user_data", preset_tags=["payments"]), "cache-tag") == ["payments"]


def test_what_is_not_kept_has_no_tags():
    headers = judged("user_data", status=404, preset_tags=["payments"], tags=["payment:2"])
    assert not values_of(headers, "cache-tag") + values_of(headers, "surrogate-key")


LIFETIMES = (
    *(b"no-store", b"private", b"No-Cache", b'private="a, b"', b"public", b"must-revalidate", b'x="', b""),
    *(b"max-age=0", b"max-age=-1", b"max-age=7", b"s-maxage=9999", b"max-age=99999999999"),
    *(b"stale-if-error=86400", b"stale-while-revalidate=86400"),
)
VARIED = (b"*", b"Accept-Encoding", b"authorization", b"origin, *", b"Accept-Language", b"x-auth-hash", b"")
FIELDS = st.one_of(
    st.tuples(
        st.sampled_from([b"cache-control", b"Cache-Control", b"surrogate-control", b"CDN-Cache-Control"]),
        st.lists(st.sampled_from(LIFETIMES), max_size=4).map(b", ".join),
    ),
    st.tuples(st.sampled_from([b"vary", b"Vary"]), st.sampled_from(VARIED)),
    st.tuples(st.sampled_from([b"Set-Cookie", b"expires", b"Pragma", b"cache-tag", b"Surrogate-Key"]), st.just(b"x")),
    st.tuples(st.sampled_from([b"content-type", b"age", b"etag"]), st.just(b"x")),
    st.tuples(st.sampled_from([b"cache-control", b"vary"]), st.binary(max_size=20)),
)
REQUEST = st.lists(
    st.sampled_from([*FROM_EDGE[1:], (b"authorization", b"Bearer me"), (b"cookie", b"a=1"), (b"x-auth-hash", b"d")]),
    max_size=4,
)
TAGS = st.lists(st.sampled_from(["payment:1", "Payment:1", "b", "a b", "\u20ac", "x" * 257]), max_size=3)
LONGEST = {"realtime": (5, 0, 0), "user_data": (30, 0, 0), "static_data": (300, 60, 600)}


@given(
    name=st.sampled_from(list(EDGES)),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
    status=st.sampled_from([200, 200, 200, 204, 206, 301, 304, 404, 500]),
    answer=st.lists(FIELDS, max_size=3),
    sent=REQUEST,
    tags=TAGS,
)
@example(name="user_data", method="GET", status=200, answer=[], sent=list(FROM_EDGE[1:]), tags=["b"])
@example(name="static_data", method="GET", status=200, answer=[], sent=[FROM_EDGE[2], FROM_EDGE[2]], tags=[])
@example(name="static_data", method="HEAD", status=304, answer=[], sent=[], tags=[])
@example(
    name="static_data",
    method="GET",
    status=200,
    answer=[(b"cache-control", b'x=", no-store, x="')],
    sent=[],
    tags=[],
)
def test_whatever_is_answered_is_kept_only_when_class_and_rules_allow_it(name, method, status, answer, sent, tags):
    headers = judged(name, status=status, answer=answer, request=FROM_EDGE[:1] + tuple(sent), method=method, tags=tags)
    kept = may_be_kept(headers)
    assert kept <= is_allowed(name, method, status, answer, sent, tags)
    if kept:
        assert_within(name, headers)


KEYED = {
    "none": set(),
    "realtime": {"x-auth-hash", "authorization"},
    "user_data": {"x-auth-hash", "authorization", "accept-language"},
    "static_data": {"accept-language"},
}


#: Words in a quoted string are no directives (RFC 9111, 5.2; RFC 9110, 5.6.4).
QUOTED = re.compile(r'"(\\.|[^"\\])*"', re.DOTALL)


def is_allowed(name, method, status, answer, sent, tags):
    """Say in another way than the code does whether an answer may be kept at all."""
    text = {}
    for field, value in answer:
        text[field.lower()] = f"{text.get(field.lower(), '')},{value.decode('latin-1').lower()}"
    lifetimes = [text.get(field, "") for field in (b"cache-control", b"surrogate-control", b"cdn-cache-control")]
    varied = {part.strip() for part in text.get(b"vary", "").split(",")} - {""}
    return all(
        (
            name != "none",
            method in {"GET", "HEAD"},
            status in {200, 204, 304},
            not text.keys() & {b"set-cookie", b"expires", b"pragma", b"cache-tag", b"surrogate-key"},
            not any(re.search(r"no-store|(^|[, ])(private|no-cache)", QUOTED.sub("", value)) for value in lifetimes),
            varied <= KEYED[name] | {"accept-encoding"},
            not {"a b", "\u20ac", "x" * 257} & set(tags),
            is_keyed(name, sent),
        )
    )


def is_keyed(name, sent):
    names = [field for field, _ in sent]
    if "x-auth-hash" in KEYED[name]:
        is_named_rightly = names.count(b"x-auth-hash") == 1 and FROM_EDGE[1] in sent
    else:
        is_named_rightly = not {b"authorization", b"x-origin-authorization"} & set(names)
    return is_named_rightly and b"cookie" not in names


def assert_within(name, headers):
    fresh, revalidate, error = LONGEST[name]
    (cache_control,) = values_of(headers, "cache-control")
    found = directives(cache_control)
    assert found["max-age"] == 0
    assert 1 <= found["s-maxage"] <= fresh
    assert found.get("stale-while-revalidate", 0) <= revalidate
    assert found["stale-if-error"] <= error
    assert found.keys() <= {"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}
    (surrogate_control,) = values_of(headers, "surrogate-control")
    assert directives(surrogate_control)["max-age"] == found["s-maxage"]
    assert len(values_of(headers, "vary")) == 1
    assert not [
        value for field in ("expires", "cdn-cache-control", "set-cookie") for value in values_of(headers, field)
    ]
