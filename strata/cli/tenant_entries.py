"""`strata tenant add|offboard`: a tenant's entry in the stack file; what it means happens in the next `pulumi up`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from strata.cli.output import AsJson, DryRun, console, print_json
from strata.cli.stack_database import TenantId  # noqa: TC001 - Typer reads the annotations
from strata.cli.tenant_archive import Confirm, NotConfirmedError
from strata.cli.tenant_next import NamedStack
from strata.figures import label
from strata.stack_file import TenantFile, find_stack_file, one_at_a_time
from strata.tenant_command import tenant_command

OnRemove = Literal["archive", "drop"]

Stack = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="Of which stack; by default the one that PULUMI_STACK names."),
]
StackFile = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="The stack file itself.")]


def add(
    tenant: TenantId,
    *,
    stack: Stack = None,
    file: StackFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a tenant to the stack file; pulumi up makes its partitions."""
    path, named = find_stack_file(stack, file), NamedStack(stack, file)
    following = f"next: {named.engine('preview')} shows its SQL; {named.engine('up')} makes its partitions"
    with one_at_a_time(path):
        opened = TenantFile.open(path, named.commands)
        lines = [f"{opened.path}: tenant {tenant} added", following]
        _finish(opened.added(tenant), tenant, lines, dry_run=dry_run, as_json=as_json)


def offboard(  # noqa: PLR0913 - a command's parameters are its options
    tenant: TenantId,
    *,
    on_remove: Annotated[
        OnRemove | None, typer.Option("--on-remove", help="What becomes of its rows when the entry is removed.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Second step: remove the entry.")] = False,
    confirm: Confirm = None,
    stack: Stack = None,
    file: StackFile = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a tenant leave: first mark its entry, deploy, then remove it, deploy."""
    if remove == (on_remove is not None):
        raise typer.BadParameter("either --on-remove archive|drop, or after its deploy --remove")
    path, named = find_stack_file(stack, file), NamedStack(stack, file)
    with one_at_a_time(path):
        opened = TenantFile.open(path, named.commands)
        if on_remove is None:
            entry = opened.entry(tenant)
            leaves = entry is not None and entry.on_remove == "drop"
            changed, lines = opened.removed(tenant), _removed(tenant, named, drops=leaves)
        else:
            if on_remove == "drop" and not dry_run:
                _require_confirmed(tenant, confirm, named)
            changed, lines = opened.offboarding(tenant, on_remove), _marked(tenant, on_remove, named)
        _finish(changed, tenant, [f"{opened.path}: {lines[0]}", *lines[1:]], dry_run=dry_run, as_json=as_json)


def _require_confirmed(tenant: str, confirm: str | None, named: NamedStack) -> None:
    if confirm != tenant:
        what = "dropping deletes every row of the tenant from the database, and makes no archive"
        raise NotConfirmedError(tenant, what, "offboard", ("--on-remove", "drop"), named.in_stack_file)


def _marked(tenant: str, on_remove: OnRemove, named: NamedStack) -> list[str]:
    remove, up = tenant_command("offboard", tenant, "--remove", *named.in_stack_file), named.engine("up")
    lines = [
        f"tenant {label(tenant)} is offboarding, onRemove: {on_remove}",
        f"It stays in service, with every row: {up} only lifts the protection of its resource.",
    ]
    if on_remove == "drop":
        lines.append("pulumi preview refuses onRemove: drop in production.")
    return [*lines, f"next: {up}, then {remove}, then {up}"]


def _removed(tenant: str, named: NamedStack, *, drops: bool) -> list[str]:
    restore = tenant_command("restore", tenant, *named.in_database)
    fate = (
        "Then it drops them: every row of the tenant is gone from the database for good. What an archive that was begun"
        " before has in the bucket stays there, and the run names the place."
        if drops
        else "Then it archives their rows, reads the archive back, compares it byte by byte, and only then drops them."
    )
    back = "" if drops else f"; {restore} brings an archived tenant back"
    return [
        f"tenant {label(tenant)} removed",
        "The next pulumi up refuses the tenant's writes and detaches its partitions, without making others wait.",
        fate,
        "It works 20 minutes at most; when it says so, the next pulumi up goes on from there.",
        f"next: {named.engine('preview')}, then {named.engine('up')}{back}",
    ]


def _finish(changed: TenantFile, tenant: str, lines: list[str], *, dry_run: bool, as_json: bool) -> None:
    """Write the file unless it is only tried, and say what was or would be done."""
    difference = changed.difference
    if difference and not dry_run:
        changed.write()
    if as_json:
        entry = changed.entry(tenant)
        print_json(
            {
                "tenant_id": tenant,
                "file": str(changed.path),
                "entry": entry,
                "difference": difference,
                "written": bool(difference) and not dry_run,
            }
        )
    elif not difference:
        _say([f"{changed.path}: says so already; nothing was written", *lines[-1:]])
    elif dry_run:
        _say([difference, "nothing was written"])
    else:
        _say(lines)


def _say(lines: list[str]) -> None:
    console().print("\n".join(lines), soft_wrap=True)
