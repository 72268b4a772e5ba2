"""`strata tenant`: the tenants of a stack, and the steps of their lives."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.output import AsJson, print_json
from strata.cli.stack_database import DatabaseReference, TenantId, layout_of, opened
from strata.cli.tenant_archive import archive, forget, restore
from strata.cli.tenant_entries import add, offboard
from strata.cli.tenant_next import NamedStack
from strata.cli.tenant_views import described, overview, show_tenant, show_tenants
from strata.partitions.registered import STATES, registered_tenant, registered_tenants
from strata.partitions.verify import find_all_differences

app = typer.Typer(help="The tenants of a stack: who is there, who comes, who leaves.", no_args_is_help=True)


@app.command(name="list", epilog="Example: strata tenant list --state archived")
def list_(
    state: Annotated[str | None, typer.Option(metavar="STATE", help=f"Only these: {', '.join(STATES)}.")] = None,
    database: DatabaseReference = None,
    as_json: AsJson = False,
) -> None:
    """List the tenants, with their state, rows, bytes and archive."""
    if state is not None and state not in STATES:
        raise typer.BadParameter(f"one of {', '.join(STATES)}", param_hint="--state")
    with opened(database) as (connection, _):
        tenants = [one for one in registered_tenants(connection) if state is None or state in one.states]
    if as_json:
        print_json([overview(tenant) for tenant in tenants])
    else:
        show_tenants(tenants)


@app.command(epilog="Example: strata tenant show acme")
def show(tenant: TenantId, database: DatabaseReference = None, as_json: AsJson = False) -> None:
    """Show a tenant, how it differs from what it should be, and what to do."""
    with opened(database) as (connection, parameters):
        known = registered_tenant(connection, tenant)
        differences = find_all_differences(connection, layout_of(parameters), lambda *_: None, tenant)
    found = described(known, differences, NamedStack(database=database))
    if as_json:
        print_json(found)
    else:
        show_tenant(found)


app.command(epilog="Example: strata tenant add acme --stack dev")(add)
app.command(epilog="Example: strata tenant offboard acme --on-remove archive")(offboard)
app.command(epilog="Example: strata tenant archive acme --confirm acme")(archive)
app.command(epilog="Example: strata tenant restore acme --as acme-eu")(restore)
app.command(epilog="Example: strata tenant forget acme --confirm acme")(forget)
