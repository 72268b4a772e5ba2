"""`strata tenant archive|restore|forget`: a tenant's rows into an archive, back from it, and its name free again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer

from strata.archives.bucket import ArchiveBucket, ArchiveLocation
from strata.archives.errors import NotArchivedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant, new_location
from strata.archives.restore import restore_tenant
from strata.cli.output import AsJson, DryRun, console, print_facts, print_json, print_table
from strata.cli.row_progress import row_progress
from strata.cli.stack_database import DatabaseReference, TenantId, layout_of, opened
from strata.errors import StrataError
from strata.partitions.registered import LEAVING, registered_tenant
from strata.tenants import RESERVED_TENANT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strata.archives.manifest import Manifest
    from strata.database import Connection
    from strata.partitions.registered import RegisteredTenant

#: How long one run works: a person waits for it, not the engine, whose calls end at 30 minutes.
ARCHIVE_BUDGET_SECONDS: Final = 24 * 3600.0

Confirm = Annotated[str | None, typer.Option("--confirm", metavar="TENANT", help="The tenant's id again: it is meant.")]


class NotConfirmedError(StrataError):
    """A step that nobody takes by accident was not confirmed."""

    def __init__(self, tenant_id: str, what: str, command: str, options: str = "") -> None:
        quoted = shlex.quote(tenant_id)
        words = f"strata tenant {command} {quoted} {options}".rstrip()
        super().__init__(
            what,
            where={"tenant": tenant_id},
            allowed=f"the tenant's id again: --confirm {quoted}",
            next_command=f"{words} --confirm {quoted}",
        )
        self.tenant_id = tenant_id


class NotArchivableError(StrataError):
    """The tenant's rows cannot be archived as they are."""


class OtherTenantsArchiveError(StrataError):
    """The archive that is named holds another tenant's rows."""

    def __init__(self, tenant_id: str, manifest: Manifest, uri: str) -> None:
        super().__init__(
            "the archive holds another tenant's rows",
            where={"tenant": tenant_id, "archive": uri, "its tenant": manifest.tenant_id},
            allowed="the archive's own tenant, and --as for a new id",
            next_command=f"strata tenant restore {shlex.quote(manifest.tenant_id)} --from {shlex.quote(uri)}"
            f" --as {shlex.quote(tenant_id)}",
        )
        self.tenant_id = tenant_id
        self.archived_tenant_id = manifest.tenant_id


def archive(
    tenant: TenantId,
    *,
    confirm: Confirm = None,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Archive a tenant now: its rows are written, read back, and only then gone."""
    with opened(database) as (connection, parameters):
        known = registered_tenant(connection, tenant)
        _require_archivable(known, confirm)
        place = ArchiveLocation.parse(
            known.archive_uri or new_location(parameters.archive_bucket, parameters.region, tenant).uri,
            parameters.region,
        )
        rows: Mapping[str, int | None] = {one.table: one.rows for one in known.partitions}
        if not dry_run:
            with row_progress("archiving", rows) as report:
                done = archive_tenant(connection, tenant, layout_of(parameters), place, report, ARCHIVE_BUDGET_SECONDS)
            rows = done.rows if done else {}
    _print_archived(tenant, place.uri, rows, dry_run=dry_run, as_json=as_json)


def _require_archivable(known: RegisteredTenant, confirm: str | None) -> None:
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
            next_command=f"strata tenant restore {shlex.quote(tenant)}",
        )
    if not LEAVING.intersection(known.states) and confirm != tenant:
        raise NotConfirmedError(
            tenant,
            "the tenant is in service: its writes would be refused at once, and its rows leave the database; where an"
            " entry of the stack file names it, deploy that as offboarding first, or it cannot be removed",
            "archive",
        )


def _print_archived(tenant: str, uri: str, rows: Mapping[str, int | None], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"tenant_id": tenant, "archive_uri": uri, "rows": rows, "archived": not dry_run})
        return
    print_table(("table", "rows (estimate)" if dry_run else "rows"), rows.items())
    quoted = shlex.quote(tenant)
    if dry_run:
        _say(f"tenant {tenant} would be archived to {uri}; nothing was done")
        return
    _say(
        f"tenant {tenant} is archived: {uri}\n"
        "If the stack file has an entry for it, remove that too: while it is archived, no pulumi up can make or change"
        " it.\n"
        f"next: strata tenant offboard {quoted} --remove, then pulumi up;"
        f" or bring it back: strata tenant restore {quoted}"
    )


def restore(
    tenant: TenantId,
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="s3://BUCKET/PREFIX", help="The archive; by default where the registry has it."),
    ] = None,
    new_id: Annotated[
        str | None, typer.Option("--as", metavar="NEW_ID", help="The tenant that the rows belong to from now on.")
    ] = None,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring an archived tenant back, bit for bit, into this stack."""
    with opened(database) as (connection, parameters):
        location = ArchiveLocation.parse(source or _archive_of(connection, tenant), parameters.region)
        manifest = ArchiveBucket(location).manifest()
        if manifest.tenant_id != tenant:
            raise OtherTenantsArchiveError(tenant, manifest, location.uri)
        target = new_id or tenant
        rows = {table.table: table.rows for table in manifest.tables}
        if not dry_run:
            with row_progress("restoring", rows) as report:
                restore_tenant(connection, location, layout_of(parameters), report, tenant_id=target)
    if as_json:
        print_json({"tenant_id": target, "archive_uri": location.uri, "rows": rows, "restored": not dry_run})
    elif dry_run:
        _print_manifest(manifest, location)
        _say(f"tenant {target} would be brought back from {location.uri}; nothing was done")
    else:
        _print_restored(tenant, target, rows)


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


def _print_restored(tenant: str, target: str, rows: Mapping[str, int]) -> None:
    print_table(("table", "rows"), rows.items())
    quoted, new = shlex.quote(tenant), shlex.quote(target)
    lines = [
        f"tenant {target} is back, with {sum(rows.values()):,} rows; the archive is kept",
        f"next: pulumi up, which adopts it; if the stack file has no entry for it, first strata tenant add {new}",
    ]
    if target != tenant:
        lines.append(f"{tenant} itself stays archived: strata tenant forget {quoted} --confirm {quoted} frees its id")
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
    with opened(database) as (connection, _):
        known = registered_tenant(connection, tenant)
        if known.states != ("archived",):
            raise NotArchivedError(tenant)
        if not dry_run and confirm != tenant:
            raise NotConfirmedError(
                tenant, "once it is forgotten, only its place in the bucket leads back to the tenant's rows", "forget"
            )
        uri = known.archive_uri if dry_run else forget_tenant(connection, tenant)
    if as_json:
        print_json({"tenant_id": tenant, "archive_uri": uri, "forgotten": not dry_run})
    elif dry_run:
        _say(f"tenant {tenant} would be forgotten, and its archive kept: {uri}; nothing was done")
    else:
        quoted = shlex.quote(tenant)
        _say(
            f"tenant {tenant} is forgotten; its archive is kept: {uri}\n"
            f"next: strata tenant add {quoted} and pulumi up begin it anew, without rows;"
            f" strata tenant restore {quoted} --from {uri} brings them back while there is no such tenant"
        )


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)
