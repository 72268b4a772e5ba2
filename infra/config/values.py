"""The stack's config as typed values: one frozen model per section, with the rules of each single key.

Keys are camelCase in the stack file and snake_case here. A field's description says what is allowed;
error messages and the reference are made from it. Rules between keys are in `infra.config.rules`.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

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
SslMode = Literal["verify-full", "verify-ca", "require", "disable"]

#: RLS, ATTACH behavior and MERGE that Strata relies on are those of this major version and later.
OLDEST_ENGINE_MAJOR: Final = 16
_HOST_NAME: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
_ALIAS: Final = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
#: An origin as browsers send it: no path, no wildcard, since answers to it may be read with the caller's credentials.
_CORS_ORIGIN: Final = r"^https?://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:\d{1,5})?$"
_LOWEST_HIGH_PORT: Final = 1024
_WEB_PORTS: Final = (80, 443)
_POSTGRESQL_PORT: Final = 5432
_LARGEST_VPC_PREFIX: Final = 16
_SMALLEST_VPC_PREFIX: Final = 24


def _engine_version(value: Any) -> Any:
    """Refuse what YAML has already damaged: an unquoted 16.10 arrives as the number 16.1."""
    if isinstance(value, float):
        raise ValueError("a version with a dot must be in quotes")  # noqa: TRY004 (pydantic collects ValueError only)
    return str(value) if isinstance(value, int) else value


def _supported_engine(value: str) -> str:
    if int(value.split(".", maxsplit=1)[0]) < OLDEST_ENGINE_MAJOR:
        raise ValueError("this version of PostgreSQL is too old")
    return value


def _regular_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _vpc_range(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    if not network.is_private or not _LARGEST_VPC_PREFIX <= network.prefixlen <= _SMALLEST_VPC_PREFIX:
        raise ValueError("not a private range of a fitting size")
    return value


def _origin_port(value: int) -> int:
    if value not in _WEB_PORTS and value < _LOWEST_HIGH_PORT:
        raise ValueError("CloudFront does not connect to this port")
    return value


EngineVersion = Annotated[
    str, BeforeValidator(_engine_version), Field(pattern=r"^\d+(\.\d+)?$"), AfterValidator(_supported_engine)
]


class Section(BaseModel):
    """A mapping of the stack file; a key that it does not name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class PartitionsConfig(Section):
    """How tenants' rows are laid out, how many tenants the lock table is sized for, and which ids they may have."""

    layout: Literal["list", "bucketed"] = Field("list", description="list or bucketed")
    capacity: int = Field(1_000, ge=1, description="a number of tenants, 1 or more")
    id_pattern: Annotated[str, AfterValidator(_regular_expression)] | None = Field(
        None, description="a regular expression of Python's that the whole of a tenant's id matches, such as [A-Z0-9]+"
    )


class ExistingDatabaseConfig(Section):
    """A database instance that is already there and that the stack uses as it is."""

    endpoint: str = Field(pattern=_HOST_NAME, description="the instance's host name, without the port")
    port: int = Field(ge=1, le=65_535, description="1 to 65535")
    database: str = Field(min_length=1, max_length=63, description="the name of a database, at most 63 bytes")
    resource_id: str = Field(pattern=r"^db-[A-Z0-9]+$", description="the instance's resource id, db-...")
    master_secret_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$",
        description="the ARN of the master's secret in Secrets Manager",
    )


class DatabaseConfig(Section):
    """The database instance, or the one that is used instead of making it."""

    engine_version: EngineVersion = Field(
        "18", description=f'a PostgreSQL version from {OLDEST_ENGINE_MAJOR} on, in quotes, for example "18" or "17.6"'
    )
    instance_class: str = Field(
        "db.t4g.medium", pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$", description="an instance class, db.<family>.<size>"
    )
    allocated_storage_gib: int = Field(20, ge=20, le=65_536, description="20 to 65536 GiB")
    multi_az: bool = Field(default=False, description="true or false")
    backup_retention_days: int = Field(7, ge=0, le=35, description="0 to 35 days; 0 turns backups off")
    deletion_protection: bool = Field(default=True, description="true or false")
    reach: Literal["direct", "tunnel"] = Field("direct", description="direct or tunnel")
    ssl_mode: SslMode = Field("verify-full", description="verify-full, verify-ca, require or disable")
    ca_bundle: str | None = Field(None, min_length=1, description="the path of a file of certificates (PEM)")
    existing: ExistingDatabaseConfig | None = Field(
        None, description="a mapping with endpoint, port, database, resourceId and masterSecretArn"
    )

    @property
    def port(self) -> int:
        """The TCP port of the database, which an instance that the stack makes has by default."""
        return self.existing.port if self.existing else _POSTGRESQL_PORT


class NewNetworkConfig(Section):
    """A VPC that the stack makes."""

    cidr: Annotated[str, AfterValidator(_vpc_range)] = Field(
        "10.0.0.0/16", description="a private IPv4 range from /16 to /24, for example 10.20.0.0/16"
    )


class ExistingNetworkConfig(Section):
    """A VPC that is already there."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="the id of a VPC, vpc-...")
    private_subnet_ids: tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...] = Field(
        min_length=2, description="two or more ids of private subnets in different zones, subnet-..."
    )
    allowed_security_group_ids: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...] = Field(
        (), description="ids of the security groups that may connect to the database, sg-..."
    )


NetworkConfig = NewNetworkConfig | ExistingNetworkConfig


class ApiConfig(Section):
    """The API behind the distribution."""

    origin_domain: str = Field(pattern=_HOST_NAME, description="the host name of the API, without scheme and port")
    origin_port: Annotated[int, AfterValidator(_origin_port)] = Field(
        443, le=65_535, description="80, 443, or 1024 to 65535"
    )
    origin_protocol: Literal["https", "http"] = Field("https", description="https or http")


class CdnConfig(Section):
    """The CloudFront distribution."""

    enabled: bool = Field(default=True, description="true or false")
    aliases: tuple[Annotated[str, Field(pattern=_ALIAS)], ...] = Field(
        (), description="host names such as api.example.com or *.example.com"
    )
    certificate_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+$",
        description="the ARN of a certificate in us-east-1, where CloudFront reads it whatever the stack's region",
    )
    hosted_zone_id: str | None = Field(
        None, pattern=r"^Z[A-Z0-9]{1,31}$", description="the id of a hosted zone in Route 53, Z..."
    )
    web_acl_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/.+$",
        description="the ARN of a global web ACL (WAF v2, us-east-1)",
    )
    origin_shield_region: OriginShieldRegion | None = Field(
        None, description="a region with an Origin Shield: " + ", ".join(get_args(OriginShieldRegion))
    )
    price_class: PriceClass = Field("PriceClass_100", description=", ".join(get_args(PriceClass)))
    tenant_claim: str | None = Field(
        None, min_length=1, max_length=128, description="the claim of a token that names the tenant"
    )
    key_value_store: bool = Field(
        default=True,
        description="true; or false for an origin that only CloudFront can reach: digests without a pepper, no epochs, "
        "and nothing that proves to the origin where a request comes from",
    )
    secrets_version: int = Field(
        1, ge=1, le=1_000_000, description="1, and a higher number each time that the edge's secrets are to be rotated"
    )
    cors_origins: tuple[Annotated[str, Field(pattern=_CORS_ORIGIN)], ...] = Field(
        (), description="origins of web pages that may call the API, such as https://app.example.com, without a path"
    )


class AccessLogsConfig(Section):
    """The access logs of the distribution."""

    retention_days: int = Field(90, ge=1, le=3_650, description="1 to 3650 days")


class HitRatioFloorConfig(Section):
    """The least share of requests of a class that the edge should answer itself, in percent; 0 sets no alarm."""

    static_data: int = Field(80, ge=0, le=100, description="0 to 100 percent; 0 sets no alarm")
    user_data: int = Field(40, ge=0, le=100, description="0 to 100 percent; 0 sets no alarm")
    realtime: int = Field(0, ge=0, le=100, description="0 to 100 percent; 0 sets no alarm")


class AlarmsConfig(Section):
    """The alarms on what pages somebody, and where they go."""

    enabled: bool = Field(default=True, description="true or false")
    email: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        description="an address, which confirms once and then gets each alarm",
    )
    topic_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$",
        description="the ARN of an SNS topic in the stack's region; without it the stack makes one",
    )
    hit_ratio_floor: HitRatioFloorConfig = Field(
        default_factory=HitRatioFloorConfig, description="a mapping of a cache class to a percentage"
    )


@dataclass(frozen=True)
class Tenant:
    """A tenant of the stack.

    Args:
        id: the tenant's id.
        state: ``active`` protects its partitions, ``offboarding`` lifts that.
        on_remove: what removing the entry does with the rows: ``archive`` or ``drop``.
    """

    id: str
    state: Literal["active", "offboarding"] = "active"
    on_remove: Literal["archive", "drop"] = "archive"


@dataclass(frozen=True)
class StackConfig:
    """All that a stack file says, with its defaults filled in."""

    stack: str
    region: str
    tenants: tuple[Tenant, ...]
    partitions: PartitionsConfig
    database: DatabaseConfig
    network: NetworkConfig
    api: ApiConfig | None
    cdn: CdnConfig
    access_logs: AccessLogsConfig
    alarms: AlarmsConfig
