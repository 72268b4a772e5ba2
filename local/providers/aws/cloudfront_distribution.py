"""``aws:cloudfront/distribution:Distribution``: its shape and its life; the rules are in the file beside it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.cloudfront_distribution_rules import distribution_failures
from local.providers.aws.cloudfront_function import live_tags, retag
from local.providers.aws.cloudfront_references import reference_failures
from local.providers.aws.shapes import Shape, paths
from local.providers.aws.tags import as_list
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

# AWS General Reference, "Amazon CloudFront endpoints and quotas": the zone of every distribution's alias records.
HOSTED_ZONE_ID = "Z2FDTNDATAQYW2"

# Developer Guide, "Use Amazon CloudFront Origin Shield": regions that have one.
_SHIELD_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
# Developer Guide, "HTTP status codes that CloudFront caches" and the console's list of custom error responses.
_ERROR_CODES = frozenset({400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504})
_TIMES = {"originKeepaliveTimeout": 5, "originReadTimeout": 30}

_BEHAVIORS = ("defaultCacheBehavior", "orderedCacheBehaviors")
_BEHAVIOR = (
    "allowedMethods cachedMethods cachePolicyId compress originRequestPolicyId responseHeadersPolicyId "
    "targetOriginId trustedKeyGroups viewerProtocolPolicy"
)

SHAPE = Shape(
    "cloudfront",
    "DistributionConfig",
    paths(
        {
            "": "aliases comment defaultRootObject enabled httpVersion isIpv6Enabled priceClass staging webAclId",
            "cacheTagConfig": "headerName",
            "customErrorResponses": "errorCachingMinTtl errorCode responseCode responsePagePath",
            "defaultCacheBehavior": _BEHAVIOR,
            "orderedCacheBehaviors": f"pathPattern {_BEHAVIOR}",
            **{f"{name}.functionAssociations": "eventType functionArn" for name in _BEHAVIORS},
            "originGroups": "originId",
            "originGroups.failoverCriteria": "statusCodes",
            "originGroups.members": "originId",
            "origins": "connectionAttempts connectionTimeout domainName originAccessControlId originId originPath",
            "origins.customHeaders": "name value",
            "origins.customOriginConfig": (
                "httpPort httpsPort ipAddressType originKeepaliveTimeout originProtocolPolicy originReadTimeout "
                "originSslProtocols"
            ),
            "origins.originShield": "enabled originShieldRegion",
            "origins.s3OriginConfig": "originAccessIdentity",
            "restrictions.geoRestriction": "locations restrictionType",
            "viewerCertificate": (
                "acmCertificateArn cloudfrontDefaultCertificate iamCertificateId minimumProtocolVersion "
                "sslSupportMethod"
            ),
        }
    ),
    names={
        **{f"{name}.cachedMethods": "AllowedMethods.CachedMethods" for name in _BEHAVIORS},
        "orderedCacheBehaviors": "CacheBehaviors",
        "originGroups.originId": "Id",
        "origins.customHeaders.name": "HeaderName",
        "origins.customHeaders.value": "HeaderValue",
        "origins.originId": "Id",
        "restrictions.geoRestriction.locations": "Items",
    },
    # Terraform registry, aws_cloudfront_distribution: the default of each argument.
    defaults={
        "aliases": [],
        "comment": "",
        "customErrorResponses": [],
        "defaultRootObject": "",
        "httpVersion": "http2",
        "isIpv6Enabled": False,
        "orderedCacheBehaviors": [],
        "priceClass": "PriceClass_All",
        "staging": False,
        "webAclId": "",
        "origins.connectionAttempts": 3,
        "origins.connectionTimeout": 10,
        "origins.originPath": "",
        **{f"origins.customOriginConfig.{name}": seconds for name, seconds in _TIMES.items()},
        **{f"{name}.compress": False for name in _BEHAVIORS},
        **{f"{name}.functionAssociations": [] for name in _BEHAVIORS},
        **{f"{name}.trustedKeyGroups": [] for name in _BEHAVIORS},
        "viewerCertificate.minimumProtocolVersion": "TLSv1",
    },
    unordered=frozenset(
        {
            "aliases",
            "customErrorResponses",
            "originGroups",
            "originGroups.failoverCriteria.statusCodes",
            "origins",
            "origins.customHeaders",
            "origins.customOriginConfig.originSslProtocols",
            "restrictions.geoRestriction.locations",
            *(
                f"{name}.{listing}"
                for name in _BEHAVIORS
                for listing in ("allowedMethods", "cachedMethods", "functionAssociations")
            ),
        }
    ),
    # CloudFront quotas and API reference; times in seconds.
    limits={
        "aliases": (0, 100),
        "comment": (0, 128),
        "customErrorResponses.errorCachingMinTtl": (0, 31536000),
        "originGroups.members": (2, 2),
        "origins": (1, 100),
        "origins.connectionAttempts": (1, 3),
        "origins.connectionTimeout": (1, 10),
        "origins.customHeaders": (0, 30),
        "origins.customOriginConfig.originKeepaliveTimeout": (1, 180),
        "origins.customOriginConfig.originReadTimeout": (1, 180),
    },
    choices={
        "customErrorResponses.errorCode": _ERROR_CODES,
        "customErrorResponses.responseCode": _ERROR_CODES | {200},
        "origins.originShield.originShieldRegion": _SHIELD_REGIONS,
        "priceClass": frozenset({"PriceClass_100", "PriceClass_200", "PriceClass_All"}),
        # A function runs at the viewer's side only; the model's other two events are Lambda@Edge's.
        **{
            f"{name}.functionAssociations.eventType": frozenset({"viewer-request", "viewer-response"})
            for name in _BEHAVIORS
        },
    },
)


class Distribution(ResourceType):
    """A distribution; deleting one disables it first, as CloudFront demands."""

    token = "aws:cloudfront/distribution:Distribution"  # noqa: S105 - a type token, no secret
    modelled = SHAPE.paths | {"retainOnDelete", "tags", "waitForDeployment"}
    replaces: ClassVar = {"staging": "terraform-provider-aws, distribution.go: staging is ForceNew"}
    defaults: ClassVar = {
        "httpVersion": "http2",
        "isIpv6Enabled": False,
        "priceClass": "PriceClass_All",
        "retainOnDelete": False,
        "staging": False,
        "waitForDeployment": True,
    }
    unordered = SHAPE.unordered
    recomputed: ClassVar = dict.fromkeys(
        ("etag", "lastModifiedTime", "status", "inProgressValidationBatches"), SHAPE.properties
    )

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return values that CloudFront does not take and broken rules between them."""
        del provider
        return [*SHAPE.failures(inputs), *distribution_failures(inputs)]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the distribution; its id is CloudFront's own."""
        _require_references(provider, inputs, None)
        client = provider.client("cloudfront")
        config = {**_config(inputs), "CallerReference": f"strata-{uuid.uuid4()}"}
        tagged = {"DistributionConfig": config, "Tags": {"Items": as_list(provider.tags(inputs))}}
        answer = call("creating distribution", client.create_distribution_with_tags, DistributionConfigWithTags=tagged)
        return Created(answer["Distribution"]["Id"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live distribution."""
        answer = _get(provider, resource_id)
        if answer is None:
            return None
        live = answer["Distribution"]
        config = live["DistributionConfig"]
        for origin in config["Origins"]["Items"]:
            # An S3 origin without an access identity is what CloudFront calls an origin with nothing said.
            if origin.get("S3OriginConfig") == {"OriginAccessIdentity": ""}:
                del origin["S3OriginConfig"]
        return {
            **SHAPE.mirror(config, state),
            "arn": live["ARN"],
            "callerReference": config["CallerReference"],
            "domainName": live["DomainName"],
            "etag": answer["ETag"],
            "hostedZoneId": HOSTED_ZONE_ID,
            "inProgressValidationBatches": live["InProgressInvalidationBatches"],
            "lastModifiedTime": str(live["LastModifiedTime"]),
            "loggingV1Enabled": bool((config.get("Logging") or {}).get("Enabled")),
            "status": live["Status"],
            "tags": live_tags(provider, live["ARN"]),
            "trustedKeyGroups": _active(live, "ActiveTrustedKeyGroups", "KeyGroupId", "keyGroupId"),
            "trustedSigners": _active(live, "ActiveTrustedSigners", "AwsAccountNumber", "awsAccountNumber"),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write the whole configuration where it changed, keeping what only CloudFront knows."""
        current = _get(provider, resource_id)
        if current is None:
            raise ProviderError(f"updating distribution {resource_id}: it does not exist any more")
        if _config(old) != _config(new):
            _require_references(provider, new, resource_id)
            reference = current["Distribution"]["DistributionConfig"]["CallerReference"]
            _write(provider, resource_id, current["ETag"], {**_config(new), "CallerReference": reference})
        retag(provider, current["Distribution"]["ARN"], new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Disable the distribution, then delete it unless `retainOnDelete` keeps it."""
        current = _get(provider, resource_id)
        if current is None:
            return
        config = current["Distribution"]["DistributionConfig"]
        etag = current["ETag"]
        if config["Enabled"]:
            etag = _write(provider, resource_id, etag, {**config, "Enabled": False})["ETag"]
        if state.get("retainOnDelete"):
            return
        client = provider.client("cloudfront")
        call(f"deleting distribution {resource_id}", client.delete_distribution, Id=resource_id, IfMatch=etag)


def _config(inputs: Properties) -> Properties:
    config = SHAPE.to_service(inputs)
    for origin in config["Origins"]["Items"]:
        if "CustomOriginConfig" not in origin:
            origin.setdefault("S3OriginConfig", {"OriginAccessIdentity": ""})
    return config


def _require_references(provider: Any, inputs: Properties, resource_id: str | None) -> None:
    reasons = [f"{f.property}: {f.reason}" for f in reference_failures(provider, inputs, resource_id)]
    if reasons:
        raise ProviderError(f"distribution {resource_id or '(new)'}: {'; '.join(reasons)}")


def _get(provider: Any, resource_id: str) -> Any:
    client = provider.client("cloudfront")
    return find(f"reading distribution {resource_id}", client.get_distribution, Id=resource_id)


def _write(provider: Any, resource_id: str, etag: str, config: Properties) -> Any:
    client = provider.client("cloudfront")
    what = f"updating distribution {resource_id}"
    return call(what, client.update_distribution, Id=resource_id, IfMatch=etag, DistributionConfig=config)


def _active(live: Properties, member: str, key: str, name: str) -> list[Properties]:
    """Return an active list as pulumi-aws shows it: a list of one."""
    active = live.get(member) or {"Enabled": False, "Quantity": 0}
    items = [
        {name: item.get(key, ""), "keyPairIds": (item.get("KeyPairIds") or {}).get("Items", [])}
        for item in active.get("Items", [])
    ]
    return [{"enabled": active["Enabled"], "items": items}]
