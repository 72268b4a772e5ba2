"""What is read from AWS's API: everything that was deployed, and a refusal by name of what is not modelled."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from local.edge import control_plane, deployed_policies
from local.edge.deployed_distribution import Referred, distribution
from local.edge.errors import UnmodelledError
from local.edge.log_delivery import LEGACY_FIELDS, LogDelivery, read_deliveries
from local.edge.model import Cors, ErrorRule, Selection, SetHeader
from strata import aws
from strata.caching.key_value_store import KeyValueStore

CODE = b"async function handler(event) { return event.request; }"


def cloudfront() -> Any:
    return aws.client("cloudfront", "us-east-1")


def named(items: list[Any]) -> dict[str, Any]:
    return {"Quantity": len(items), "Items": items}


def make_policies() -> dict[str, str]:
    client = cloudfront()
    key = {
        "EnableAcceptEncodingGzip": True,
        "EnableAcceptEncodingBrotli": False,
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": named(["X-Auth-Hash"])},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": named(["utm"])},
    }
    cache = client.create_cache_policy(
        CachePolicyConfig={
            "Name": "cache",
            "MinTTL": 0,
            "DefaultTTL": 1,
            "MaxTTL": 30,
            "ParametersInCacheKeyAndForwardedToOrigin": key,
        }
    )
    request = client.create_origin_request_policy(
        OriginRequestPolicyConfig={
            "Name": "request",
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": named(["traceparent"])},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        }
    )
    response = client.create_response_headers_policy(
        ResponseHeadersPolicyConfig={
            "Name": "response",
            "CustomHeadersConfig": named([{"Header": "cache-control", "Value": "no-store", "Override": True}]),
            "RemoveHeadersConfig": named([{"Header": "cache-tag"}]),
            "SecurityHeadersConfig": {
                "StrictTransportSecurity": {"AccessControlMaxAgeSec": 9, "IncludeSubdomains": True, "Override": False}
            },
            "CorsConfig": {
                "AccessControlAllowOrigins": named(["https://app.example"]),
                "AccessControlAllowMethods": named(["GET"]),
                "AccessControlAllowHeaders": named(["authorization"]),
                "AccessControlAllowCredentials": True,
                "AccessControlMaxAgeSec": 60,
                "OriginOverride": True,
            },
        }
    )
    return {
        "CachePolicyId": cache["CachePolicy"]["Id"],
        "OriginRequestPolicyId": request["OriginRequestPolicy"]["Id"],
        "ResponseHeadersPolicyId": response["ResponseHeadersPolicy"]["Id"],
    }


def make_function(stores: list[str]) -> str:
    client = cloudfront()
    made = client.create_function(
        Name="viewer-request",
        FunctionConfig={
            "Comment": "",
            "Runtime": "cloudfront-js-2.0",
            "KeyValueStoreAssociations": named([{"KeyValueStoreARN": one} for one in stores]),
        },
        FunctionCode=CODE,
    )
    client.publish_function(Name="viewer-request", IfMatch=made["ETag"])
    return str(made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"])


def config(policies: dict[str, str], function_arn: str) -> dict[str, Any]:
    behavior = {
        **policies,
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": {**named(["GET", "HEAD"]), "CachedMethods": named(["GET", "HEAD"])},
        "Compress": True,
        "FunctionAssociations": named([{"FunctionARN": function_arn, "EventType": "viewer-request"}]),
    }
    origin = {
        "Id": "api",
        "DomainName": "localhost",
        "OriginPath": "/v2",
        "CustomHeaders": named([{"HeaderName": "x-from", "HeaderValue": "edge"}]),
        "CustomOriginConfig": {
            "HTTPPort": 8000,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "http-only",
            "OriginReadTimeout": 7,
        },
        "OriginShield": {"Enabled": True, "OriginShieldRegion": "eu-central-1"},
        "ConnectionAttempts": 2,
        "ConnectionTimeout": 4,
    }
    return {
        "CallerReference": "once",
        "Comment": "",
        "Enabled": True,
        "Aliases": named(["api.example.com"]),
        "Origins": named([origin]),
        "DefaultCacheBehavior": behavior,
        "CacheBehaviors": named([{"PathPattern": "/a/*", **behavior}]),
        "CustomErrorResponses": named([{"ErrorCode": 503, "ErrorCachingMinTTL": 0}]),
        "CacheTagConfig": {"HeaderName": "cache-tag"},
    }


def test_what_was_deployed_is_read_whole(account: str) -> None:
    store = cloudfront().create_key_value_store(Name="store")["KeyValueStore"]["ARN"]
    KeyValueStore(store).put({"secrets": "{}"})
    arn = make_function([store])
    made = cloudfront().create_distribution(DistributionConfig=config(make_policies(), arn))["Distribution"]
    found = control_plane.read(made["Id"])

    one = found.distribution
    assert (one.id, one.domain_name, one.aliases, one.enabled) == (
        made["Id"],
        made["DomainName"],
        ("api.example.com",),
        True,
    )
    assert one.cache_tag_header == "cache-tag"
    assert one.error_rules == {503: ErrorRule(0)}
    assert [behavior.path_pattern for behavior in one.behaviors] == ["/a/*", "*"]
    assert found.stores == {store: {"secrets": "{}"}}
    assert [function.arn for function in found.functions] == [arn]
    assert found.functions[0].code == CODE
    assert found.functions[0].key_value_store_arn == store
    assert control_plane.read(made["Id"]) == found


def test_policies_and_origins_are_read_whole(account: str) -> None:
    made = cloudfront().create_distribution(DistributionConfig=config(make_policies(), make_function([])))
    one = control_plane.read(made["Distribution"]["Id"]).distribution

    behavior = one.behaviors[0]
    assert behavior.allowed_methods == behavior.cached_methods == {"GET", "HEAD"}
    policy = behavior.cache_policy
    assert (policy.min_ttl, policy.default_ttl, policy.max_ttl, policy.gzip, policy.brotli) == (0, 1, 30, True, False)
    assert policy.headers == Selection("whitelist", ("X-Auth-Hash",))
    assert policy.cookies == Selection("none")
    assert policy.query_strings == Selection("allExcept", ("utm",))
    assert behavior.origin_request_policy is not None
    assert behavior.origin_request_policy.headers == Selection("whitelist", ("traceparent",))
    response = behavior.response_headers_policy
    assert response is not None
    assert response.set_headers == (
        SetHeader("strict-transport-security", "max-age=9; includeSubDomains", False),
        SetHeader("cache-control", "no-store", True),
    )
    assert response.remove_headers == ("cache-tag",)
    assert response.cors == Cors(("https://app.example",), ("GET",), ("authorization",), True, (), 60, True)
    origin = one.origins["api"]
    assert (origin.path, origin.shield_region, origin.custom_headers) == ("/v2", "eu-central-1", (("x-from", "edge"),))
    assert (origin.connection_attempts, origin.connection_timeout, origin.read_timeout) == (2, 4, 7)


def test_each_invalidation_is_seen_once(account: str) -> None:
    client = cloudfront()
    made = client.create_distribution(DistributionConfig=config(make_policies(), make_function([])))["Distribution"]

    def invalidate(reference: str, *paths: str) -> None:
        batch = {"CallerReference": reference, "Paths": named(list(paths))}
        client.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)

    invalidate("before", "/old")
    invalidations = control_plane.Invalidations(made["Id"])
    invalidate("one", "/a", "#tag")
    invalidate("two", "/b/*")

    assert sorted(invalidations.new_items()) == ["#tag", "/a", "/b/*"]
    assert invalidations.new_items() == []


def test_a_distribution_that_is_not_there(account: str) -> None:
    with pytest.raises(
        control_plane.NoDistributionError, match="does not exist .distribution ENONE.; .* next: make up"
    ):
        control_plane.read("ENONE")


@pytest.mark.parametrize(
    ("place", "value", "named_as"),
    [
        (["OriginGroups"], named([{"Id": "group"}]), "OriginGroups"),
        (["WebACLId"], "arn:aws:wafv2:us-east-1:1:global/webacl/a/b", "WebACLId"),
        (["ContinuousDeploymentPolicyId"], "some", "ContinuousDeploymentPolicyId"),
        (["Staging"], True, "Staging"),
        (
            ["Restrictions"],
            {"GeoRestriction": {"RestrictionType": "whitelist", **named(["DE"])}},
            "Restrictions.GeoRestriction",
        ),
        (
            ["DefaultCacheBehavior", "TrustedKeyGroups"],
            {"Enabled": True, **named(["k"])},
            "behavior * TrustedKeyGroups",
        ),
        (["DefaultCacheBehavior", "RealtimeLogConfigArn"], "arn", "behavior * RealtimeLogConfigArn"),
        (["DefaultCacheBehavior", "FieldLevelEncryptionId"], "some", "behavior * FieldLevelEncryptionId"),
        (
            ["DefaultCacheBehavior", "LambdaFunctionAssociations"],
            named([{"EventType": "origin-request"}]),
            "behavior * LambdaFunctionAssociations",
        ),
        (
            ["DefaultCacheBehavior", "FunctionAssociations"],
            named([{"EventType": "viewer-response", "FunctionARN": "arn"}]),
            "behavior * viewer-response function",
        ),
        (["Origins", "Items", 0, "OriginAccessControlId"], "some", "Origins.api.OriginAccessControlId"),
        (["Origins", "Items", 0, "S3OriginConfig"], {"OriginAccessIdentity": "x"}, "Origins.api.S3OriginConfig"),
        (["Origins", "Items", 0, "VpcOriginConfig"], {"VpcOriginId": "x"}, "Origins.api.VpcOriginConfig"),
        (["SomethingOfNextYear"], {"Mode": "on"}, "SomethingOfNextYear"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(place: list[Any], value: Any, named_as: str) -> None:
    policies = {"CachePolicyId": "cache"}
    deployed = copy.deepcopy(config(policies, "arn"))
    inner = deployed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    problems: list[str] = []
    policy = deployed_policies.cache_policy(
        {
            "Name": "n",
            "MinTTL": 0,
            "DefaultTTL": 0,
            "MaxTTL": 0,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": False,
                "EnableAcceptEncodingBrotli": False,
            },
        },
        problems,
    )
    referred = Referred({"cache": policy}, {}, {}, {"arn": control_plane.EdgeFunction("arn", b"", "cloudfront-js-2.0")})
    with pytest.raises(UnmodelledError) as caught:
        distribution({"Id": "E1", "DomainName": "d.example", "DistributionConfig": deployed}, referred, problems)
    assert caught.value.what == f"the local edge does not model {named_as}"


def test_what_asks_for_nothing_is_no_problem(account: str) -> None:
    deployed = config(make_policies(), make_function([]))
    deployed["DefaultCacheBehavior"]["TrustedSigners"] = {"Enabled": False, "Quantity": 0}
    deployed["Restrictions"] = {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}}
    deployed["WebACLId"] = ""
    made = cloudfront().create_distribution(DistributionConfig=deployed)["Distribution"]

    assert control_plane.read(made["Id"]).distribution.enabled


def test_a_setting_of_a_policy_that_is_not_modelled() -> None:
    problems: list[str] = []
    deployed_policies.response_headers_policy(
        {"Name": "p", "ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 50.0}}, problems
    )
    assert problems == ["response headers policy p ServerTimingHeadersConfig"]


def test_the_older_logging_is_a_delivery_too(account: str) -> None:
    logging = {"Enabled": True, "Bucket": "logs.s3.amazonaws.com", "Prefix": "cdn/", "IncludeCookies": False}

    assert read_deliveries("arn:aws:cloudfront::1:distribution/E1", logging) == (
        LogDelivery("logs", "cdn", LEGACY_FIELDS, "w3c"),
    )
    assert read_deliveries("arn:aws:cloudfront::1:distribution/E1", {"Enabled": False}) == ()


def test_a_delivery_in_a_form_that_is_not_written(account: str) -> None:
    client = aws.client("logs", "us-east-1")
    arn = f"arn:aws:cloudfront::{account}:distribution/E1"
    client.put_delivery_source(name="s", resourceArn=arn, logType="ACCESS_LOGS")
    destination = client.put_delivery_destination(
        name="d",
        outputFormat="parquet",
        deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::logs/prefix"},
    )["deliveryDestination"]["arn"]
    client.create_delivery(deliverySourceName="s", deliveryDestinationArn=destination)

    with pytest.raises(
        UnmodelledError, match="does not model delivery of parquet to S3 .delivery .*allowed: json or w3c to S3"
    ):
        read_deliveries(arn, {})
