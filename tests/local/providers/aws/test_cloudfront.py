"""What CloudFront refuses, the stand-in refuses, by property and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.cloudfront_data import GetCachePolicy, GetOriginRequestPolicy, GetResponseHeadersPolicy
from local.providers.aws.cloudfront_distribution import Distribution
from local.providers.aws.cloudfront_distribution_rules import BEHAVIORS_LIMIT
from local.providers.aws.cloudfront_function import CODE_LIMIT_BYTES, CloudFrontFunction
from local.providers.aws.cloudfront_key_value_store import KeyValueStore
from local.providers.aws.cloudfront_policies import (
    POLICIES_PER_ACCOUNT,
    CachePolicy,
    OriginRequestPolicy,
    ResponseHeadersPolicy,
)
from local.providers.resource import UNKNOWN, ProviderError
from tests.local.providers.aws.cases_cloudfront import CODE, NOTHING, SOMETHING, behavior, distribution, origin

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws
    from local.providers.resource import ResourceType

KEY = "parametersInCacheKeyAndForwardedToOrigin"


def broken(resource_type: ResourceType, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    return [(failure.property, failure.reason) for failure in resource_type.check(None, inputs)]


def one(resource_type: ResourceType, inputs: dict[str, Any]) -> tuple[str, str]:
    (failure,) = broken(resource_type, inputs)
    return failure


@pytest.mark.parametrize(
    ("ttls", "place"),
    [
        ({"minTtl": 60, "defaultTtl": 30, "maxTtl": 300}, "minTtl"),
        ({"minTtl": 0, "defaultTtl": 301, "maxTtl": 300}, "defaultTtl"),
        ({"maxTtl": 300}, "defaultTtl"),
    ],
)
def test_ttls_out_of_order(ttls: dict[str, int], place: str) -> None:
    found, reason = one(CachePolicy(), {**ttls, KEY: NOTHING})
    assert found == place
    assert reason.endswith("CloudFront wants them in ascending order")


def test_a_policy_that_disables_caching_keys_nothing() -> None:
    off = {"minTtl": 0, "defaultTtl": 0, "maxTtl": 0}
    assert broken(CachePolicy(), {**off, KEY: NOTHING}) == []
    places = [
        place for place, _ in broken(CachePolicy(), {**off, KEY: {**SOMETHING, "enableAcceptEncodingGzip": True}})
    ]
    assert places == [
        f"{KEY}.{name}" for name in ("cookiesConfig", "enableAcceptEncodingGzip", "headersConfig", "queryStringsConfig")
    ]


@pytest.mark.parametrize("resource_type", [OriginRequestPolicy()])
@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ({"headersConfig": {"headerBehavior": "whitelist"}}, "headerBehavior whitelist needs items"),
        (
            {"headersConfig": {"headerBehavior": "none", "headers": {"items": ["a"]}}},
            "headerBehavior none takes no items",
        ),
        ({"cookiesConfig": {"cookieBehavior": "allExcept"}}, "cookieBehavior allExcept needs items"),
        (
            {"headersConfig": {"headerBehavior": "whitelist", "headers": {"items": [f"x-{n}" for n in range(11)]}}},
            "names 11; CloudFront takes at most 10 per policy",
        ),
        (
            {"headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["Authorization"]}}},
            "CloudFront does not allow the header Authorization here",
        ),
        (
            {"queryStringsConfig": {"queryStringBehavior": "some"}},
            "'some' is not a value that cloudfront takes; allowed: all, allExcept, none, whitelist",
        ),
    ],
)
def test_selections(resource_type: ResourceType, selection: dict[str, Any], reason: str) -> None:
    assert one(resource_type, {**NOTHING, **selection})[1] == reason


def test_authorization_may_be_keyed_but_not_forwarded_alone() -> None:
    keyed = {**NOTHING, "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["Authorization"]}}}
    assert broken(CachePolicy(), {KEY: keyed}) == []


def test_credentials_and_a_wildcard_do_not_go_together() -> None:
    cors = {
        "accessControlAllowCredentials": True,
        "accessControlAllowHeaders": {"items": ["authorization"]},
        "accessControlAllowMethods": {"items": ["GET"]},
        "accessControlAllowOrigins": {"items": ["*"]},
        "originOverride": True,
    }
    assert one(ResponseHeadersPolicy(), {"corsConfig": cors}) == (
        "corsConfig.accessControlAllowOrigins.items",
        "cannot be * while accessControlAllowCredentials is true",
    )


def test_headers_that_are_cloudfronts_own() -> None:
    items = [{"header": name, "value": "1", "override": True} for name in ("X-Edge-Class", "via", "x-ok", "X-OK")]
    assert broken(ResponseHeadersPolicy(), {"customHeadersConfig": {"items": items}}) == [
        ("customHeadersConfig.items[0].header", "CloudFront does not allow the header X-Edge-Class"),
        ("customHeadersConfig.items[1].header", "CloudFront does not allow the header via"),
        ("customHeadersConfig.items[3].header", "X-OK is there twice"),
    ]


def test_function_code_of_more_than_ten_kilobytes() -> None:
    inputs = {"name": "edge", "runtime": "cloudfront-js-2.0", "code": "ü" * (CODE_LIMIT_BYTES // 2)}
    assert broken(CloudFrontFunction(), inputs) == []
    inputs["code"] += "x"
    assert one(CloudFrontFunction(), inputs) == ("code", "is 10241 bytes; CloudFront takes at most 10240")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": "with space"}, "name"),
        ({"runtime": "cloudfront-js-3.0"}, "runtime"),
        ({"keyValueStoreAssociations": ["arn:one", "arn:two"]}, "keyValueStoreAssociations"),
        ({"runtime": "cloudfront-js-1.0", "keyValueStoreAssociations": ["arn:one"]}, "keyValueStoreAssociations"),
    ],
)
def test_function_rules(change: dict[str, Any], place: str) -> None:
    assert (
        one(CloudFrontFunction(), {"name": "edge", "runtime": "cloudfront-js-2.0", "code": CODE, **change})[0] == place
    )


DISTRIBUTION_RULES = {
    "unknown target": (
        {"defaultCacheBehavior": behavior(targetOriginId="nobody")},
        "defaultCacheBehavior.targetOriginId",
    ),
    "no cache policy": (
        {"orderedCacheBehaviors": [behavior(pathPattern="/a", cachePolicyId=None)]},
        "orderedCacheBehaviors[0].cachePolicyId",
    ),
    "methods": (
        {"defaultCacheBehavior": behavior(allowedMethods=["GET", "HEAD", "POST"])},
        "defaultCacheBehavior.allowedMethods",
    ),
    "cached methods": (
        {"defaultCacheBehavior": behavior(allowedMethods=["GET", "HEAD"], cachedMethods=["GET", "HEAD", "OPTIONS"])},
        "defaultCacheBehavior.cachedMethods",
    ),
    "viewer protocol": (
        {"defaultCacheBehavior": behavior(viewerProtocolPolicy="https")},
        "defaultCacheBehavior.viewerProtocolPolicy",
    ),
    "event of Lambda@Edge": (
        {"defaultCacheBehavior": behavior(functionAssociations=[{"eventType": "origin-request", "functionArn": "a"}])},
        "defaultCacheBehavior.functionAssociations[0].eventType",
    ),
    "two functions on an event": (
        {
            "defaultCacheBehavior": behavior(
                functionAssociations=[{"eventType": "viewer-request", "functionArn": arn} for arn in "ab"]
            )
        },
        "defaultCacheBehavior.functionAssociations[1].eventType",
    ),
    "same path twice": (
        {"orderedCacheBehaviors": [behavior(pathPattern=path) for path in ("/api/*", "api/*")]},
        "orderedCacheBehaviors[1].pathPattern",
    ),
    "bad path": ({"orderedCacheBehaviors": [behavior(pathPattern="/a b")]}, "orderedCacheBehaviors[0].pathPattern"),
    "too many behaviors": (
        {"orderedCacheBehaviors": [behavior(pathPattern=f"/{n}") for n in range(BEHAVIORS_LIMIT)]},
        "orderedCacheBehaviors",
    ),
    "same origin twice": ({"origins": [origin(), origin()]}, "origins[1].originId"),
    "URL as domain": ({"origins": [origin(domainName="https://api.example.com")]}, "origins[0].domainName"),
    "IP as domain": ({"origins": [origin(domainName="10.0.0.1")]}, "origins[0].domainName"),
    "origin path": ({"origins": [origin(originPath="v1/")]}, "origins[0].originPath"),
    "port": (
        {"origins": [origin(customOriginConfig={**origin()["customOriginConfig"], "httpPort": 81})]},
        "origins[0].customOriginConfig.httpPort",
    ),
    "TLS of the origin": (
        {"origins": [origin(customOriginConfig={**origin()["customOriginConfig"], "originSslProtocols": ["TLSv1.3"]})]},
        "origins[0].customOriginConfig.originSslProtocols[0]",
    ),
    "read timeout": (
        {"origins": [origin(customOriginConfig={**origin()["customOriginConfig"], "originReadTimeout": 181})]},
        "origins[0].customOriginConfig.originReadTimeout",
    ),
    "shield without region": (
        {"origins": [origin(originShield={"enabled": True})]},
        "origins[0].originShield.originShieldRegion",
    ),
    "shield elsewhere": (
        {"origins": [origin(originShield={"enabled": True, "originShieldRegion": "eu-west-3"})]},
        "origins[0].originShield.originShieldRegion",
    ),
    "reserved header": (
        {"origins": [origin(customHeaders=[{"name": "X-Edge-Key", "value": "1"}])]},
        "origins[0].customHeaders[0].name",
    ),
    "alias without certificate": ({"aliases": ["api.example.com"]}, "aliases"),
    "two certificates": (
        {
            "viewerCertificate": {
                "cloudfrontDefaultCertificate": True,
                "acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/one",
                "sslSupportMethod": "sni-only",
            }
        },
        "viewerCertificate",
    ),
    "certificate elsewhere": (
        {
            "viewerCertificate": {
                "acmCertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/one",
                "sslSupportMethod": "sni-only",
            }
        },
        "viewerCertificate.acmCertificateArn",
    ),
    "no way of TLS": (
        {"viewerCertificate": {"acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/one"}},
        "viewerCertificate.sslSupportMethod",
    ),
    "TLS of the default certificate": (
        {"viewerCertificate": {"cloudfrontDefaultCertificate": True, "minimumProtocolVersion": "TLSv1.2_2021"}},
        "viewerCertificate.minimumProtocolVersion",
    ),
    "price class": ({"priceClass": "PriceClass_300"}, "priceClass"),
    "HTTP version": ({"httpVersion": "http4"}, "httpVersion"),
    "geo without countries": (
        {"restrictions": {"geoRestriction": {"restrictionType": "whitelist"}}},
        "restrictions.geoRestriction.locations",
    ),
    "country": (
        {"restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["UKR"]}}},
        "restrictions.geoRestriction.locations[0]",
    ),
    "error code": ({"customErrorResponses": [{"errorCode": 401}]}, "customErrorResponses[0].errorCode"),
    "half an error page": (
        {"customErrorResponses": [{"errorCode": 404, "responseCode": 200}]},
        "customErrorResponses[0]",
    ),
    "error TTL": (
        {"customErrorResponses": [{"errorCode": 404, "errorCachingMinTtl": -1}]},
        "customErrorResponses[0].errorCachingMinTtl",
    ),
    "web ACL": ({"webAclId": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"}, "webAclId"),
    "root object": ({"defaultRootObject": "/index.html"}, "defaultRootObject"),
}


@pytest.mark.parametrize(("change", "place"), DISTRIBUTION_RULES.values(), ids=DISTRIBUTION_RULES)
def test_distribution_rules(change: dict[str, Any], place: str) -> None:
    assert one(Distribution(), distribution(**change))[0] == place


def test_messages_name_what_is_allowed() -> None:
    assert one(Distribution(), distribution(priceClass="None"))[1] == (
        "'None' is not a value that cloudfront takes; allowed: PriceClass_100, PriceClass_200, PriceClass_All"
    )
    assert one(Distribution(), distribution(defaultCacheBehavior=behavior(targetOriginId="b")))[1] == (
        "no origin or origin group has the id 'b'; there are api"
    )


def test_unknown_values_break_no_rule() -> None:
    unknown = distribution(
        aliases=UNKNOWN,
        origins=[origin(domainName=UNKNOWN, originId=UNKNOWN, originShield=UNKNOWN)],
        defaultCacheBehavior=behavior(
            targetOriginId=UNKNOWN,
            cachePolicyId=UNKNOWN,
            functionAssociations=[{"eventType": "viewer-request", "functionArn": UNKNOWN}],
        ),
        viewerCertificate={"acmCertificateArn": UNKNOWN, "sslSupportMethod": "sni-only"},
    )
    assert broken(Distribution(), unknown) == []
    assert broken(Distribution(), distribution(origins=UNKNOWN)) == []
    assert broken(CachePolicy(), {"minTtl": UNKNOWN, "maxTtl": 1, KEY: UNKNOWN}) == []


def test_references_must_exist(aws: Aws) -> None:
    wanted = distribution(
        defaultCacheBehavior=behavior(
            cachePolicyId="no-policy",
            originRequestPolicyId="no-request-policy",
            responseHeadersPolicyId="no-headers-policy",
            functionAssociations=[{"eventType": "viewer-request", "functionArn": "arn:aws:cloudfront::1:function/no"}],
            trustedKeyGroups=["no-group"],
        ),
        origins=[origin(originAccessControlId="no-control")],
        viewerCertificate={"acmCertificateArn": f"arn:aws:acm:us-east-1:{aws.account_id}:certificate/no"},
    )
    with pytest.raises(ProviderError) as caught:
        Distribution().create(aws, wanted)
    assert [part.partition(":")[0] for part in str(caught.value).removeprefix("distribution (new): ").split("; ")] == [
        "defaultCacheBehavior.cachePolicyId",
        "defaultCacheBehavior.originRequestPolicyId",
        "defaultCacheBehavior.responseHeadersPolicyId",
        "defaultCacheBehavior.functionAssociations[0].functionArn",
        "defaultCacheBehavior.trustedKeyGroups",
        "origins[0].originAccessControlId",
        "viewerCertificate.acmCertificateArn",
    ]


def test_a_function_is_associated_once_it_is_published_and_deleted_once_it_is_not_used(aws: Aws) -> None:
    function, inputs = CloudFrontFunction(), {"name": "edge", "code": CODE, "runtime": "cloudfront-js-2.0"}
    function.create(aws, {**inputs, "publish": False})
    arn = f"arn:aws:cloudfront::{aws.account_id}:function/edge"
    association = [{"eventType": "viewer-request", "functionArn": arn}]
    wanted = distribution(defaultCacheBehavior=behavior(functionAssociations=association))
    with pytest.raises(ProviderError, match="is not published: only the LIVE stage can be associated"):
        Distribution().create(aws, wanted)

    function.update(aws, "edge", {**inputs, "publish": False}, inputs)
    made = Distribution().create(aws, wanted)
    with pytest.raises(ProviderError, match=f"FunctionInUse: associated with {made.id}"):
        function.delete(aws, "edge", {})
    Distribution().delete(aws, made.id, {})
    function.delete(aws, "edge", {})
    assert function.read(aws, "edge", {}) is None


def test_an_update_reaches_viewers_only_when_it_is_published(aws: Aws) -> None:
    function, inputs = CloudFrontFunction(), {"name": "edge", "code": CODE, "runtime": "cloudfront-js-2.0"}
    function.create(aws, inputs)
    changed = {**inputs, "code": f"{CODE} // two", "publish": False}
    function.update(aws, "edge", inputs, changed)
    assert _live_code(aws) == CODE
    function.update(aws, "edge", changed, {**changed, "publish": True})
    assert _live_code(aws) == f"{CODE} // two"


def _live_code(aws: Aws) -> str:
    code: bytes = aws.client("cloudfront").get_function(Name="edge", Stage="LIVE")["FunctionCode"].read()
    return code.decode()


def test_a_policy_in_use_stays(aws: Aws) -> None:
    policy = CachePolicy().create(aws, {"name": "user-data", KEY: NOTHING})
    made = Distribution().create(aws, distribution(defaultCacheBehavior=behavior(cachePolicyId=policy.id)))
    with pytest.raises(ProviderError, match=f"CachePolicyInUse: attached to cache behaviors of {made.id}"):
        CachePolicy().delete(aws, policy.id, {"name": "user-data"})


def test_an_account_has_room_for_twenty_policies(aws: Aws) -> None:
    for number in range(POLICIES_PER_ACCOUNT):
        OriginRequestPolicy().create(aws, {"name": f"policy-{number}", **NOTHING})
    reason = "TooManyOriginRequestPolicies: the account has 20 custom ones, and the quota is 20"
    with pytest.raises(ProviderError, match=f"^creating origin request policy one-more: {reason}$"):
        OriginRequestPolicy().create(aws, {"name": "one-more", **NOTHING})


def test_an_alias_belongs_to_one_distribution_and_to_its_certificate(aws: Aws) -> None:
    arn = aws.client("acm", "us-east-1").request_certificate(DomainName="*.example.com")["CertificateArn"]
    certificate = {"acmCertificateArn": arn, "sslSupportMethod": "sni-only"}
    first = Distribution().create(aws, distribution(viewerCertificate=certificate, aliases=["api.example.com"]))
    wanted = distribution(viewerCertificate=certificate, aliases=["API.example.com", "a.b.example.com"])
    with pytest.raises(ProviderError) as caught:
        Distribution().create(aws, wanted)
    assert str(caught.value) == (
        "distribution (new): aliases[1]: the certificate covers *.example.com, not a.b.example.com; "
        f"aliases[0]: CNAMEAlreadyExists: API.example.com belongs to distribution {first.id}"
    )


def test_retain_on_delete_only_disables(aws: Aws) -> None:
    made = Distribution().create(aws, distribution())
    Distribution().delete(aws, made.id, {"retainOnDelete": True})
    live = Distribution().read(aws, made.id, distribution())
    assert live is not None
    assert live["enabled"] is False


def test_drift_shows_where_it_is_and_nowhere_else(aws: Aws) -> None:
    said = distribution(comment="strata", origins=[origin(), origin("second")])
    made = Distribution().create(aws, said)
    before = Distribution().read(aws, made.id, said)
    client = aws.client("cloudfront")
    answer = client.get_distribution_config(Id=made.id)
    config = answer["DistributionConfig"]
    config["Origins"]["Items"].reverse()
    config["Origins"]["Items"][0]["ConnectionAttempts"] = 1
    config["DefaultCacheBehavior"]["Compress"] = True
    client.update_distribution(Id=made.id, IfMatch=answer["ETag"], DistributionConfig=config)

    live = Distribution().read(aws, made.id, said)
    assert before is not None
    assert live is not None
    changed = {name for name in live if live[name] != before[name]}
    assert changed - {"lastModifiedTime"} == {"defaultCacheBehavior", "etag", "origins"}
    assert live["origins"] == [origin(), origin("second", connectionAttempts=1)]
    assert live["defaultCacheBehavior"] == behavior(compress=True)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (GetCachePolicy(), "Managed-CachingDisabled"),
        (GetOriginRequestPolicy(), "Managed-AllViewerExceptHostHeader"),
        (GetResponseHeadersPolicy(), "Managed-SecurityHeadersPolicy"),
    ],
)
def test_managed_policies_by_name(aws: Aws, function: Any, name: str) -> None:
    by_name = function.invoke(aws, {"name": name})
    assert by_name["name"] == name
    assert function.invoke(aws, {"id": by_name["id"]}) == by_name
    with pytest.raises(ProviderError, match=r"has the name Managed-Nothing; managed ones: .*Managed-"):
        function.invoke(aws, {"name": "Managed-Nothing"})


def test_data_sources_answer_lists_under_plurals(aws: Aws) -> None:
    made = CachePolicy().create(aws, {"name": "user-data", "maxTtl": 300, "defaultTtl": 0, KEY: SOMETHING})
    (key,) = GetCachePolicy().invoke(aws, {"id": made.id})[f"{KEY}s"]
    assert key["headersConfigs"] == [{"headerBehavior": "whitelist", "headers": [{"items": ["x-auth-hash", "accept"]}]}]


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"name": "with space"}, "name", "'with space' is not 1 to 64 letters, digits, hyphens and underscores"),
        ({"comment": "x" * 129}, "comment", "has 129 characters; cloudfront takes 0 to 128"),
    ],
)
def test_key_value_store_rules(change: dict[str, Any], place: str, reason: str) -> None:
    assert one(KeyValueStore(), {"name": "edge", **change}) == (place, reason)


def test_a_store_is_deleted_once_no_function_reads_it(aws: Aws) -> None:
    store, function = KeyValueStore(), CloudFrontFunction()
    store.create(aws, {"name": "edge-store"})
    live = store.read(aws, "edge-store", {})
    assert live is not None
    inputs = {"name": "reader", "code": CODE, "runtime": "cloudfront-js-2.0"}
    function.create(aws, {**inputs, "keyValueStoreAssociations": [live["arn"]]})
    with pytest.raises(ProviderError, match="deleting key value store edge-store: CannotDeleteEntityWhileInUse"):
        store.delete(aws, "edge-store", {})
    function.delete(aws, "reader", {})
    store.delete(aws, "edge-store", {})
    assert store.read(aws, "edge-store", {}) is None
    with pytest.raises(ProviderError, match="edge-store does not exist"):
        function.create(aws, {**inputs, "keyValueStoreAssociations": [live["arn"]]})
