"""CloudFront in front of the API: what is cached, for how long, and which origin a miss goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.edge_policies import EdgePolicies, EdgePoliciesArgs
from infra.config import ApiConfig, CdnConfig
from strata.caching.classes import CACHED_PATHS, NONE, CacheClass, path_patterns

VIEWER_REQUEST_FUNCTION: Final = Path(__file__).parents[2] / "edge_functions" / "viewer_request.js"
#: The API twice: Origin Shield belongs to an origin, and is a poor fit, and a price, for what is never cached.
SHIELDED_ORIGIN: Final = "api-shielded"
UNSHIELDED_ORIGIN: Final = "api"
_ALL_METHODS: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
_CACHED_METHODS: Final = ["GET", "HEAD"]
#: Errors that CloudFront keeps for 10 seconds unless told otherwise (Developer Guide, "How CloudFront caches errors").
_ERROR_CODES: Final = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
#: The nearest Origin Shield of a region that has none (Developer Guide, "Using Amazon CloudFront Origin Shield").
_NEAREST_SHIELD: Final = {
    "us-west-1": "us-west-2",
    "ca-central-1": "us-east-1",
    "af-south-1": "eu-west-1",
    "ap-east-1": "ap-southeast-1",
    "eu-north-1": "eu-west-2",
    "eu-south-1": "eu-central-1",
    "eu-west-3": "eu-west-2",
    "me-south-1": "ap-south-1",
}


@dataclass(frozen=True)
class EdgeArgs:
    """Inputs of `Edge`.

    Args:
        stack: the stack's name.
        region: the stack's region, where the API is.
        api: the origin.
        cdn: the distribution's config.
        certificate_arn: the certificate of the aliases, in us-east-1; None without aliases.
    """

    stack: str
    region: str
    api: ApiConfig
    cdn: CdnConfig
    certificate_arn: pulumi.Input[str] | None


class Edge(pulumi.ComponentResource):
    """The distribution with its function and policies.

    Outputs: ``distribution_id``, ``distribution_arn``, ``domain_name``, ``hosted_zone_id``.
    """

    distribution_id: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]
    domain_name: pulumi.Output[str]
    hosted_zone_id: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Edge", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._policies = EdgePolicies(
            f"{name}-policies",
            EdgePoliciesArgs(args.stack, dict.fromkeys([NONE, *CACHED_PATHS.values()])),
            opts=self._child,
        )
        self._function = self._make_function(args.stack)
        distribution = self._make_distribution(args)
        self.distribution_id = distribution.id
        self.distribution_arn = distribution.arn
        self.domain_name = distribution.domain_name
        self.hosted_zone_id = distribution.hosted_zone_id
        self.register_outputs(
            {
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "domain_name": self.domain_name,
                "hosted_zone_id": self.hosted_zone_id,
            }
        )

    def _make_function(self, stack: str) -> aws.cloudfront.Function:
        return aws.cloudfront.Function(
            f"{self._name}-viewer-request",
            runtime="cloudfront-js-2.0",
            comment=f"strata {stack}: keys the cache by the caller's identity",
            code=VIEWER_REQUEST_FUNCTION.read_text(encoding="utf-8"),
            publish=True,
            opts=self._child,
        )

    def _make_distribution(self, args: EdgeArgs) -> aws.cloudfront.Distribution:
        error = aws.cloudfront.DistributionCustomErrorResponseArgs
        return aws.cloudfront.Distribution(
            f"{self._name}-distribution",
            enabled=True,
            comment=f"strata {args.stack}",
            aliases=list(args.cdn.aliases),
            origins=_origins(args),
            default_cache_behavior=aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
                **self._behavior(NONE, aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs)
            ),
            ordered_cache_behaviors=[
                aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
                    path_pattern=pattern,
                    **self._behavior(
                        cache_class, aws.cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgs
                    ),
                )
                for path, cache_class in CACHED_PATHS.items()
                for pattern in path_patterns(path)
            ],
            custom_error_responses=[error(error_code=code, error_caching_min_ttl=0) for code in _ERROR_CODES],
            viewer_certificate=_viewer_certificate(args.certificate_arn),
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args.cdn.price_class,
            web_acl_id=args.cdn.web_acl_arn,
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(
                geo_restriction=aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(restriction_type="none")
            ),
            opts=self._child,
        )

    def _behavior(self, cache_class: CacheClass, association: type) -> Mapping[str, object]:
        """Return what the default behavior and an ordered one have in common."""
        policies = self._policies.by_class[cache_class.name]
        return {
            "target_origin_id": SHIELDED_ORIGIN if cache_class.is_cached else UNSHIELDED_ORIGIN,
            # Not a redirect: by the time of the answer the token has travelled in the clear.
            "viewer_protocol_policy": "https-only",
            "allowed_methods": _ALL_METHODS,
            "cached_methods": _CACHED_METHODS,
            "compress": True,
            "cache_policy_id": policies.cache_policy_id,
            "origin_request_policy_id": policies.origin_request_policy_id,
            "response_headers_policy_id": policies.response_headers_policy_id,
            # On every behavior: a header that only the function may set must not come through from a caller.
            "function_associations": [association(event_type="viewer-request", function_arn=self._function.arn)],
        }


def origin_shield_region(region: str, chosen: str | None) -> str:
    """Return where the Origin Shield is: as chosen, else in the stack's region, else in the nearest one that has it."""
    return chosen or _NEAREST_SHIELD.get(region, region)


def _origins(args: EdgeArgs) -> list[aws.cloudfront.DistributionOriginArgs]:
    shield = aws.cloudfront.DistributionOriginOriginShieldArgs(
        enabled=True, origin_shield_region=origin_shield_region(args.region, args.cdn.origin_shield_region)
    )
    return [_origin(UNSHIELDED_ORIGIN, args.api, None), _origin(SHIELDED_ORIGIN, args.api, shield)]


def _origin(
    origin_id: str, api: ApiConfig, shield: aws.cloudfront.DistributionOriginOriginShieldArgs | None
) -> aws.cloudfront.DistributionOriginArgs:
    is_https = api.origin_protocol == "https"
    return aws.cloudfront.DistributionOriginArgs(
        origin_id=origin_id,
        domain_name=api.origin_domain,
        custom_origin_config=aws.cloudfront.DistributionOriginCustomOriginConfigArgs(
            origin_protocol_policy=f"{api.origin_protocol}-only",
            http_port=80 if is_https else api.origin_port,
            https_port=api.origin_port if is_https else 443,
            origin_ssl_protocols=["TLSv1.2"],
        ),
        origin_shield=shield,
    )


def _viewer_certificate(
    certificate_arn: pulumi.Input[str] | None,
) -> aws.cloudfront.DistributionViewerCertificateArgs:
    if certificate_arn is None:
        return aws.cloudfront.DistributionViewerCertificateArgs(cloudfront_default_certificate=True)
    return aws.cloudfront.DistributionViewerCertificateArgs(
        acm_certificate_arn=certificate_arn, minimum_protocol_version="TLSv1.2_2021", ssl_support_method="sni-only"
    )
