from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.caching.admission import WRITE_HEADERS, admit
from strata.caching.classes import RESERVED_HEADERS, UNKEYED_INPUTS
from strata.caching.origin_verify import LOCKED_BY_NETWORK, Verifier

SECRET = "s" * 64
VERIFIER = Verifier([SECRET, "t" * 64])
DIGEST = "d" * 64
EDGE = {"x-origin-verify": SECRET, "x-auth-hash": DIGEST, "x-origin-authorization": "Bearer theirs"}


def raw(*pairs, **named):
    named = {name.replace("_", "-"): value for name, value in named.items()}
    return [(name.encode(), value.encode()) for name, value in (*pairs, *named.items())]


def seen(admission, name):
    return [value.decode() for found, value in admission.headers if found == name.encode()]


@pytest.mark.parametrize("verifier", [VERIFIER, Verifier(LOCKED_BY_NETWORK)])
def test_the_relayed_authorization_replaces_every_other(verifier):
    headers = raw(("authorization", "Bearer mine"), ("authorization", "Bearer another"), *EDGE.items())
    admission = admit("GET", headers, verifier)
    assert seen(admission, "authorization") == ["Bearer theirs"]
    assert admission.is_from_edge
    assert admission.is_keyed_by_caller
    assert admission.names_caller


@pytest.mark.parametrize("secret", [None, "", "wrong" * 10, SECRET[:-1], SECRET.upper()])
def test_without_the_secret_authorization_stays_what_the_viewer_sent(secret):
    forged = {name: value for name, value in (EDGE | {"x-origin-verify": secret}).items() if value is not None}
    admission = admit("GET", raw(("authorization", "Bearer mine"), *forged.items()), VERIFIER)
    assert seen(admission, "authorization") == ["Bearer mine"]
    assert not admission.is_from_edge
    assert not admission.is_keyed_by_caller
    assert admission.has_unknown_secret == (secret is not None)


def test_the_edge_without_a_relay_header_leaves_authorization():
    admission = admit("GET", raw(("authorization", "Bearer mine"), x_origin_verify=SECRET), VERIFIER)
    assert seen(admission, "authorization") == ["Bearer mine"]


@pytest.mark.parametrize("name", RESERVED_HEADERS)
def test_a_reserved_header_that_came_twice_proves_nothing(name):
    admission = admit("GET", raw(*EDGE.items(), (name, EDGE[name]), ("authorization", "Bearer mine")), VERIFIER)
    if name == "x-origin-verify":
        assert not admission.is_from_edge
    if name == "x-auth-hash":
        assert not admission.is_keyed_by_caller
    else:
        assert seen(admission, "authorization") == ["Bearer mine"]


def test_the_digest_in_full_says_that_the_key_holds_the_caller():
    for digest in ("", "d" * 4, "d" * 63, "d" * 65):
        assert not admit("GET", raw(*(EDGE | {"x-auth-hash": digest}).items()), VERIFIER).is_keyed_by_caller


@pytest.mark.parametrize("edge", [{}, EDGE], ids=["direct", "relayed"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_reads_lose_the_headers_of_writes(method, edge):
    headers = raw(*dict.fromkeys(WRITE_HEADERS, "v").items(), ("accept", "*/*"), *edge.items())
    admission = admit(method, headers, VERIFIER)
    is_read = method in {"GET", "HEAD"}
    assert admission.is_read == is_read
    for name in WRITE_HEADERS:
        assert seen(admission, name) == ([] if is_read else ["v"])
    assert seen(admission, "accept") == ["*/*"]


def test_the_headers_of_writes_are_those_that_the_table_says_are_removed():
    assert set(WRITE_HEADERS) == {name for name, why in UNKEYED_INPUTS.items() if "removes it from GET and HEAD" in why}


def test_a_cookie_is_seen_and_told():
    admission = admit("GET", raw(cookie="a=1"), VERIFIER)
    assert admission.has_cookie
    assert seen(admission, "cookie") == ["a=1"]


NAMES = st.sampled_from([*RESERVED_HEADERS, "authorization", "cookie", "host", "accept", "via", *WRITE_HEADERS])
VALUES = st.sampled_from([SECRET, "t" * 64, DIGEST, "Bearer mine", "Bearer theirs", "", "x"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=12), st.sampled_from(["GET", "POST"]))
def test_no_reserved_header_ever_reaches_the_app(pairs, method):
    admission = admit(method, raw(*pairs), VERIFIER)
    assert not {name.decode() for name, _ in admission.headers} & set(RESERVED_HEADERS)
    sent = {name: [value for found, value in pairs if found == name] for name, _ in pairs}
    is_proved = sent.get("x-origin-verify") in ([SECRET], ["t" * 64])
    assert admission.is_from_edge == is_proved
    relayed = sent.get("x-origin-authorization", [])
    believed = relayed if is_proved and len(relayed) == 1 else sent.get("authorization", [])
    assert seen(admission, "authorization") == believed
    for name in ("host", "accept", "via", "cookie"):
        assert seen(admission, name) == sent.get(name, [])
