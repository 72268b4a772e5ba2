"""CloudFront in front of the API: what is cached, for how long, and which origin a miss goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.edge_policies import EdgePolicies, EdgePoliciesArgs
from infra.components.edge_secrets import EdgeSecrets
from infra.config import ApiConfig, CdnConfig
from strata.caching import edge_function
from strata.caching.classes import CACHE_CLASSES
from strata.caching.contract import BehaviorContract, CacheContract

#: The API twice: Origin Shield belongs to an origin, and is a poor fit, and a price, for what is never cached.
SHIELDED_ORIGIN: Final = "api-shielded"
UNSHIELDED_ORIGIN: Final = "api"
_ROOT_OBJECT: Final = "index.html"
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
        contract: what its behaviors and policies are made from.
        function_code: the code of each class's function, from `function_code`.
        secrets: the store that the functions read; None for an origin that only CloudFront can reach.
        certificate_arn: the certificate of the aliases, in us-east-1; None without aliases.
    """

    stack: str
    region: str
    api: ApiConfig
    cdn: CdnConfig
    contract: CacheContract
    function_code: Mapping[str, str]
    secrets: EdgeSecrets | None
    certificate_arn: pulumi.Input[str] | None


def function_code(contract: CacheContract, cdn: CdnConfig) -> Mapping[str, str]:
    """Return the code of the viewer request function of each class in use.

    Raises:
        EdgeFunctionError: the function file cannot be deployed.
    """
    return {
        name: edge_function.render(
            edge_function.EdgeFunctionSettings.of(
                CACHE_CLASSES[name], has_store=cdn.key_value_store, tenant_claim=cdn.tenant_claim
            )
        )
        for name in contract.by_class
    }


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
            EdgePoliciesArgs(args.stack, args.contract.by_class.values(), args.cdn.cors_origins),
            opts=self._child,
        )
        self._functions = {class_name: self._make_function(class_name, args) for class_name in args.contract.by_class}
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

    def _make_function(self, class_name: str, args: EdgeArgs) -> aws.cloudfront.Function:
        return aws.cloudfront.Function(
            f"{self._name}-viewer-request-{class_name.replace('_', '-')}",
            runtime="cloudfront-js-2.0",
            comment=f"strata {args.stack}: keys the cache of {class_name} by the caller's identity",
            code=args.function_code[class_name],
            publish=True,
            key_value_store_associations=[args.secrets.key_value_store_arn] if args.secrets else None,
            # A function that finds no pepper refuses every request.
            opts=self._child.merge(pulumi.ResourceOptions(depends_on=[args.secrets.values] if args.secrets else [])),
        )

    def _make_distribution(self, args: EdgeArgs) -> aws.cloudfront.Distribution:
        error = aws.cloudfront.DistributionCustomErrorResponseArgs
        *listed, default = args.contract.behaviors
        return aws.cloudfront.Distribution(
            f"{self._name}-distribution",
            enabled=True,
            # A request for nothing gets a 404 for this name, and not what an origin may list for a folder.
            default_root_object=_ROOT_OBJECT,
            comment=f"strata {args.stack}",
            aliases=list(args.cdn.aliases),
            origins=_origins(args),
            default_cache_behavior=aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
                **self._behavior(default, aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs)
            ),
            ordered_cache_behaviors=[
                aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
                    path_pattern=behavior.path_pattern,
                    **self._behavior(behavior, aws.cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgs),
                )
                for behavior in listed
            ],
            cache_tag_config=aws.cloudfront.DistributionCacheTagConfigArgs(header_name=args.contract.cache_tag_header),
            custom_error_responses=[
                error(error_code=status, error_caching_min_ttl=seconds)
                for status, seconds in args.contract.error_ttl_seconds.items()
            ],
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

    def _behavior(self, behavior: BehaviorContract, association: type) -> Mapping[str, object]:
        """Return what the default behavior and an ordered one have in common."""
        policies = self._policies.by_class[behavior.cache_class]
        function = self._functions[behavior.cache_class]
        return {
            "target_origin_id": SHIELDED_ORIGIN if behavior.is_cached else UNSHIELDED_ORIGIN,
            # Not a redirect: by the time of the answer the token has travelled in the clear.
            "viewer_protocol_policy": "https-only",
            "allowed_methods": list(behavior.allowed_methods),
            "cached_methods": list(behavior.cached_methods),
            "compress": True,
            "cache_policy_id": policies.cache_policy_id,
            "origin_request_policy_id": policies.origin_request_policy_id,
            "response_headers_policy_id": policies.response_headers_policy_id,
            # On every behavior: a header that only the function may set must not come through from a caller.
            "function_associations": [association(event_type="viewer-request", function_arn=function.arn)],
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
