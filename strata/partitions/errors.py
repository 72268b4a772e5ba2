"""What can go wrong with a tenant's partitions.

StrataError
  PartitionMismatchError    something exists that only a person can settle
  TenantOffboardingError    the tenant is on its way out
  TenantArchivedError       the tenant is in an archive, or on its way back from there
  BucketRoutingError        the server routes the tenant elsewhere than we computed
  OnboardingTimeoutError    others held locks for the whole budget
  OnboardingFailedError     PostgreSQL refused
  OffboardingTimeoutError   others held locks for the whole budget
  ConnectionLostError       the connection broke in between
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import errors as postgresql

from strata.errors import StrataError
from strata.partitions.blockers import describe, how_to_end
from strata.tenant_command import option, tenant_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from strata.partitions.blockers import Blocker


class PartitionMismatchError(StrataError):
    """Partitions exist that are not what they should be, and only a person can settle it."""

    def __init__(self, tenant_id: str, differences: Mapping[str, Sequence[str]]) -> None:
        listed = " | ".join(f"{table}: {found}" for table, each in differences.items() for found in each)
        super().__init__(
            f"existing partitions differ from what they should be: {listed}",
            where={"tenant": tenant_id},
            allowed="partitions like their parent, or none",
            next_command="settle each as it says, then pulumi up",
        )
        self.tenant_id = tenant_id
        self.differences = {table: tuple(each) for table, each in differences.items()}


class TenantOffboardingError(StrataError):
    """The tenant's removal has begun; it is finished before the tenant is made again."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            "the tenant is being offboarded",
            where={"tenant": tenant_id},
            allowed="onboarding after its removal is complete",
            next_command="remove its entry and run pulumi up; then add it again",
        )
        self.tenant_id = tenant_id


class TenantArchivedError(StrataError):
    """The tenant's rows are in an archive: making empty partitions would hide them."""

    def __init__(self, tenant_id: str, state: str, archive_uri: str) -> None:
        restoring = state == "restoring"
        abandon = f"to give the restore up, {tenant_command('restore', tenant_id, '--abandon')}"
        forget = tenant_command("forget", tenant_id, *option("--confirm", tenant_id))
        super().__init__(
            "the tenant is being restored from its archive" if restoring else "the tenant is archived",
            where={"tenant": tenant_id, "archive": archive_uri},
            allowed="a tenant that was never archived, or whose rows are back",
            next_command=f"{tenant_command('restore', tenant_id)}, then pulumi up; or,"
            f" {abandon if restoring else f'to begin it anew without its rows, {forget}'}",
        )
        self.tenant_id = tenant_id
        self.archive_uri = archive_uri


def not_active(tenant_id: str, state: str, archive_uri: str) -> StrataError:
    """Return what a state of the registry other than active means to whoever onboards the tenant."""
    if state in {"archived", "restoring"}:
        return TenantArchivedError(tenant_id, state, archive_uri)
    return TenantOffboardingError(tenant_id)


class BucketRoutingError(StrataError):
    """The server routes the tenant's rows to another bucket than we computed."""

    def __init__(self, tenant_id: str, bucket: str) -> None:
        super().__init__(
            "the server does not route this tenant to the bucket computed for it",
            where={"tenant": tenant_id, "bucket": bucket},
            allowed="PostgreSQL 16 to 18 on a little-endian machine, and 64 buckets per table",
        )
        self.tenant_id = tenant_id
        self.bucket = bucket


class OnboardingTimeoutError(StrataError):
    """Others held locks for the whole budget; nothing was changed."""

    def __init__(self, tenant_id: str, budget_seconds: float, blockers: Sequence[Blocker], reason: str) -> None:
        super().__init__(
            f"onboarding met a lock: {' '.join(reason.split())}; held by {describe(blockers)}",
            where={"tenant": tenant_id},
            allowed=f"{budget_seconds:g} s of waiting for others",
            next_command=f"{how_to_end(blockers)}pulumi up",
        )
        self.tenant_id = tenant_id
        self.blockers = tuple(blockers)


class OnboardingFailedError(StrataError):
    """PostgreSQL refused; nothing was changed."""

    def __init__(self, tenant_id: str, error: psycopg.Error) -> None:
        missing = isinstance(error, postgresql.UndefinedTable | postgresql.InvalidSchemaName)
        super().__init__(
            f"onboarding was refused: {error.sqlstate}: {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            allowed="a database with every migration applied" if missing else None,
            next_command="pulumi up",
        )
        self.tenant_id = tenant_id
        self.sqlstate = error.sqlstate


class OffboardingTimeoutError(StrataError):
    """Others held locks for the whole budget; what was done stays done, and the next run goes on from there."""

    def __init__(self, tenant_id: str, tables: Sequence[str], blockers: Sequence[Blocker], reason: str) -> None:
        super().__init__(
            f"offboarding met a lock: {' '.join(reason.split())}; held by {describe(blockers)}",
            where={"tenant": tenant_id, "table": ", ".join(tables)},
            next_command=f"{how_to_end(blockers)}run again: it goes on from here",
        )
        self.tenant_id = tenant_id
        self.blockers = tuple(blockers)


class OffboardingFailedError(StrataError):
    """PostgreSQL refused; what was done stays done."""

    def __init__(self, tenant_id: str, error: psycopg.Error) -> None:
        super().__init__(
            f"offboarding was refused: {error.sqlstate}: {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            next_command="run again: it goes on from here",
        )
        self.tenant_id = tenant_id
        self.sqlstate = error.sqlstate


class ConnectionLostError(StrataError):
    """The connection broke in between; whatever was one transaction is there as a whole or not at all."""

    def __init__(self, tenant_id: str, error: psycopg.Error) -> None:
        super().__init__(
            f"the connection to the database broke: {' '.join(str(error).split())}",
            where={"tenant": tenant_id},
            next_command="run again: what is there is adopted, what is missing is made",
        )
        self.tenant_id = tenant_id


def onboarding_failure(tenant_id: str, error: psycopg.Error, *, lost: bool) -> StrataError:
    """Return what a refusal by PostgreSQL means to whoever onboards a tenant."""
    if lost:
        return ConnectionLostError(tenant_id, error)
    meaning = _mismatch(error)
    if meaning is None:
        return OnboardingFailedError(tenant_id, error)
    return PartitionMismatchError(
        tenant_id, {error.diag.table_name or "partitions": [f"{meaning}: {error.diag.message_primary}"]}
    )


def offboarding_failure(tenant_id: str, error: psycopg.Error, *, lost: bool) -> StrataError:
    """Return what a refusal by PostgreSQL means to whoever offboards a tenant."""
    return ConnectionLostError(tenant_id, error) if lost else OffboardingFailedError(tenant_id, error)


def _mismatch(error: psycopg.Error) -> str | None:
    """Return what is wrong with what exists, if it is that; much else that cannot be attached is 42P17 as well."""
    if isinstance(error, postgresql.InvalidObjectDefinition) and "would overlap" not in str(error):
        return None
    return _MISMATCHES.get(error.sqlstate or "")


_MISMATCHES: Final = {
    postgresql.InvalidObjectDefinition.sqlstate: "a partition of another name has this tenant's bound",
    postgresql.UniqueViolation.sqlstate: "another tenant's partition has this name",
    postgresql.CheckViolation.sqlstate: "the table holds rows of other tenants",
}
