"""What `strata tenant list` and `show` say of a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata.cli.output import console, print_facts, print_table
from strata.figures import amount_of_bytes, label
from strata.partitions.registered import LEAVING
from strata.tenant_command import option, tenant_command
from strata.tenants import RESERVED_TENANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from strata.cli.tenant_next import NamedStack
    from strata.partitions.registered import RegisteredTenant
    from strata.partitions.registry import RegistryDifference
    from strata.partitions.statistics import PartitionStats


def overview(tenant: RegisteredTenant) -> dict[str, object]:
    """Return one line of the list as data; rows and bytes are estimates, None is unknown."""
    return {
        "tenant_id": tenant.tenant_id,
        "states": tenant.states,
        "tables": len(tenant.partitions),
        "rows": tenant.rows,
        "bytes": tenant.bytes,
        "archive_uri": tenant.archive_uri,
    }


def show_tenants(tenants: Sequence[RegisteredTenant]) -> None:
    """Print the list."""
    if not tenants:
        console().print("no tenants")
        return
    rows = [
        (
            label(one.tenant_id),
            ", ".join(one.states),
            len(one.partitions),
            number(one.rows),
            size(one.bytes),
            one.archive_uri,
        )
        for one in tenants
    ]
    print_table(("tenant", "state", "tables", "rows", "size", "archive"), rows, right=("rows", "size"))


def number(value: int | None) -> str | None:
    """Return a number for people; None stays unknown."""
    return None if value is None else f"{value:,}"


def size(value: int | None) -> str | None:
    """Return a number of bytes for people; None stays unknown."""
    return None if value is None else amount_of_bytes(value)


@dataclass(frozen=True)
class TenantView:
    """A tenant as `strata tenant show` describes it.

    Args:
        tenant_id: whose.
        states: of its partitions.
        archive_uri: where its archive is.
        partitions: rows of the registry.
        differences: by table, what `strata partitions verify` tells of its partition, and how to settle it.
        next_step: what to do.
    """

    tenant_id: str
    states: tuple[str, ...]
    archive_uri: str | None
    partitions: tuple[PartitionStats, ...]
    differences: Mapping[str, Sequence[str]]
    next_step: str


def described(known: RegisteredTenant, found: Sequence[RegistryDifference], named: NamedStack) -> TenantView:
    """Return what there is to say."""
    differences = {
        str(table): tuple(f"{one.what}; settle: {one.settle}" for one in found if one.table == table)
        for table in dict.fromkeys(one.table for one in found)
    }
    return TenantView(
        known.tenant_id,
        known.states,
        known.archive_uri,
        known.partitions,
        differences,
        _next_step(known, differences, named),
    )


def _next_step(known: RegisteredTenant, differences: Mapping[str, Sequence[str]], named: NamedStack) -> str:
    tenant, here = known.tenant_id, named.in_database
    restore = tenant_command("restore", tenant, *here)
    if "restoring" in known.states:
        abandon = tenant_command("restore", tenant, "--abandon", *here)
        return f"{restore} goes on with the restore; {abandon} gives it up"
    if LEAVING.intersection(known.states):
        archive = tenant_command("archive", tenant, *here)
        return f"{named.engine('up')} goes on with its removal; so does {archive}, into an archive"
    if known.states == ("archived",):
        forget = tenant_command("forget", tenant, *here)
        return f"{restore} brings its rows back; {forget} frees its id for a beginning without them"
    if differences:
        # A resource whose inputs are the same is updated only when a refresh has found that the partitions are not.
        return f"settle each difference as it says, then {named.engine('up', '--refresh')}"
    if tenant == RESERVED_TENANT:
        return "nothing: it is for rows that belong to no customer, and every stack has it"
    offboard = tenant_command("offboard", tenant, "--on-remove", "archive", *named.in_stack_file)
    archive = tenant_command("archive", tenant, *option("--confirm", tenant), *here)
    return (
        f"nothing; when it leaves: {offboard}, then {named.engine('up')}; where the stack file has no entry for it:"
        f" {tenant_command('add', tenant, *named.in_stack_file)} keeps it, {archive} archives it"
    )


def show_tenant(view: TenantView) -> None:
    """Print all that is known of a tenant."""
    print_facts([("tenant", label(view.tenant_id)), ("state", ", ".join(view.states)), ("archive", view.archive_uri)])
    rows = [
        (
            one.table,
            one.partition,
            one.state,
            number(one.rows),
            size(one.bytes),
            None if one.last_analyzed_at is None else f"{one.last_analyzed_at:%Y-%m-%d %H:%M %Z}",
        )
        for one in view.partitions
    ]
    print_table(("table", "partition", "state", "rows", "size", "analyzed"), rows, right=("rows", "size"))
    for table, found in view.differences.items():
        for difference in found:
            console().print(label(f"{table}: {difference}"), soft_wrap=True)
    console().print(label(f"next: {view.next_step}"), soft_wrap=True)
