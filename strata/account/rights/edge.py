"""Rights for the types of the edge.

CloudFront names its policies and stores by ids that it makes, and gives them no tags: those rights are for every one of
the account. Distributions carry the stack's tag.
"""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights, to_tag

#: Where certificates and log deliveries of CloudFront are, whatever the stack's region.
_CLOUDFRONT_REGION: Final = "us-east-1"
_LOGS: Final = f"arn:{{partition}}:logs:{_CLOUDFRONT_REGION}:{{account}}:"
_SOURCE: Final = (f"{_LOGS}delivery-source:strata-{{stack}}-access-logs",)
_DESTINATION: Final = (f"{_LOGS}delivery-destination:strata-{{stack}}-access-logs",)
_DELIVERY: Final = (f"{_LOGS}delivery:*",)
_CERTIFICATE: Final = (f"arn:{{partition}}:acm:{_CLOUDFRONT_REGION}:{{account}}:certificate/*",)
#: Only where the stack file names a zone; see `strata.account.settings`.
HOSTED_ZONE: Final = ("arn:{partition}:route53:::hostedzone/{hosted_zone}",)


def _cloudfront(kind: str) -> tuple[str, ...]:
    return (f"arn:{{partition}}:cloudfront::{{account}}:{kind}/*",)


DISTRIBUTION: Final = _cloudfront("distribution")
STORE: Final = _cloudfront("key-value-store")
_FUNCTION: Final = ("arn:{partition}:cloudfront::{account}:function/edge-viewer-request-*",)


def _actions(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


def _policy(type_name: str, kind: str) -> TypeRights:
    token = f"aws:cloudfront/{type_name[0].lower()}{type_name[1:]}:{type_name}"
    return TypeRights(
        token,
        (Grant(_actions("cloudfront", f"Get{type_name}"), _cloudfront(kind)),),
        (Grant(_actions("cloudfront", *(f"{verb}{type_name}" for verb in _CHANGES)), _cloudfront(kind)),),
    )


_CHANGES: Final = ("Create", "Update", "Delete")

#: What the program asks CloudFront for in every preview: AWS's own policies, found by name.
MANAGED_POLICIES: Final = (
    Grant(_actions("cloudfront", "ListCachePolicies", "ListOriginRequestPolicies"), EVERYTHING),
    Grant(_actions("cloudfront", "GetCachePolicy"), _cloudfront("cache-policy")),
    Grant(_actions("cloudfront", "GetOriginRequestPolicy"), _cloudfront("origin-request-policy")),
)

EDGE: Final = (
    TypeRights(
        "aws:cloudfront/distribution:Distribution",
        (Grant(_actions("cloudfront", "GetDistribution", "ListTagsForResource"), DISTRIBUTION),),
        (
            Grant(_actions("cloudfront", "CreateDistribution"), DISTRIBUTION),
            Grant(_actions("cloudfront", "UpdateDistribution", "DeleteDistribution"), DISTRIBUTION, OURS),
            *to_tag(_actions("cloudfront", "TagResource"), DISTRIBUTION, _actions("cloudfront", "UntagResource")),
        ),
    ),
    _policy("CachePolicy", "cache-policy"),
    _policy("OriginRequestPolicy", "origin-request-policy"),
    _policy("ResponseHeadersPolicy", "response-headers-policy"),
    TypeRights(
        "aws:cloudfront/function:Function",
        (Grant(_actions("cloudfront", "DescribeFunction", "GetFunction"), _FUNCTION),),
        (
            Grant(
                _actions("cloudfront", "CreateFunction", "UpdateFunction", "PublishFunction", "DeleteFunction"),
                _FUNCTION,
            ),
        ),
    ),
    TypeRights(
        "aws:cloudfront/keyValueStore:KeyValueStore",
        (Grant(_actions("cloudfront", "DescribeKeyValueStore"), STORE),),
        (Grant(_actions("cloudfront", *(f"{verb}KeyValueStore" for verb in _CHANGES)), STORE),),
    ),
    TypeRights(
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        (Grant(_actions("logs", "GetDeliverySource", "ListTagsForResource"), _SOURCE),),
        (
            Grant(_actions("logs", "PutDeliverySource", "TagResource", "UntagResource"), _SOURCE),
            # The Service Authorization Reference says the destination, the API's name the source.
            Grant(_actions("logs", "DeleteDeliverySource"), (*_SOURCE, *_DESTINATION)),
            Grant(_actions("cloudfront", "AllowVendedLogDeliveryForResource"), DISTRIBUTION, OURS),
        ),
    ),
    TypeRights(
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        (Grant(_actions("logs", "GetDeliveryDestination", "ListTagsForResource"), _DESTINATION),),
        (
            Grant(
                _actions("logs", "PutDeliveryDestination", "DeleteDeliveryDestination", "TagResource", "UntagResource"),
                _DESTINATION,
            ),
        ),
    ),
    TypeRights(
        "aws:cloudwatch/logDelivery:LogDelivery",
        (Grant(_actions("logs", "GetDelivery", "ListTagsForResource"), _DELIVERY),),
        (
            Grant(_actions("logs", "CreateDelivery", "UpdateDeliveryConfiguration"), (*_SOURCE, *_DESTINATION)),
            # AWS makes the id of a delivery.
            Grant(_actions("logs", "CreateDelivery"), _DELIVERY, NEW),
            Grant(_actions("logs", "UpdateDeliveryConfiguration", "DeleteDelivery"), _DELIVERY, OURS),
            *to_tag(_actions("logs", "TagResource"), _DELIVERY, _actions("logs", "UntagResource")),
        ),
    ),
    TypeRights(
        "aws:acm/certificate:Certificate",
        (Grant(_actions("acm", "DescribeCertificate", "ListTagsForCertificate"), _CERTIFICATE),),
        (
            Grant(_actions("acm", "RequestCertificate"), EVERYTHING, NEW),
            Grant(_actions("acm", "DeleteCertificate"), _CERTIFICATE, OURS),
            *to_tag(
                _actions("acm", "AddTagsToCertificate"), _CERTIFICATE, _actions("acm", "RemoveTagsFromCertificate")
            ),
        ),
    ),
    TypeRights(
        "aws:acm/certificateValidation:CertificateValidation",
        (Grant(_actions("acm", "DescribeCertificate"), _CERTIFICATE),),
        (),
    ),
    TypeRights(
        "aws:route53/record:Record",
        (Grant(_actions("route53", "GetHostedZone", "ListResourceRecordSets"), HOSTED_ZONE),),
        (
            Grant(_actions("route53", "ChangeResourceRecordSets"), HOSTED_ZONE),
            Grant(_actions("route53", "GetChange"), ("arn:{partition}:route53:::change/*",)),
        ),
    ),
)
