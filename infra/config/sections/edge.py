"""``strata:api``, ``strata:cdn`` and ``strata:accessLogs``: the distribution, what is behind it and what it records."""

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field, WithJsonSchema

from infra.config.sections.base import BOOLEAN, HOST_NAME, Key, Section, Several

#: Regions with an Origin Shield (CloudFront Developer Guide, "Using Amazon CloudFront Origin Shield").
OriginShieldRegion = Literal[
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
]
PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]

_ALIAS: Final = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
#: An origin as browsers send it: no path, no wildcard, since answers to it may be read with the caller's credentials.
_CORS_ORIGIN: Final = (
    r"^https?://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?$"
)
_LOWEST_HIGH_PORT: Final = 1024
_HIGHEST_PORT: Final = 65_535
_WEB_PORTS: Final = (80, 443)
_DISTRIBUTION: Final = "in place: CloudFront takes minutes to spread it"


def _origin_port(value: int) -> int:
    if value not in _WEB_PORTS and value < _LOWEST_HIGH_PORT:
        raise ValueError("CloudFront does not connect to this port")
    return value


OriginPort = Annotated[
    int,
    Field(le=_HIGHEST_PORT),
    AfterValidator(_origin_port),
    WithJsonSchema(
        {
            "type": "integer",
            "anyOf": [{"enum": list(_WEB_PORTS)}, {"minimum": _LOWEST_HIGH_PORT, "maximum": _HIGHEST_PORT}],
        }
    ),
]


class ApiConfig(Section):
    """The API behind the distribution."""

    origin_domain: Annotated[str, Key("where misses go", _DISTRIBUTION)] = Field(
        pattern=HOST_NAME, description="the host name of the API, without scheme and port"
    )
    origin_port: Annotated[OriginPort, Key("the TCP port of the API", _DISTRIBUTION)] = Field(
        443, description="80, 443, or 1024 to 65535"
    )
    origin_protocol: Annotated[Literal["https", "http"], Key("how CloudFront talks to the API", _DISTRIBUTION)] = Field(
        "https", description="https or http"
    )


class CdnConfig(Section):
    """The CloudFront distribution."""

    enabled: Annotated[
        bool, Key("whether the stack has an edge", "in place: the distribution with all around it is made or removed")
    ] = Field(default=True, description=BOOLEAN)
    aliases: Annotated[
        Several[Annotated[str, Field(pattern=_ALIAS)]],
        Key(
            "the host names that callers use",
            f"{_DISTRIBUTION}; with hostedZoneId, a new certificate is made before the old one goes",
        ),
    ] = Field((), description="host names such as api.example.com or *.example.com")
    certificate_arn: Annotated[str | None, Key("the certificate of the aliases", _DISTRIBUTION)] = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]+$",
        description="the ARN of a certificate in us-east-1, where CloudFront reads it whatever the stack's region",
    )
    hosted_zone_id: Annotated[
        str | None,
        Key(
            "the zone in which the certificate is proved and the records are made",
            "replacement of the records and of what proves the certificate",
        ),
    ] = Field(None, pattern=r"^Z[A-Z0-9]{1,31}$", description="the id of a hosted zone in Route 53, Z...")
    web_acl_arn: Annotated[str | None, Key("the web ACL that requests pass first", _DISTRIBUTION)] = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/[!-~]+$",
        description="the ARN of a global web ACL (WAF v2, us-east-1)",
    )
    origin_shield_region: Annotated[
        OriginShieldRegion | None,
        Key("the region whose cache all misses go through; without it, the nearest to the stack's", _DISTRIBUTION),
    ] = Field(None, description="a region with an Origin Shield: " + ", ".join(get_args(OriginShieldRegion)))
    price_class: Annotated[PriceClass, Key("which edge locations serve", _DISTRIBUTION)] = Field(
        "PriceClass_100", description=", ".join(get_args(PriceClass))
    )
    tenant_claim: Annotated[
        str | None,
        Key(
            "the claim of a token that names the tenant; without it, the host name does",
            "in place: the edge functions are deployed anew",
        ),
    ] = Field(None, min_length=1, max_length=128, description="the claim of a token that names the tenant")
    key_value_store: Annotated[
        bool,
        Key(
            "whether the edge has secrets of its own",
            "in place: the store and its secret are made or removed, and the edge functions deployed anew; "
            "every cached answer of a caller gets another key",
        ),
    ] = Field(
        default=True,
        description="true; or false for an origin that only CloudFront can reach: digests without a pepper, no epochs, "
        "and nothing that proves to the origin where a request comes from",
    )
    secrets_version: Annotated[
        int, Key("which generation the edge's secrets are of", "in place: a higher number rotates the secrets")
    ] = Field(
        1, ge=1, le=1_000_000, description="1, and a higher number each time that the edge's secrets are to be rotated"
    )
    cors_origins: Annotated[
        Several[Annotated[str, Field(pattern=_CORS_ORIGIN)]],
        Key("the web pages whose scripts may call the API", _DISTRIBUTION),
    ] = Field(
        (), description="origins of web pages that may call the API, such as https://app.example.com, without a path"
    )


class AccessLogsConfig(Section):
    """The access logs of the distribution."""

    retention_days: Annotated[int, Key("after how many days a record is deleted", "in place")] = Field(
        90, ge=1, le=3_650, description="1 to 3650 days"
    )
