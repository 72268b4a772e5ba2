"""What RDS refuses in a DB instance's properties, held before anything is made.

Rules: Amazon RDS API reference, CreateDBInstance and ModifyDBInstance; Amazon RDS User Guide, "Settings for DB
instances" and "Amazon RDS DB instance storage".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from local.postgres import programs
from local.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_IDENTIFIER: Final = 63
_MINUTES_OF_A_DAY: Final = 24 * 60
_SHORTEST_WINDOW_MINUTES: Final = 30
_IDENTIFIER_RULE: Final = "lower case letters, digits and single hyphens, a letter first, at most 63 characters"
_PATTERNS: Final = {
    "identifier": (r"[a-z][a-z0-9]*(-[a-z0-9]+)*", _IDENTIFIER_RULE),
    "finalSnapshotIdentifier": (
        r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*",
        "letters, digits and single hyphens, a letter first",
    ),
    "instanceClass": (r"db\.[a-z0-9-]+\.(micro|small|medium|large|\d*xlarge|metal)", "a class such as db.t4g.medium"),
    "dbName": (r"[A-Za-z_][A-Za-z0-9_]{0,62}", "letters, digits and underscores, no digit first, at most 63"),
    "username": (r"[A-Za-z][A-Za-z0-9_]{0,62}", "letters, digits and underscores, a letter first, at most 63"),
    "password": (
        r"[\x21\x23-\x2e\x30-\x3f\x41-\x7e]{8,128}",
        'of 8 to 128 printable characters without / @ " and space',
    ),
    "caCertIdentifier": (
        r"rds-ca-(rsa2048|rsa4096|ecc384)-g1",
        "rds-ca-rsa2048-g1, rds-ca-rsa4096-g1, rds-ca-ecc384-g1",
    ),
}
_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "engine": ("postgres",),
    "storageType": ("gp2", "gp3", "io1", "io2"),
    "monitoringInterval": (0, 1, 5, 10, 15, 30, 60),
    "networkType": ("IPV4", "DUAL"),
    "licenseModel": ("postgresql-license",),
    # 7 days, then months of 31 days, and two years.
    "performanceInsightsRetentionPeriod": (7, *(31 * month for month in range(1, 24)), 731),
}
_RANGES: Final = {"allocatedStorage": (20, 65_536), "backupRetentionPeriod": (0, 35), "port": (1_150, 65_535)}
_RESERVED_USERNAMES: Final = frozenset(
    {"admin", "rdsadmin", "rds_superuser", "rds_iam", "rds_password", "public", "user"}
)
_RESERVED_DATABASES: Final = frozenset({"rdsadmin", "template0", "template1"})
_LOG_EXPORTS: Final = frozenset({"postgresql", "upgrade", "iam-db-auth-error"})
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def failures(inputs: Properties) -> list[CheckFailure]:
    """Return the rules of RDS that the inputs break; unknown values break none."""
    known = {key: value for key, value in inputs.items() if value is not UNKNOWN and value is not None}
    unknown = frozenset(key for key, value in inputs.items() if value is UNKNOWN)
    return [
        *_value_failures(known),
        *_required_failures(known, unknown),
        *_engine_failures(known),
        *_password_failures(known, unknown),
        *_storage_failures(known),
        *_option_failures(known, unknown),
        *_window_failures(known),
    ]


def _value_failures(known: Properties) -> Iterator[CheckFailure]:
    for name, (pattern, rule) in _PATTERNS.items():
        if name in known and not re.fullmatch(pattern, str(known[name])):
            shown = "the value" if name == "password" else repr(known[name])
            yield CheckFailure(name, f"{shown} is not {rule}")
    for name, allowed in _CHOICES.items():
        if name in known and known[name] not in allowed:
            yield CheckFailure(name, f"{known[name]!r} is none of {', '.join(map(str, allowed))}")
    for name, (least, most) in _RANGES.items():
        if name in known and not least <= known[name] <= most:
            yield CheckFailure(name, f"{known[name]} is not within {least} to {most}")
    if len(str(known.get("identifier", ""))) > _LONGEST_IDENTIFIER:
        yield CheckFailure("identifier", f"{known['identifier']!r} is not {_IDENTIFIER_RULE}")
    for name, reserved in (("username", _RESERVED_USERNAMES), ("dbName", _RESERVED_DATABASES)):
        value = str(known.get(name, ""))
        if value.lower() in reserved or value.lower().startswith("pg_"):
            yield CheckFailure(name, f"{value} is a reserved word of the engine")


def _required_failures(known: Properties, unknown: frozenset[str]) -> Iterator[CheckFailure]:
    for name in ("engine", "allocatedStorage", "username"):
        if name not in known and name not in unknown:
            yield CheckFailure(name, f"missing; RDS needs {name} for a new DB instance")
    wants_snapshot = not known.get("skipFinalSnapshot") and "skipFinalSnapshot" not in unknown
    if wants_snapshot and "finalSnapshotIdentifier" not in {*known, *unknown}:
        yield CheckFailure("finalSnapshotIdentifier", "missing; it is required unless skipFinalSnapshot is true")


def _engine_failures(known: Properties) -> Iterator[CheckFailure]:
    wanted = known.get("engineVersion")
    installed = programs.version()
    major = installed.split(".", maxsplit=1)[0]
    if wanted is not None and str(wanted).split(".", maxsplit=1)[0] != major:
        yield CheckFailure("engineVersion", f"{wanted}: the local provider has PostgreSQL {installed}; use {major}")


def _password_failures(known: Properties, unknown: frozenset[str]) -> Iterator[CheckFailure]:
    managed, given = known.get("manageMasterUserPassword"), "password" in {*known, *unknown}
    if managed and given:
        yield CheckFailure("password", "excluded by manageMasterUserPassword: RDS makes the password itself")
    if not managed and not given and "manageMasterUserPassword" not in unknown:
        yield CheckFailure("manageMasterUserPassword", "missing; set it to true, or give a password")
    if "masterUserSecretKmsKeyId" in known and not managed and "manageMasterUserPassword" not in unknown:
        yield CheckFailure("masterUserSecretKmsKeyId", "needs manageMasterUserPassword")


def _storage_failures(known: Properties) -> Iterator[CheckFailure]:
    kind, size = known.get("storageType", "gp2"), known.get("allocatedStorage")
    most = known.get("maxAllocatedStorage")
    if most and size and most <= size:
        yield CheckFailure("maxAllocatedStorage", f"{most} is not greater than allocatedStorage, {size}")
    if kind in {"io1", "io2"} and "iops" not in known:
        yield CheckFailure("iops", f"missing; storageType {kind} needs it")
    if kind == "gp2" and "iops" in known:
        yield CheckFailure("iops", "storageType gp2 does not take it")
    if kind != "gp3" and "storageThroughput" in known:
        yield CheckFailure("storageThroughput", "only storageType gp3 takes it")
    if "kmsKeyId" in known and not known.get("storageEncrypted"):
        yield CheckFailure("kmsKeyId", "needs storageEncrypted")


def _option_failures(known: Properties, unknown: frozenset[str]) -> Iterator[CheckFailure]:
    if not known.get("performanceInsightsEnabled") and "performanceInsightsEnabled" not in unknown:
        for name in ("performanceInsightsRetentionPeriod", "performanceInsightsKmsKeyId"):
            if name in known:
                yield CheckFailure(name, "needs performanceInsightsEnabled")
    if known.get("monitoringInterval") and "monitoringRoleArn" not in {*known, *unknown}:
        yield CheckFailure("monitoringRoleArn", "missing; a monitoringInterval above 0 needs it")
    if known.get("multiAz") and "availabilityZone" in known:
        yield CheckFailure("availabilityZone", "excluded by multiAz: RDS chooses the zones")
    for index, log in enumerate(known.get("enabledCloudwatchLogsExports") or []):
        if log is not UNKNOWN and log not in _LOG_EXPORTS:
            reason = f"{log!r} is none of {', '.join(sorted(_LOG_EXPORTS))}"
            yield CheckFailure(f"enabledCloudwatchLogsExports[{index}]", reason)


def _window_failures(known: Properties) -> Iterator[CheckFailure]:
    backup = maintenance = None
    if "backupWindow" in known:
        backup = _daily_window(str(known["backupWindow"]))
        if backup is None:
            yield CheckFailure("backupWindow", "not hh:mm-hh:mm in UTC, at least 30 minutes long, e.g. 03:00-04:00")
    if "maintenanceWindow" in known:
        maintenance = _weekly_window(str(known["maintenanceWindow"]))
        if maintenance is None:
            reason = "not ddd:hh:mm-ddd:hh:mm in UTC, at least 30 minutes long, e.g. sun:05:00-sun:06:00"
            yield CheckFailure("maintenanceWindow", reason)
    if backup and maintenance and backup & {minute % _MINUTES_OF_A_DAY for minute in maintenance}:
        yield CheckFailure("backupWindow", "must not overlap maintenanceWindow")


def _daily_window(text: str) -> set[int] | None:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text)
    if found is None:
        return None
    start, end = (int(found[index]) * 60 + int(found[index + 1]) for index in (1, 3))
    return _minutes(start, end, _MINUTES_OF_A_DAY)


def _weekly_window(text: str) -> set[int] | None:
    moment = rf"({'|'.join(_DAYS)}):([01]\d|2[0-3]):([0-5]\d)"
    found = re.fullmatch(f"{moment}-{moment}", text.lower())
    if found is None:
        return None
    start, end = (
        (_DAYS.index(found[index]) * 24 + int(found[index + 1])) * 60 + int(found[index + 2]) for index in (1, 4)
    )
    return _minutes(start, end, 7 * _MINUTES_OF_A_DAY)


def _minutes(start: int, end: int, period: int) -> set[int] | None:
    length = (end - start) % period
    return {(start + minute) % period for minute in range(length)} if length >= _SHORTEST_WINDOW_MINUTES else None
