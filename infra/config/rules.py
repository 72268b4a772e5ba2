"""Rules between keys: what fits together, what the layout can hold, and what production must have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from infra.config.problems import ConfigProblem
from infra.config.values import ApiConfig, CdnConfig, DatabaseConfig, PartitionsConfig, Tenant
from strata.partitions.lock_table import LAYOUT_LIMITS

#: The stack whose mistakes reach customers.
PRODUCTION_STACK: Final = "prod"
_LEAST_PRODUCTION_BACKUP_DAYS: Final = 7
_KEYS_OF_A_NEW_INSTANCE: Final = {
    "engine_version": "engineVersion",
    "instance_class": "instanceClass",
    "allocated_storage_gib": "allocatedStorageGib",
    "multi_az": "multiAz",
    "backup_retention_days": "backupRetentionDays",
    "deletion_protection": "deletionProtection",
}


@dataclass(frozen=True)
class Sections:
    """The sections of one stack file; one that has a problem of its own is None, and its rules rest."""

    stack: str
    tenants: Sequence[Tenant]
    partitions: PartitionsConfig | None
    database: DatabaseConfig | None
    api: ApiConfig | None
    cdn: CdnConfig | None


def broken_rules(sections: Sections) -> Iterator[ConfigProblem]:
    """Yield every rule between keys that the sections break."""
    yield from _capacity(sections)
    if sections.database:
        yield from _existing_database(sections.database)
    if sections.cdn:
        yield from _certificate(sections.cdn)
        yield from _edge(sections.cdn)
    if sections.stack == PRODUCTION_STACK:
        yield from _production(sections)


def _capacity(sections: Sections) -> Iterator[ConfigProblem]:
    if sections.partitions is None:
        return
    layout, capacity = sections.partitions.layout, sections.partitions.capacity
    most = LAYOUT_LIMITS[layout]
    if capacity > most:
        other = "" if layout == "bucketed" else ", or strata:partitions.layout bucketed before the first deployment"
        yield ConfigProblem(
            "strata:partitions.capacity",
            f"{capacity} is more than the layout {layout} holds",
            f"at most {most}{other}",
        )
    elif len(sections.tenants) > capacity:
        yield ConfigProblem(
            "strata:tenants",
            f"{len(sections.tenants)} tenants are more than strata:partitions.capacity {capacity}",
            f"set strata:partitions.capacity to {len(sections.tenants)} or more (the instance then needs a restart)",
        )


def _existing_database(database: DatabaseConfig) -> Iterator[ConfigProblem]:
    if database.existing is None:
        return
    for field, key in _KEYS_OF_A_NEW_INSTANCE.items():
        if field in database.model_fields_set:
            yield ConfigProblem(
                f"strata:database.{key}",
                "has no effect on the instance of strata:database.existing",
                "leave it out, or leave existing out to make an instance",
            )


def _certificate(cdn: CdnConfig) -> Iterator[ConfigProblem]:
    if cdn.aliases and not (cdn.certificate_arn or cdn.hosted_zone_id):
        yield ConfigProblem(
            "strata:cdn.aliases",
            "aliases need a certificate",
            "beside aliases: certificateArn (in us-east-1), or hostedZoneId to have a certificate made",
        )
    if len(set(cdn.aliases)) < len(cdn.aliases):
        yield ConfigProblem("strata:cdn.aliases", "names a host twice", "each host name once")
    if not cdn.aliases and cdn.hosted_zone_id:
        yield ConfigProblem("strata:cdn.hostedZoneId", "has no alias to make records for", "beside it: aliases")
    if not cdn.aliases and cdn.certificate_arn:
        yield ConfigProblem("strata:cdn.certificateArn", "has no alias to be shown for", "beside it: aliases")


def _edge(cdn: CdnConfig) -> Iterator[ConfigProblem]:
    if len(set(cdn.cors_origins)) < len(cdn.cors_origins):
        yield ConfigProblem("strata:cdn.corsOrigins", "names an origin twice", "each origin once")
    if not cdn.key_value_store and "secrets_version" in cdn.model_fields_set:
        what = "has no effect without a store"
        yield ConfigProblem("strata:cdn.secretsVersion", what, "leave it out, or keyValueStore: true")


def _production(sections: Sections) -> Iterator[ConfigProblem]:
    for tenant in sections.tenants:
        if tenant.on_remove == "drop":
            what = f"{tenant.id!r} has onRemove: drop, which deletes rows without an archive"
            yield ConfigProblem("strata:tenants", what, "in production: onRemove: archive")
    if sections.database:
        yield from _production_database(sections.database)
    if sections.cdn and sections.cdn.enabled and not sections.cdn.aliases:
        yield ConfigProblem(
            "strata:cdn.aliases",
            "is missing, so CloudFront would use its own certificate, which allows TLS 1.0",
            "in production: aliases, and certificateArn or hostedZoneId",
        )
    for origin in sections.cdn.cors_origins if sections.cdn else ():
        if not origin.startswith("https://"):
            what = f"{origin!r} is a page that anybody on its network may change"
            yield ConfigProblem("strata:cdn.corsOrigins", what, "in production: https://")
    if sections.api and sections.api.origin_protocol != "https":
        yield ConfigProblem("strata:api.originProtocol", "tokens would travel in the clear", "in production: https")


def _production_database(database: DatabaseConfig) -> Iterator[ConfigProblem]:
    if database.ssl_mode != "verify-full":
        yield ConfigProblem("strata:database.sslMode", f"is {database.ssl_mode}", "in production: verify-full")
    if database.existing:
        return
    if not database.multi_az:
        yield ConfigProblem("strata:database.multiAz", "is false", "in production: true")
    if not database.deletion_protection:
        yield ConfigProblem("strata:database.deletionProtection", "is false", "in production: true")
    if database.backup_retention_days < _LEAST_PRODUCTION_BACKUP_DAYS:
        yield ConfigProblem(
            "strata:database.backupRetentionDays",
            f"is {database.backup_retention_days}",
            f"in production: {_LEAST_PRODUCTION_BACKUP_DAYS} to 35",
        )
