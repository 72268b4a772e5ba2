"""`strata tenant restore --abandon`: the way out of a restore that cannot end, or is not wanted any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.archives.abandon import abandon_restore, find_abandonable
from strata.cli.output import console, print_json
from strata.cli.stack_database import layout_of, opened
from strata.cli.tenant_next import NamedStack
from strata.figures import label
from strata.tenant_command import option, tenant_command

if TYPE_CHECKING:
    from strata.archives.abandon import AbandonedRestore


def abandoned(tenant: str, database: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Give up the restore of a tenant, and print what became of it."""
    with opened(database) as (connection, parameters):
        give_up = find_abandonable if dry_run else abandon_restore
        done = give_up(connection, tenant, layout_of(parameters))
    if as_json:
        print_json(
            {
                "tenant_id": tenant,
                "archive_uri": done.archive_uri,
                "partitions": done.partitions,
                "archived": done.is_archived,
                "abandoned": not dry_run,
            }
        )
    else:
        text = _would_abandon(done) if dry_run else _abandoned(done, NamedStack(database=database))
        console().print(text, soft_wrap=True)


def _would_abandon(done: AbandonedRestore) -> str:
    dropped = ", ".join(done.partitions) or "nothing"
    return (
        f"the restore of tenant {label(done.tenant_id)} from {done.archive_uri} would be given up,"
        f" and dropped: {label(dropped)}; nothing was done"
    )


def _abandoned(done: AbandonedRestore, named: NamedStack) -> str:
    tenant, here = done.tenant_id, named.in_database
    given_up = f"the restore of tenant {label(tenant)} is given up; its archive is kept: {done.archive_uri}"
    if not done.is_archived:
        return f"{given_up}\nthe registry knows no tenant {label(tenant)} any more, as before the restore"
    forget = tenant_command("forget", tenant, *option("--confirm", tenant), *here)
    return (
        f"{given_up}\ntenant {label(tenant)} is archived, as before the restore\n"
        f"next: {tenant_command('restore', tenant, *here)}, once what hindered it is settled; or, to begin it anew"
        f" without its rows, {forget}"
    )
