from dataclasses import replace

import pytest

from infra.components.edge import Edge, EdgeArgs, function_code, origin_shield_region
from infra.components.edge_secrets import EdgeSecrets, EdgeSecretsArgs
from infra.config import ApiConfig, CdnConfig
from strata.caching.classes import USER_DATA
from strata.caching.contract import EVERYTHING, BehaviorContract, CacheContract, contract_of, current_contract
from strata.caching.edge_function import EdgeFunctionSettings, render

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
STORE_ARN = "arn:aws:mock:eu-central-1:123456789012:edge-secrets-store"
FUNCTION = "aws:cloudfront/function:Function"
CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
RESPONSE_HEADERS_POLICY = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"


def deployed(record, *, certificate_arn=None, origin_protocol="https", origin_port=443, contract=None, **cdn):
    api = ApiConfig(origin_domain="api.internal.example.com", origin_port=origin_port, origin_protocol=origin_protocol)
    config = CdnConfig(**cdn)
    contract = contract or current_contract()

    def program():
        secrets = EdgeSecrets("edge-secrets", EdgeSecretsArgs("dev", 1)) if config.key_value_store else None
        args = EdgeArgs(
            stack="dev",
            region="eu-central-1",
            api=api,
            cdn=config,
            contract=contract,
            function_code=function_code(contract, config),
            secrets=secrets,
            certificate_arn=certificate_arn,
        )
        return [Edge("edge", args).distribution_id]

    return record(program)


def distribution(made) -> dict:
    return made.one("aws:cloudfront/distribution:Distribution").inputs


def behaviors(made) -> dict[str, dict]:
    return {behavior["pathPattern"]: behavior for behavior in distribution(made)["orderedCacheBehaviors"]}


def names(config: dict, noun: str) -> tuple[str, ...]:
    """Return what a policy selects of one kind of input, as the contract writes it."""
    chosen = config[f"{noun}Behavior"]
    if chosen in {"none", "all", "allViewer"}:
        return () if chosen == "none" else EVERYTHING
    return tuple(config[f"{noun}s"]["items"])


def selected(policy: dict) -> tuple[tuple[str, ...], ...]:
    return tuple(
        names(policy[f"{plural}Config"], noun)
        for plural, noun in (("headers", "header"), ("queryStrings", "queryString"), ("cookies", "cookie"))
    )


def found_on(made, behavior: dict) -> dict:
    """Return the contract's facts of one behavior, read from what would be sent to CloudFront."""

    def policy_of(type_: str, id_: str) -> dict:
        return made.one(type_, id_.removesuffix("-id")).inputs

    facts = {"allowed_methods": behavior["allowedMethods"], "cached_methods": behavior["cachedMethods"]}
    headers = policy_of(RESPONSE_HEADERS_POLICY, behavior["responseHeadersPolicyId"]).get(
        "customHeadersConfig", {"items": []}
    )["items"]
    facts["viewer_cache_control"] = next((item["value"] for item in headers if item["override"]), None)
    if behavior["cachePolicyId"] == "Managed-CachingDisabled":
        facts |= {"ttls": (0, 0, 0), "keyed": ((), (), ()), "encodings": ()}
    else:
        policy = policy_of(CACHE_POLICY, behavior["cachePolicyId"])
        key = policy["parametersInCacheKeyAndForwardedToOrigin"]
        encodings = {"br": key["enableAcceptEncodingBrotli"], "gzip": key["enableAcceptEncodingGzip"]}
        facts["ttls"] = (policy["minTtl"], policy["defaultTtl"], policy["maxTtl"])
        facts["keyed"] = selected(key)
        facts["encodings"] = tuple(name for name, is_keyed in encodings.items() if is_keyed)
    request = behavior.get("originRequestPolicyId")
    whole = (EVERYTHING, EVERYTHING, EVERYTHING)
    facts["unkeyed"] = (
        whole
        if request == "Managed-AllViewerExceptHostHeader"
        else selected(policy_of(ORIGIN_REQUEST_POLICY, request))
        if request
        else ((), (), ())
    )
    return facts


def wanted_on(behavior: BehaviorContract) -> dict:
    """Return the same facts as the contract has them."""

    def ordered(*kinds: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(sorted(kind)) for kind in kinds)

    return {
        "allowed_methods": list(behavior.allowed_methods),
        "cached_methods": list(behavior.cached_methods),
        "viewer_cache_control": behavior.viewer_cache_control,
        "ttls": (behavior.min_ttl_seconds, behavior.default_ttl_seconds, behavior.max_ttl_seconds),
        "keyed": ordered(behavior.keyed_headers, behavior.keyed_query_strings, behavior.keyed_cookies),
        "encodings": behavior.keyed_encodings,
        "unkeyed": ordered(behavior.unkeyed_headers, behavior.unkeyed_query_strings, behavior.unkeyed_cookies),
    }


def other_contract() -> CacheContract:
    """Return a contract that nobody wants, to show that what is deployed is the contract and no habit."""
    first, *_, default = contract_of({"/a": USER_DATA}).behaviors
    first = replace(
        first,
        min_ttl_seconds=1,
        default_ttl_seconds=2,
        keyed_headers=("host",),
        keyed_cookies=("session",),
        keyed_encodings=("gzip",),
        unkeyed_headers=("x-debug",),
        unkeyed_query_strings=EVERYTHING,
        unkeyed_cookies=("theme",),
        allowed_methods=("GET", "HEAD"),
        viewer_cache_control="no-cache",
    )
    return CacheContract(("authorization",), "x-tags", {404: 7}, (first, replace(first, path_pattern="/a/*"), default))


@pytest.mark.parametrize("contract", [current_contract(), other_contract()], ids=["ours", "another"])
def test_what_is_deployed_is_the_contract(record, contract):
    made = deployed(record, contract=contract)
    *listed, default = contract.behaviors
    assert list(behaviors(made)) == [behavior.path_pattern for behavior in listed]
    assert found_on(made, distribution(made)["defaultCacheBehavior"]) == wanted_on(default)
    for behavior in listed:
        assert found_on(made, behaviors(made)[behavior.path_pattern]) == wanted_on(behavior)
    kept = {each["errorCode"]: each["errorCachingMinTtl"] for each in distribution(made)["customErrorResponses"]}
    assert kept == contract.error_ttl_seconds
    assert distribution(made)["cacheTagConfig"] == {"headerName": contract.cache_tag_header}


def test_classes_that_agree_share_a_policy(record):
    made = deployed(record)
    by_type = {type_: [each.name for each in made.all(type_)] for type_ in (ORIGIN_REQUEST_POLICY, CACHE_POLICY)}
    assert by_type == {
        ORIGIN_REQUEST_POLICY: ["edge-policies-caller", "edge-policies-shared"],
        CACHE_POLICY: ["edge-policies-realtime", "edge-policies-static-data", "edge-policies-user-data"],
    }
    assert [each.name for each in made.all(RESPONSE_HEADERS_POLICY)] == ["edge-policies-caller", "edge-policies-shared"]


def test_what_is_not_listed_is_never_kept_and_sees_the_whole_request(record):
    default = distribution(deployed(record))["defaultCacheBehavior"]
    assert default["cachePolicyId"] == "Managed-CachingDisabled"
    assert default["originRequestPolicyId"] == "Managed-AllViewerExceptHostHeader"
    assert default["targetOriginId"] == "api"


def test_callers_have_answers_of_their_own_for_30_seconds(record):
    made = deployed(record)
    policy = made.one(CACHE_POLICY, "edge-policies-user-data").inputs
    assert (policy["minTtl"], policy["defaultTtl"], policy["maxTtl"]) == (0, 0, 30)
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["headersConfig"]["headers"]["items"] == ["accept-language", "x-auth-hash"]
    for path in ("/api/v1/payments", "/api/v1/invoices/*"):
        assert behaviors(made)[path]["cachePolicyId"] == "edge-policies-user-data-id"


def test_static_data_is_shared_and_no_identity_reaches_its_origin(record):
    made = deployed(record)
    behavior = behaviors(made)["/api/v1/config"]
    assert behavior["cachePolicyId"] == "edge-policies-static-data-id"
    forwarded = made.one(ORIGIN_REQUEST_POLICY, "edge-policies-shared").inputs["headersConfig"]["headers"]["items"]
    assert forwarded == ["traceparent", "x-origin-verify", "x-request-id"]
    assert "POST" not in behavior["allowedMethods"]


def test_the_token_travels_outside_the_key_and_cookies_not_at_all(record):
    request = deployed(record).one(ORIGIN_REQUEST_POLICY, "edge-policies-caller").inputs
    items = request["headersConfig"]["headers"]["items"]
    assert "x-origin-authorization" in items
    assert not {"authorization", "x-auth-hash", "cookie", "host"} & set(items)
    assert request["cookiesConfig"] == {"cookieBehavior": "none"}


def test_what_an_answer_is_tagged_with_is_for_the_edge_alone(record):
    for policy in deployed(record).all(RESPONSE_HEADERS_POLICY):
        removed = [item["header"] for item in policy.inputs["removeHeadersConfig"]["items"]]
        assert removed == ["cache-tag", "surrogate-control", "surrogate-key"]


def test_web_pages_of_other_origins_are_told_nothing_unless_they_are_listed(record):
    for policy in deployed(record).all(RESPONSE_HEADERS_POLICY):
        assert "corsConfig" not in policy.inputs


def test_listed_web_pages_may_send_what_the_api_reads(record):
    made = deployed(record, cors_origins=("https://app.example.com",))
    caller = made.one(RESPONSE_HEADERS_POLICY, "edge-policies-caller").inputs["corsConfig"]
    assert caller == {
        "accessControlAllowCredentials": True,
        "accessControlAllowHeaders": {
            "items": [
                "authorization",
                "if-none-match",
                "traceparent",
                "x-request-id",
                "content-type",
                "idempotency-key",
                "if-match",
            ]
        },
        "accessControlAllowMethods": {"items": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]},
        "accessControlAllowOrigins": {"items": ["https://app.example.com"]},
        "accessControlExposeHeaders": {"items": ["etag", "location", "retry-after", "x-request-id"]},
        "accessControlMaxAgeSec": 600,
        "originOverride": True,
    }
    shared = made.one(RESPONSE_HEADERS_POLICY, "edge-policies-shared").inputs["corsConfig"]
    assert shared["accessControlAllowMethods"] == {"items": ["GET", "HEAD", "OPTIONS"]}


def test_viewers_do_not_keep_answers_for_one_caller(record):
    made = deployed(record)
    caller = made.one(RESPONSE_HEADERS_POLICY, "edge-policies-caller").inputs
    assert caller["customHeadersConfig"] == {
        "items": [{"header": "cache-control", "value": "private, no-store", "override": True}]
    }
    shared = made.one(RESPONSE_HEADERS_POLICY, "edge-policies-shared").inputs
    assert "customHeadersConfig" not in shared


def test_only_cached_paths_go_through_the_shield(record):
    made = deployed(record)
    origins = {origin["originId"]: origin for origin in distribution(made)["origins"]}
    assert {behavior["targetOriginId"] for behavior in behaviors(made).values()} == {"api-shielded"}
    assert origins["api-shielded"]["originShield"] == {"enabled": True, "originShieldRegion": "eu-central-1"}
    assert "originShield" not in origins["api"]
    assert {origin["domainName"] for origin in origins.values()} == {"api.internal.example.com"}


@pytest.mark.parametrize(
    ("region", "chosen", "expected"),
    [
        ("eu-central-1", None, "eu-central-1"),
        ("eu-west-3", None, "eu-west-2"),
        ("eu-west-3", "eu-west-1", "eu-west-1"),
    ],
)
def test_the_shield_is_as_near_as_it_can_be(region, chosen, expected):
    assert origin_shield_region(region, chosen) == expected


def test_every_behavior_is_https_only_and_runs_the_function_of_its_class(record):
    made = deployed(record)
    every = [distribution(made)["defaultCacheBehavior"], *behaviors(made).values()]
    classes = [current_contract().behaviors[-1], *current_contract().behaviors[:-1]]
    for behavior, wanted in zip(every, classes, strict=True):
        assert behavior["viewerProtocolPolicy"] == "https-only"
        name = f"edge-viewer-request-{wanted.cache_class.replace('_', '-')}"
        assert behavior["functionAssociations"] == [
            {"eventType": "viewer-request", "functionArn": f"arn:aws:mock:eu-central-1:123456789012:{name}"}
        ]


def test_a_function_is_the_file_with_the_settings_of_its_class_and_reads_the_store(record):
    made = deployed(record, tenant_claim="tenant")
    functions = made.all(FUNCTION)
    assert [each.name for each in functions] == [
        "edge-viewer-request-none",
        "edge-viewer-request-realtime",
        "edge-viewer-request-static-data",
        "edge-viewer-request-user-data",
    ]
    for function in functions:
        assert function.inputs["runtime"] == "cloudfront-js-2.0"
        assert function.inputs["publish"] is True
        assert function.inputs["keyValueStoreAssociations"] == [STORE_ARN]
        assert "edge-secrets-values" in function.depends_on
    settings = EdgeFunctionSettings("user_data", caller_required=True, has_store=True, tenant_claim="tenant")
    assert functions[-1].inputs["code"] == render(settings)
    open_to_all = EdgeFunctionSettings("none", caller_required=False, has_store=True, tenant_claim="tenant")
    assert functions[0].inputs["code"] == render(open_to_all)


def test_without_a_store_there_is_no_secret(record):
    made = deployed(record, key_value_store=False)
    assert made.all("aws:cloudfront/keyValueStore:KeyValueStore") == []
    assert made.all("aws:secretsmanager/secret:Secret") == []
    assert made.all("pulumi-python:dynamic/strata:EdgeSecrets") == []
    for function in made.all(FUNCTION):
        assert "keyValueStoreAssociations" not in function.inputs
        assert '"hasStore":false' in function.inputs["code"]


@pytest.mark.parametrize(
    ("protocol", "port", "expected"),
    [
        ("https", 8443, {"originProtocolPolicy": "https-only", "httpPort": 80, "httpsPort": 8443}),
        ("http", 8080, {"originProtocolPolicy": "http-only", "httpPort": 8080, "httpsPort": 443}),
    ],
)
def test_the_origin_is_reached_as_the_stack_file_says(record, protocol, port, expected):
    made = deployed(record, origin_protocol=protocol, origin_port=port)
    for origin in distribution(made)["origins"]:
        assert expected.items() <= origin["customOriginConfig"].items()


def test_without_aliases_cloudfront_shows_its_own_certificate(record):
    found = distribution(deployed(record))
    assert found["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert found["aliases"] == []
    assert found["httpVersion"] == "http2and3"
    assert found["priceClass"] == "PriceClass_100"
    assert found["defaultRootObject"] == "index.html"


def test_aliases_come_with_their_certificate_and_modern_tls(record):
    found = distribution(deployed(record, certificate_arn=CERTIFICATE, aliases=("api.example.com",)))
    assert found["aliases"] == ["api.example.com"]
    assert found["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }
