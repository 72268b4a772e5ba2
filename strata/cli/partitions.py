"""`strata partitions`: how large they are, the SQL that makes them, and whether they are as they should be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from strata.cli.output import AsJson, DryRun, console, print_json, progress_console
from strata.cli.partitions_views import show_differences, show_distribution, show_stats
from strata.cli.stack_database import DatabaseReference, TenantId, layout_of, opened, parameters_of
from strata.errors import StrataError
from strata.partitions.distribution import distribution as distribution_of
from strata.partitions.distribution_page import write_distribution_page
from strata.partitions.manager import PartitionManager
from strata.partitions.registered import registered_tenant
from strata.partitions.render import render_onboarding
from strata.partitions.statistics import read_partition_stats
from strata.partitions.verify import find_all_differences

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from strata.partitions.registry import RegistryDifference

Table = Literal["payments", "invoices", "audit_logs", "webhook_logs"]

OneTenant = Annotated[str | None, typer.Option("--tenant", metavar="TENANT", help="Only this tenant's.")]
OneTable = Annotated[Table | None, typer.Option("--table", help="Only of this table.")]
Refresh = Annotated[
    bool, typer.Option(help="Read the catalog first, without measuring sizes; else as of the last refresh.")
]

app = typer.Typer(help="The partitions of all tenants: sizes, SQL, and what differs.", no_args_is_help=True)


class PartitionsDifferError(StrataError):
    """Registry, catalog and wanted shape do not agree."""

    def __init__(self, differences: int) -> None:
        super().__init__(
            f"{differences} {'difference' if differences == 1 else 'differences'} between the registry, the catalog and"
            " what partitions should be",
            allowed="none",
            next_command="settle each as it says, then strata partitions verify",
        )
        self.differences = differences


@app.command(epilog="Example: strata partitions stats --tenant acme")
def stats(
    tenant: OneTenant = None,
    table: OneTable = None,
    refresh: Refresh = True,
    database: DatabaseReference = None,
    as_json: AsJson = False,
) -> None:
    """Show rows and bytes of each partition, as the planner estimates them."""
    with opened(database) as (connection, parameters):
        if tenant is not None:
            registered_tenant(connection, tenant)
        manager = PartitionManager(connection, layout_of(parameters))
        found = manager.get_partition_stats(tenant, table, refresh=refresh)
    if as_json:
        print_json(found)
    else:
        show_stats(found)


@app.command(epilog="Example: strata partitions distribution --html partitions.html")
def distribution(
    table: OneTable = None,
    top: Annotated[int, typer.Option(min=1, metavar="TENANTS", help="How many tenants to draw.")] = 20,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with all of them.")
    ] = None,
    refresh: Refresh = True,
    database: DatabaseReference = None,
    as_json: AsJson = False,
) -> None:
    """Show who has how much: a bar for each of the largest tenants."""
    with opened(database) as (connection, parameters):
        manager = PartitionManager(connection, layout_of(parameters))
        found = manager.get_partition_stats(table=table, refresh=refresh)
    spread = distribution_of(table, found)
    if page is not None:
        write_distribution_page(spread, found, page, parameters.database, datetime.now(UTC))
    if as_json:
        print_json(spread)
    else:
        show_distribution(spread, top)
    if page is not None:
        progress_console().print(f"page: {page}", soft_wrap=True)


@app.command(epilog="Example: strata partitions refresh --sizes")
def refresh(
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Measure every partition's files too; 20 times dearer.")
    ] = False,
    database: DatabaseReference = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Copy the catalog's statistics into the registry."""
    with opened(database) as (connection, parameters):
        known = len(read_partition_stats(connection))
        manager = PartitionManager(connection, layout_of(parameters))
        changed = None if dry_run else manager.refresh_partition_stats(with_sizes=sizes)
    if as_json:
        print_json({"partitions": known, "changed": changed, "sizes": sizes})
    elif changed is None:
        console().print(f"the statistics of {known:,} partitions would be read; nothing was done")
    else:
        console().print(f"{changed:,} of {known:,} partitions have new figures")


@app.command(epilog="Example: strata partitions render acme --layout list")
def render(
    tenant: TenantId,
    table: OneTable = None,
    layout: Annotated[
        Literal["list", "bucketed"] | None,
        typer.Option(help="Of the stack; by default as the database's reference says. With it, no database is needed."),
    ] = None,
    database: DatabaseReference = None,
    as_json: AsJson = False,
) -> None:
    """Print the SQL that makes a tenant's partitions, exactly as it is run."""
    chosen: Layout = layout or layout_of(parameters_of(database))
    statements = {name: sql for name, sql in render_onboarding(tenant, chosen).items() if table in {None, name}}
    if as_json:
        print_json({"tenant_id": tenant, "layout": chosen, "statements": statements})
    else:
        typer.echo("\n".join(statements.values()))


@app.command(epilog="Example: strata partitions verify --tenant acme")
def verify(tenant: OneTenant = None, database: DatabaseReference = None, as_json: AsJson = False) -> None:
    """Compare registry, catalog and wanted shape; exit 1 on a difference."""
    with opened(database) as (connection, parameters):
        if tenant is not None:
            registered_tenant(connection, tenant)
        differences = _compared(connection, layout_of(parameters), tenant)
    if as_json:
        print_json(differences)
    else:
        show_differences(differences)
    if differences:
        raise PartitionsDifferError(len(differences))


def _compared(connection: Connection, layout: Layout, tenant: str | None) -> tuple[RegistryDifference, ...]:
    shown = progress_console()
    columns = (TextColumn("comparing"), BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("tenants"))
    with Progress(
        *columns, TimeRemainingColumn(), console=shown, transient=True, disable=not shown.is_terminal
    ) as progress:
        task = progress.add_task("", total=None)
        return find_all_differences(
            connection, layout, lambda done, total: progress.update(task, completed=done, total=total), tenant
        )
