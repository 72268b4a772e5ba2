"""`strata tenant archive|restore|forget`: a tenant's rows into an archive, back from it, and its name free again."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.archives.bucket import ArchiveBucket, ArchiveLocation
from strata.archives.errors import NotArchivedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant, check_archivable, new_location
from strata.archives.restore import check_restore, restore_tenant
from strata.cli.output import AsJson, DryRun, console, print_facts, print_json, print_table
from strata.cli.row_progress import row_progress
from strata.cli.stack_database import DatabaseReference, TenantId, layout_of, opened
from strata.cli.tenant_abandon import abandoned
from strata.cli.tenant_next import NamedStack
from strata.errors import StrataError
from strata.figures import label
from strata.partitions.registered import LEAVING, registered_tenant
from strata.tenant_command import option, tenant_command
from strata.tenants import RESERVED_TENANT, allowed_id, wrong_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from strata.archives.manifest import Manifest
    from strata.database import Connection
    from strata.partitions.registered import RegisteredTenant

#: How long one run works: a person waits for it, not the engine, whose calls end at 30 minutes.
ARCHIVE_BUDGET_SECONDS: Final = 24 * 3600.0

Confirm = Annotated[str | None, typer.Option("--confirm", metavar="TENANT", help="The tenant's id again: it is meant.")]


class NotConfirmedError(StrataError):
    """A step that nobody takes by accident was not confirmed."""

    def __init__(
        self, tenant_id: str, what: str, command: str, options: Sequence[str], where_it_is: Sequence[str]
    ) -> None:
        confirm = option("--confirm", tenant_id)
        super().__init__(
            what,
            where={"tenant": tenant_id},
            allowed=f"the tenant's id again: {shlex.join(confirm)}",
            next_command=tenant_command(command, tenant_id, *options, *confirm, *where_it_is),
        )
        self.tenant_id = tenant_id


class NotArchivableError(StrataError):
    """The tenant's rows cannot be archived as they are."""


class OtherTenantsArchiveError(StrataError):
    """The archive that is named holds another tenant's rows."""

    def __init__(self, tenant_id: str, manifest: Manifest, uri: str, new_id: str, options: Sequence[str]) -> None:
        super().__init__(
            "the archive holds another tenant's rows",
            where={"tenant": tenant_id, "archive": uri, "its tenant": manifest.tenant_id},
            allowed="the archive's own tenant, and --as for a new id",
            next_command=tenant_command(
                "restore", manifest.tenant_id, "--from", uri, *option("--as", new_id), *options
            ),
        )
        self.tenant_id = tenant_id
        self.archived_tenant_id = manifest.tenant_id


class NewIdError(StrataError):
    """The id that rows are to have from now on is none that a stack file may name, so nobody could deploy them."""

    def __init__(self, tenant_id: str, new_id: str, what: str, pattern: str | None) -> None:
        own = "" if pattern else "; or, where the stack has an idPattern of its own, what that allows: --id-pattern"
        super().__init__(
            f"the new id {what}", where={"tenant": tenant_id, "new id": new_id}, allowed=allowed_id(pattern) + own
        )
        self.tenant_id = tenant_id
        self.new_id = new_id


def archive(
    tenant: TenantId,
    *,
    confirm: Confirm = None,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Archive a tenant now: its rows are written, read back, and only then gone."""
    named = NamedStack(database=database)
    with opened(database) as (connection, parameters):
        known = registered_tenant(connection, tenant)
        _require_archivable(known, confirm, named, dry_run=dry_run)
        place = ArchiveLocation.parse(
            known.archive_uri or new_location(parameters.archive_bucket, parameters.region, tenant).uri,
            parameters.region,
        )
        rows: Mapping[str, int | None] = {one.table: one.rows for one in known.partitions}
        gone: Sequence[str] = ()
        if dry_run:
            check_archivable(connection, tenant, layout_of(parameters))
        else:
            with row_progress("archiving", rows) as report:
                done = archive_tenant(connection, tenant, layout_of(parameters), place, report, ARCHIVE_BUDGET_SECONDS)
            rows, gone = (done.rows, done.gone) if done else ({}, ())
    if as_json:
        facts = {"tenant_id": tenant, "archive_uri": place.uri, "rows": rows, "gone": gone}
        print_json({**facts, "archived": not dry_run})
    else:
        print_table(("table", "rows (estimate)" if dry_run else "rows"), rows.items())
        _say(_would_archive(tenant, place.uri) if dry_run else _archived(tenant, place.uri, gone, named))


def _require_archivable(known: RegisteredTenant, confirm: str | None, named: NamedStack, *, dry_run: bool) -> None:
    tenant = known.tenant_id
    if tenant == RESERVED_TENANT:
        raise NotArchivableError(
            "this tenant is reserved for rows that belong to no customer, and every stack has it",
            where={"tenant": tenant},
            allowed="any other tenant",
        )
    if known.states in {("archived",), ("restoring",)}:
        raise NotArchivableError(
            "the tenant is archived already" if known.states == ("archived",) else "the tenant is being restored",
            where={"tenant": tenant, "archive": known.archive_uri},
            next_command=tenant_command("restore", tenant, *named.in_database),
        )
    if not dry_run and not LEAVING.intersection(known.states) and confirm != tenant:
        raise NotConfirmedError(
            tenant,
            "the tenant is in service: its writes would be refused at once, and its rows leave the database; where an"
            " entry of the stack file names it, deploy that as offboarding first, or it cannot be removed",
            "archive",
            (),
            named.in_database,
        )


def _would_archive(tenant: str, uri: str) -> str:
    return f"tenant {label(tenant)} would be archived to {uri}; nothing was done"


def _archived(tenant: str, uri: str, gone: Sequence[str], named: NamedStack) -> str:
    remove = tenant_command("offboard", tenant, "--remove", *named.in_stack_file)
    without = f"; without {', '.join(gone)}, whose partition was gone before" if gone else ""
    return (
        f"tenant {label(tenant)} is archived: {uri}{without}\n"
        "If the stack file has an entry for it, remove that too: while it is archived, no pulumi up can make or change"
        " it.\n"
        f"next: {remove}, then {named.engine('up')};"
        f" or bring it back: {tenant_command('restore', tenant, *named.in_database)}"
    )


def restore(  # noqa: PLR0913 - a command's parameters are its options
    tenant: TenantId,
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="s3://BUCKET/PREFIX", help="The archive; by default where the registry has it."),
    ] = None,
    new_id: Annotated[
        str | None, typer.Option("--as", metavar="NEW_ID", help="The tenant that the rows belong to from now on.")
    ] = None,
    id_pattern: Annotated[
        str | None, typer.Option(metavar="REGEX", help="What --as may be, where the stack has an idPattern of its own.")
    ] = None,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give up the restore that has begun; the archive is kept.")
    ] = False,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring an archived tenant back, bit for bit, into this stack."""
    if abandon:
        _require_alone(source, new_id, id_pattern)
        abandoned(tenant, database, dry_run=dry_run, as_json=as_json)
        return
    target, named = tenant if new_id is None else new_id, NamedStack(database=database)
    _require_new_id(tenant, target, id_pattern)
    with opened(database) as (connection, parameters):
        goes_on = source is None and new_id is None and _is_restoring(connection, tenant)
        location = ArchiveLocation.parse(source or _archive_of(connection, tenant), parameters.region)
        manifest = ArchiveBucket(location).manifest()
        if manifest.tenant_id != tenant and not goes_on:
            pattern = option("--id-pattern", id_pattern) if id_pattern else ()
            options = [*pattern, *named.in_database, *(["--dry-run"] if dry_run else [])]
            raise OtherTenantsArchiveError(tenant, manifest, location.uri, target, options)
        rows = {table.table: table.rows for table in manifest.tables}
        if dry_run:
            check_restore(connection, location, layout_of(parameters), tenant_id=target)
        else:
            with row_progress("restoring", rows) as report:
                restore_tenant(connection, location, layout_of(parameters), report, tenant_id=target)
    if as_json:
        print_json({"tenant_id": target, "archive_uri": location.uri, "rows": rows, "restored": not dry_run})
    elif dry_run:
        _print_manifest(manifest, location)
        _say(f"tenant {label(target)} would be brought back from {location.uri}; nothing was done")
    else:
        _print_restored(manifest.tenant_id, target, rows, named)


def _require_new_id(tenant: str, target: str, pattern: str | None) -> None:
    """Refuse a new id that no stack file may name; a tenant's own was one before, by whatever pattern."""
    try:
        what = None if target == tenant else wrong_id(target, pattern or None)
    except re.error as error:
        raise typer.BadParameter(f"not a regular expression: {error}", param_hint="--id-pattern") from None
    if what:
        raise NewIdError(tenant, target, what, pattern or None)


def _require_alone(*others: str | None) -> None:
    if any(other is not None for other in others):
        raise typer.BadParameter("it takes no other option of a restore: name the tenant alone", param_hint="--abandon")


def _is_restoring(connection: Connection, tenant: str) -> bool:
    """Return whether a restore of the tenant has begun, from whosever archive: it goes on by its name alone."""
    return "restoring" in registered_tenant(connection, tenant).states


def _archive_of(connection: Connection, tenant: str) -> str:
    uri = registered_tenant(connection, tenant).archive_uri
    if uri is None:
        raise NotArchivedError(tenant)
    return uri


def _print_manifest(manifest: Manifest, location: ArchiveLocation) -> None:
    print_facts(
        [
            ("archive", location.uri),
            ("tenant", manifest.tenant_id),
            ("made", manifest.created_at),
            ("PostgreSQL", manifest.postgresql_version),
            ("migration", manifest.migration),
            ("bytes", f"{manifest.bytes:,}"),
        ]
    )
    print_table(("table", "rows", "parts"), [(one.table, one.rows, len(one.parts)) for one in manifest.tables])


def _print_restored(tenant: str, target: str, rows: Mapping[str, int], named: NamedStack) -> None:
    print_table(("table", "rows"), rows.items())
    add = tenant_command("add", target, *named.in_stack_file)
    lines = [
        f"tenant {label(target)} is back, with {sum(rows.values()):,} rows; the archive is kept",
        f"next: {named.engine('up')}, which adopts it; if the stack file has no entry for it, first {add}",
    ]
    if target != tenant:
        forget = tenant_command("forget", tenant, *option("--confirm", tenant), *named.in_database)
        lines.append(f"{label(tenant)} itself stays archived: {forget} frees its id")
    _say("\n".join(lines))


def forget(
    tenant: TenantId,
    *,
    confirm: Confirm = None,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Free the id of an archived tenant for a new beginning; keep the archive."""
    named = NamedStack(database=database)
    with opened(database) as (connection, _):
        known = registered_tenant(connection, tenant)
        if known.states != ("archived",):
            raise NotArchivedError(tenant)
        if not dry_run and confirm != tenant:
            raise NotConfirmedError(
                tenant,
                "once it is forgotten, only its place in the bucket leads back to the tenant's rows",
                "forget",
                (),
                named.in_database,
            )
        uri = known.archive_uri if dry_run else forget_tenant(connection, tenant)
    if as_json:
        print_json({"tenant_id": tenant, "archive_uri": uri, "forgotten": not dry_run})
    elif dry_run:
        _say(f"tenant {label(tenant)} would be forgotten, and its archive kept: {uri}; nothing was done")
    else:
        add = tenant_command("add", tenant, *named.in_stack_file)
        back = tenant_command("restore", tenant, "--from", str(uri), *named.in_database)
        _say(
            f"tenant {label(tenant)} is forgotten; its archive is kept: {uri}\n"
            f"next: {add} and {named.engine('up')} begin it anew, without rows;"
            f" {back} brings them back while there is no such tenant"
        )


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)
