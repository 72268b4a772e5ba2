"""CloudFront: policies, functions, distributions."""

from tests.local.providers.conformance import Case, World

CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
RESPONSE_HEADERS_POLICY = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
FUNCTION = "aws:cloudfront/function:Function"
KEY_VALUE_STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
# Managed-CachingDisabled, CloudFront Developer Guide.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CODE = "function handler(event) { return event.request; }"
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

NOTHING = {
    "headersConfig": {"headerBehavior": "none"},
    "cookiesConfig": {"cookieBehavior": "none"},
    "queryStringsConfig": {"queryStringBehavior": "none"},
}
SOMETHING = {
    "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["x-auth-hash", "accept"]}},
    "cookiesConfig": {"cookieBehavior": "whitelist", "cookies": {"items": ["theme"]}},
    "queryStringsConfig": {"queryStringBehavior": "whitelist", "queryStrings": {"items": ["page", "limit"]}},
}


def behavior(**more: object) -> dict[str, object]:
    return {
        "targetOriginId": "api",
        "viewerProtocolPolicy": "https-only",
        "allowedMethods": ALL_METHODS,
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": CACHING_DISABLED,
        **more,
    }


def origin(origin_id: str = "api", **more: object) -> dict[str, object]:
    return {
        "originId": origin_id,
        "domainName": "api.example.com",
        "customOriginConfig": {
            "httpPort": 80,
            "httpsPort": 443,
            "originProtocolPolicy": "https-only",
            "originSslProtocols": ["TLSv1.2"],
        },
        **more,
    }


def distribution(**more: object) -> dict[str, object]:
    return {
        "enabled": True,
        "origins": [origin()],
        "defaultCacheBehavior": behavior(),
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        **more,
    }


def _behaviors(world: World) -> dict[str, object]:
    """Return behaviors that use everything a behavior can."""
    cached = world.create(CACHE_POLICY, {"parametersInCacheKeyAndForwardedToOrigin": SOMETHING}).id
    request = world.create(ORIGIN_REQUEST_POLICY, SOMETHING).id
    headers = {"items": [{"header": "server"}]}
    response = world.create(RESPONSE_HEADERS_POLICY, {"removeHeadersConfig": headers}).id
    function = world.create(FUNCTION, {"code": CODE, "runtime": "cloudfront-js-2.0"}).outputs["arn"]
    used = {
        "cachePolicyId": cached,
        "originRequestPolicyId": request,
        "responseHeadersPolicyId": response,
        "compress": True,
        "functionAssociations": [{"eventType": "viewer-request", "functionArn": function}],
    }
    ordered = [behavior(pathPattern=path, **used) for path in ("/api/v1/payments", "/api/v1/payments/*")]
    return {"defaultCacheBehavior": behavior(**used), "orderedCacheBehaviors": ordered}


def _certified(world: World) -> dict[str, object]:
    inputs = {"domainName": "*.example.com", "validationMethod": "DNS", "region": "us-east-1"}
    arn = world.create("aws:acm/certificate:Certificate", inputs).id
    certificate = {
        "acmCertificateArn": arn,
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    return {"viewerCertificate": certificate, "aliases": ["api.example.com", "payments.example.com"]}


CASES = [
    Case(
        token=CACHE_POLICY,
        inputs={"comment": "user data", "parametersInCacheKeyAndForwardedToOrigin": NOTHING},
        updates=[
            {"comment": None},
            {"minTtl": 0, "defaultTtl": 0, "maxTtl": 300},
            {"parametersInCacheKeyAndForwardedToOrigin": {**SOMETHING, "enableAcceptEncodingGzip": True}},
            {"parametersInCacheKeyAndForwardedToOrigin": {**NOTHING, "enableAcceptEncodingBrotli": True}},
            {"maxTtl": None, "defaultTtl": None, "minTtl": None},
            {"name": "another"},
        ],
    ),
    Case(
        token=ORIGIN_REQUEST_POLICY,
        inputs={"comment": "caller", **NOTHING},
        updates=[{"comment": None}, SOMETHING, {"name": "another"}],
    ),
    Case(
        token=RESPONSE_HEADERS_POLICY,
        inputs={"comment": "caller", "removeHeadersConfig": {"items": [{"header": "server"}]}},
        updates=[
            {"comment": None, "name": "another"},
            {"removeHeadersConfig": {"items": [{"header": "cache-tag"}, {"header": "surrogate-key"}]}},
            {"customHeadersConfig": {"items": [{"header": "cache-control", "value": "no-store", "override": True}]}},
            {
                "securityHeadersConfig": {
                    "contentSecurityPolicy": {"contentSecurityPolicy": "default-src 'none'", "override": True},
                    "contentTypeOptions": {"override": True},
                    "frameOptions": {"frameOption": "DENY", "override": True},
                    "referrerPolicy": {"referrerPolicy": "no-referrer", "override": True},
                    "strictTransportSecurity": {
                        "accessControlMaxAgeSec": 63072000,
                        "includeSubdomains": True,
                        "override": True,
                        "preload": True,
                    },
                    "xssProtection": {"override": True, "protection": True, "modeBlock": True},
                }
            },
            {
                "corsConfig": {
                    "accessControlAllowCredentials": False,
                    "accessControlAllowHeaders": {"items": ["authorization", "content-type"]},
                    "accessControlAllowMethods": {"items": ["GET", "POST"]},
                    "accessControlAllowOrigins": {"items": ["https://app.example.com"]},
                    "accessControlExposeHeaders": {"items": ["etag"]},
                    "accessControlMaxAgeSec": 600,
                    "originOverride": True,
                }
            },
            {"serverTimingHeadersConfig": {"enabled": True, "samplingRate": 12.5}},
            {"corsConfig": None, "securityHeadersConfig": None},
        ],
    ),
    Case(
        token=FUNCTION,
        inputs={"code": CODE, "runtime": "cloudfront-js-2.0", "tags": {"team": "edge"}},
        updates=[
            {"code": f"{CODE} // changed"},
            {"comment": "keys the cache"},
            {"comment": None},
            {"runtime": "cloudfront-js-1.0"},
            {"runtime": "cloudfront-js-2.0", "publish": False},
            lambda world: {"keyValueStoreAssociations": [world.create(KEY_VALUE_STORE, {}).outputs["arn"]]},
            {"publish": None},
            {"tags": {"team": "platform"}},
            {"tags": None, "keyValueStoreAssociations": None},
        ],
        replacements=[{"name": "another"}],
    ),
    Case(
        token=KEY_VALUE_STORE,
        inputs={"comment": "what the function reads"},
        updates=[{"comment": "pepper and epochs"}, {"comment": None}, {"tags": {"team": "edge"}}, {"tags": None}],
        replacements=[{"name": "another"}],
    ),
    Case(
        token=DISTRIBUTION,
        inputs=distribution(comment="strata", tags={"team": "edge"}),
        updates=[
            _behaviors,
            {"orderedCacheBehaviors": None, "defaultCacheBehavior": behavior()},
            {
                "origins": [
                    origin("shielded", originShield={"enabled": True, "originShieldRegion": "eu-west-1"}),
                    origin(
                        originPath="/v1",
                        connectionAttempts=2,
                        connectionTimeout=5,
                        customHeaders=[{"name": "x-origin-verify", "value": "one"}],
                    ),
                ]
            },
            {
                "originGroups": [
                    {
                        "originId": "both",
                        "failoverCriteria": {"statusCodes": [502, 503]},
                        "members": [{"originId": "api"}, {"originId": "shielded"}],
                    }
                ],
                "defaultCacheBehavior": behavior(
                    targetOriginId="both", allowedMethods=["GET", "HEAD", "OPTIONS"], cachedMethods=["HEAD", "GET"]
                ),
            },
            {"originGroups": None, "origins": [origin()], "defaultCacheBehavior": behavior()},
            _certified,
            {"aliases": None, "viewerCertificate": {"cloudfrontDefaultCertificate": True}},
            {
                "customErrorResponses": [
                    {"errorCode": 503, "errorCachingMinTtl": 0},
                    {"errorCode": 404, "responseCode": 200, "responsePagePath": "/404.html"},
                ],
                "defaultRootObject": "index.html",
            },
            {"customErrorResponses": None, "defaultRootObject": None, "comment": None},
            {"httpVersion": "http2and3", "isIpv6Enabled": True, "priceClass": "PriceClass_100"},
            {"httpVersion": None, "isIpv6Enabled": None, "priceClass": None},
            {"restrictions": {"geoRestriction": {"restrictionType": "blacklist", "locations": ["KP", "CU"]}}},
            {"cacheTagConfig": {"headerName": "cache-tag"}},
            {"webAclId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/strata/0a1b2c3d"},
            {"webAclId": None, "tags": {"team": "platform"}},
            {"waitForDeployment": False},
            {"tags": None, "enabled": False},
        ],
        replacements=[{"staging": True}],
        excused={"retainOnDelete": "the test deletes for good; see test_cloudfront.py"},
    ),
]
