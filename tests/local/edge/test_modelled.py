from dataclasses import replace

import pytest

from local.edge.errors import UnmodelledError
from local.edge.model import ErrorRule, OriginRequestPolicy, Selection
from tests.local.edge.world import (
    DISABLED,
    FUNCTION,
    World,
    behavior,
    distribution,
    forward,
    listed,
    origin,
    policy,
    proves,
)

CUSTOM = tuple((f"x-{number}", "v") for number in range(31))
WITH_ORIGIN = {"behaviors": (behavior(),)}


def caching(**inputs):
    return {"behaviors": (behavior(cache_policy=policy(**inputs)),)}


def requesting(request_policy):
    return {"behaviors": (behavior(origin_request_policy=request_policy),)}


def running(**changes):
    return {"behaviors": (behavior(viewer_request=replace(FUNCTION, **changes)),)}


@proves(
    "ttl-order",
    "disabled-policy-inputs",
    "cloudfront-headers",
    "error-statuses",
    "default-behavior",
    "function-size",
    "origin-custom-headers",
    "authorization-in-origin-request-policy",
    "accept-encoding",
)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (caching(max_ttl=5, min_ttl=6), "these TTLs"),
        (caching(max_ttl=5, default_ttl=6), "these TTLs"),
        (caching(min_ttl=-1), "these TTLs"),
        (caching(max_ttl=0, headers=("X-Id",)), "inputs of a policy that caches nothing"),
        (caching(max_ttl=0, query=("q",)), "inputs of a policy that caches nothing"),
        (caching(headers=("CloudFront-Viewer-Country",)), "the header CloudFront-Viewer-Country"),
        (caching(headers=("accept-encoding",)), "Accept-Encoding among the headers"),
        (caching(query=Selection("allViewer")), "query strings allViewer"),
        (
            {"behaviors": (behavior(cache_policy=replace(policy(), headers=Selection("allExcept"))),)},
            "headers allExcept",
        ),
        (
            {"behaviors": (behavior(cache_policy=replace(policy(), cookies=Selection("allViewer"))),)},
            "cookies allViewer",
        ),
        (requesting(forward("Cloudfront-Viewer-Address")), "the header Cloudfront-Viewer-Address"),
        (requesting(forward("authorization")), "Authorization in an origin request policy"),
        (requesting(OriginRequestPolicy("p", Selection("allViewerAndWhitelistCloudFront"))), "allViewerAndWhitelist"),
        (requesting(OriginRequestPolicy("p", cookies=Selection("allViewer"))), "cookies allViewer"),
        ({"error_rules": {418: ErrorRule(0)}}, "a custom error response for 418"),
        ({"behaviors": (behavior("/a"),)}, "a distribution without a default behavior"),
        ({"behaviors": ()}, "a distribution without a default behavior"),
        ({"behaviors": (behavior(origin_id="gone"),)}, "the origin gone"),
        (running(code=b"x" * 10_241), "10241 bytes of code"),
        (running(runtime="cloudfront-js-1.0"), "the runtime cloudfront-js-1.0"),
        ({"origins": {"api": origin(custom_headers=CUSTOM)}}, "31 origin custom headers"),
        ({"origins": {"api": origin(connection_attempts=4)}}, "4 connection attempts"),
        ({"origins": {"api": origin(path="v1")}}, "the origin path v1"),
        ({"origins": {"api": origin(path="/v1/")}}, "the origin path /v1/"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(changes, message):
    refused = replace(distribution(), **changes)
    world = World()

    with pytest.raises(UnmodelledError, match=message) as at_start:
        World(refused)
    with pytest.raises(UnmodelledError, match=message):
        world.edge.replace_distribution(refused)

    assert at_start.value.where["distribution"] == "E1"
    assert at_start.value.allowed
    assert world.edge.distribution == distribution()


def test_the_message_says_where_and_what_is_allowed():
    with pytest.raises(UnmodelledError) as refused:
        World(distribution(behavior("/a", policy(headers=("CloudFront-Is-Mobile-Viewer",)))))

    assert str(refused.value) == (
        "the local edge does not model the header CloudFront-Is-Mobile-Viewer "
        "(distribution E1, behavior /a, cache policy policy); allowed: headers that the viewer or the function sends"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": {"api": origin(custom_headers=CUSTOM[:30], path="/v1", connection_attempts=3)}},
        running(code=b"x" * 10_240),
        {"behaviors": (behavior(cache_policy=DISABLED),)},
        requesting(OriginRequestPolicy("p", Selection("allExcept", ("Host",)), Selection("all"), Selection("all"))),
        {"behaviors": (behavior(cache_policy=replace(policy(), cookies=listed("c"), query_strings=Selection("all"))),)},
    ],
)
def test_what_is_just_allowed(changes):
    assert World(replace(distribution(), **changes)).ask().status == 200
