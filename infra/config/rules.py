"""Rules between keys: what fits together, what the layout can hold, and what production must have."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra.config.problems import ConfigProblem
from infra.config.sections.database import DatabaseConfig
from infra.config.sections.edge import ApiConfig, CdnConfig
from infra.config.sections.partitions import PartitionsConfig
from infra.config.values import Tenant
from strata.environments.names import Purpose
from strata.partitions.lock_table import LAYOUT_LIMITS

_LEAST_BACKUP_DAYS: Final[Mapping[Purpose | None, int]] = {"staging": 1, "production": 7}
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
    """The sections of one stack file and its purpose; what has a problem of its own is None, and its rules rest."""

    purpose: Purpose | None
    tenants: Sequence[Tenant]
    partitions: PartitionsConfig | None
    database: DatabaseConfig | None
    api: ApiConfig | None
    cdn: CdnConfig | None


@dataclass(frozen=True)
class Rule:
    """A rule between keys.

    Args:
        says: what holds where it is kept, as the reference says it.
        broken: yields each way in which the sections break it.
    """

    says: str
    broken: Callable[[Sections], Iterator[ConfigProblem]]


def broken_rules(sections: Sections) -> Iterator[ConfigProblem]:
    """Yield every rule between keys that the sections break."""
    for rule in (*ALWAYS, *(GUARD_RAILS[sections.purpose] if sections.purpose else ())):
        yield from rule.broken(sections)


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
    elif len(sections.tenants) > most:
        way_out = "" if layout == "bucketed" else "strata:partitions.layout bucketed before the first deployment, or "
        yield ConfigProblem(
            "strata:tenants",
            f"{len(sections.tenants)} tenants are more than the layout {layout} holds",
            f"at most {most}; {way_out}a second stack for the others (docs/scaling.md)",
        )
    elif len(sections.tenants) > capacity:
        yield ConfigProblem(
            "strata:tenants",
            f"{len(sections.tenants)} tenants are more than strata:partitions.capacity {capacity}",
            f"set strata:partitions.capacity to {len(sections.tenants)} or more (the instance then needs a restart)",
        )


def _existing_database(sections: Sections) -> Iterator[ConfigProblem]:
    database = sections.database
    if database is None or database.existing is None:
        return
    for field, key in _KEYS_OF_A_NEW_INSTANCE.items():
        if field in database.model_fields_set:
            yield ConfigProblem(
                f"strata:database.{key}",
                "has no effect on the instance of strata:database.existing",
                "leave it out, or leave existing out to make an instance",
            )


def _certificate(sections: Sections) -> Iterator[ConfigProblem]:
    cdn = sections.cdn
    if cdn is None:
        return
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


def _edge(sections: Sections) -> Iterator[ConfigProblem]:
    cdn = sections.cdn
    if cdn is None:
        return
    if len(set(cdn.cors_origins)) < len(cdn.cors_origins):
        yield ConfigProblem("strata:cdn.corsOrigins", "names an origin twice", "each origin once")
    if not cdn.key_value_store and "secrets_version" in cdn.model_fields_set:
        what = "has no effect without a store"
        yield ConfigProblem("strata:cdn.secretsVersion", what, "leave it out, or keyValueStore: true")


def _protected_database(sections: Sections) -> Iterator[ConfigProblem]:
    database, where = sections.database, f"in {sections.purpose}"
    if database is None:
        return
    if database.ssl_mode != "verify-full":
        yield ConfigProblem("strata:database.sslMode", f"is {database.ssl_mode}", f"{where}: verify-full")
    if database.existing:
        return
    if not database.deletion_protection:
        yield ConfigProblem("strata:database.deletionProtection", "is false", f"{where}: true")
    days, least = database.backup_retention_days, _LEAST_BACKUP_DAYS[sections.purpose]
    if days < least:
        yield ConfigProblem("strata:database.backupRetentionDays", f"is {days}", f"{where}: {least} to 35")


def _encrypted_origin(sections: Sections) -> Iterator[ConfigProblem]:
    if sections.api and sections.api.origin_protocol != "https":
        what = "tokens would travel in the clear"
        yield ConfigProblem("strata:api.originProtocol", what, f"in {sections.purpose}: https")


def _kept_tenants(sections: Sections) -> Iterator[ConfigProblem]:
    for tenant in sections.tenants:
        if tenant.on_remove == "drop":
            what = f"{tenant.id!r} has onRemove: drop, which deletes rows without an archive"
            yield ConfigProblem("strata:tenants", what, "in production: onRemove: archive")


def _available_database(sections: Sections) -> Iterator[ConfigProblem]:
    database = sections.database
    if database is None or database.existing:
        return
    if not database.multi_az:
        yield ConfigProblem("strata:database.multiAz", "is false", "in production: true")


def _own_certificate(sections: Sections) -> Iterator[ConfigProblem]:
    if sections.cdn and sections.cdn.enabled and not sections.cdn.aliases:
        yield ConfigProblem(
            "strata:cdn.aliases",
            "is missing, so CloudFront would use its own certificate, which allows TLS 1.0",
            "in production: aliases, and certificateArn or hostedZoneId",
        )


def _encrypted_pages(sections: Sections) -> Iterator[ConfigProblem]:
    for origin in sections.cdn.cors_origins if sections.cdn else ():
        if not origin.startswith("https://"):
            what = f"{origin!r} is a page that anybody on its network may change"
            yield ConfigProblem("strata:cdn.corsOrigins", what, "in production: https://")


_PROTECTED_DATABASE: Final = Rule(
    "The database is reached with `sslMode: verify-full`. An instance that the stack makes has `deletionProtection`, "
    "and backups of a day or more; in production, of 7 days or more.",
    _protected_database,
)
_ENCRYPTED_ORIGIN: Final = Rule("CloudFront talks to the API by HTTPS.", _encrypted_origin)

#: Rules of every stack.
ALWAYS: Final = (
    Rule("`partitions.capacity` is no more than the layout holds, and no less than there are tenants.", _capacity),
    Rule("Keys of an instance to make do not stand beside `database.existing`.", _existing_database),
    Rule(
        "`cdn.aliases` are named once each and have `certificateArn` or `hostedZoneId` beside them; neither of these "
        "stands without aliases.",
        _certificate,
    ),
    Rule("`cdn.corsOrigins` are named once each; `cdn.secretsVersion` needs the store (`cdn.keyValueStore`).", _edge),
)
#: Rules of a stack's purpose.
GUARD_RAILS: Final[Mapping[Purpose, Sequence[Rule]]] = {
    "development": (),
    "staging": (_PROTECTED_DATABASE, _ENCRYPTED_ORIGIN),
    "production": (
        Rule("No tenant has `onRemove: drop`.", _kept_tenants),
        _PROTECTED_DATABASE,
        Rule("An instance that the stack makes has `multiAz`.", _available_database),
        Rule(
            "The distribution has `aliases`: the certificate of CloudFront itself would allow TLS 1.0.",
            _own_certificate,
        ),
        Rule("`cdn.corsOrigins` begin with `https://`.", _encrypted_pages),
        _ENCRYPTED_ORIGIN,
    ),
}
