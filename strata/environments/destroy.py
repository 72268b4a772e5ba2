"""The end of an environment: what stands in its way, what it leaves behind, and the runs of the engine that end it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.engine_contract import TENANT_TYPE
from strata.environments.create import Step
from strata.errors import StrataError
from strata.tenants import RESERVED_TENANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INSTANCE: Final = "aws:rds/instance:Instance"
_BUCKET: Final = "aws:s3/bucket:Bucket"
#: Archives and access logs outlive an environment, and so does what closes and encrypts their buckets.
_KEPT: Final = "strata:infra:ClosedBucket"
_MOST_NAMED: Final = 5


class DestroyRefusedError(StrataError):
    """An environment that may not be destroyed as it is."""


@dataclass(frozen=True)
class Teardown:
    """What destroying an environment comes to.

    Args:
        steps: the runs of the engine, in order.
        final_snapshot: the snapshot that holds the rows from then on; None without an instance.
        buckets: the buckets that stay.
        tenants: the customers whose rows are then only in the snapshot.
    """

    steps: tuple[Step, ...]
    final_snapshot: str | None
    buckets: tuple[str, ...]
    tenants: tuple[str, ...]


def plan_teardown(stack: str, resources: Sequence[Mapping[str, Any]], *, with_tenants: bool) -> Teardown:
    """Return what destroying a stack comes to.

    Args:
        stack: its name.
        resources: what its state holds.
        with_tenants: whether customers that are still active go with it, into the final snapshot.

    Raises:
        DestroyRefusedError: the instance is protected, customers are active, or the instance is not the stack's.
    """
    instance = next((one for one in resources if one["type"] == _INSTANCE), None)
    tenants = [one for one in resources if one["type"] == TENANT_TYPE]
    active = tuple(sorted(_tenant(one) for one in tenants if one.get("protect") and _tenant(one) != RESERVED_TENANT))
    _require_own_instance(stack, instance, tenants)
    _require_lifted(stack, instance)
    if active and not with_tenants:
        raise _active_tenants(stack, active)
    kept = [one for one in resources if f"{_KEPT}$" in one["urn"] or one["type"] == _KEPT]
    return Teardown(
        _steps([str(one["urn"]) for one in kept], [str(one["urn"]) for one in tenants if one.get("protect")]),
        instance["inputs"].get("finalSnapshotIdentifier") if instance else None,
        tuple(sorted(str(one["outputs"]["bucket"]) for one in kept if one["type"] == _BUCKET)),
        active,
    )


def _steps(kept: Sequence[str], protected: Sequence[str]) -> tuple[Step, ...]:
    found = []
    if protected:
        # Rows are not dropped by this: what lives inside the instance is deleted with it, after its last snapshot.
        words = ("state", "unprotect", *protected, "--yes")
        found.append(Step(words, "lift the protection of tenants, whose rows the final snapshot keeps"))
    if kept:
        words = ("state", "protect", *kept, "--yes")
        found.append(Step(words, "protect the buckets of archives and access logs, which stay"))
    found.append(Step(("destroy", "--exclude-protected", "--yes"), "destroy everything else"))
    return tuple(found)


def _tenant(resource: Mapping[str, Any]) -> str:
    return str(resource["outputs"]["tenant_id"])


def _require_own_instance(stack: str, instance: Mapping[str, Any] | None, tenants: Sequence[Mapping[str, Any]]) -> None:
    if instance is None and tenants:
        raise DestroyRefusedError(
            "the database instance is not the stack's own, and would keep logins, schema and rows without an owner",
            where={"stack": stack},
            allowed="a stack that has made its instance",
            next_command="strata tenant offboard each tenant; then docs/guides/private-database.md, Destroying",
        )


def _require_lifted(stack: str, instance: Mapping[str, Any] | None) -> None:
    if instance is not None and (instance.get("protect") or instance["inputs"].get("deletionProtection")):
        raise DestroyRefusedError(
            "the database instance is protected",
            where={"stack": stack, "file": f"Pulumi.{stack}.yaml"},
            allowed="strata:database.deletionProtection: false, deployed; production does not allow it",
            next_command=f"set it, pulumi up --stack {shlex.quote(stack)}, then this again",
        )


def _active_tenants(stack: str, active: tuple[str, ...]) -> DestroyRefusedError:
    first, of_stack = shlex.quote(active[0]), shlex.quote(stack)
    named = ", ".join(active[:_MOST_NAMED]) + (", ..." if len(active) > _MOST_NAMED else "")
    return DestroyRefusedError(
        f"{len(active)} tenants are active: {named}",
        where={"stack": stack},
        allowed="tenants that have left, with their archives; or --with-tenants: their rows are then only in the final "
        "snapshot",
        next_command=f"strata tenant offboard {first} --on-remove archive --stack {of_stack}",
    )
