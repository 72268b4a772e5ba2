"""`strata database`: a tunnel to a private database, and psql on it."""

from __future__ import annotations

import shlex
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from strata.cli.output import AsJson, print_json, progress_console
from strata.cli.stack_database import DatabaseReference, parameters_of
from strata.database import login_variables
from strata.tunnel.command import ProgramMissingError, run_command
from strata.tunnel.route import route_to
from strata.tunnel.session import WAIT_SECONDS, Tunnel, open_tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.reference import ConnectionParameters

app = typer.Typer(help="A stack's database: the way to a private one, and psql on it.", no_args_is_help=True)

Wait = Annotated[
    float, typer.Option("--wait", min=1, metavar="SECONDS", help="How long the jump host may take to be online.")
]


@app.command(epilog="Example: strata database tunnel -- pulumi up")
def tunnel(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="Runs inside the tunnel; its exit code is the answer."),
    ] = None,
    *,
    database: DatabaseReference = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Open a tunnel to a private database, until Ctrl-C or for one command."""
    with open_tunnel(parameters_of(database), wait) as opened:
        if command:
            code = run_command(command, opened.environment)
            if code:
                opened.process.require_alive()
                raise typer.Exit(code)
            return
        _stay(opened, as_json=as_json)


def _show(variables: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json(dict(variables))
    else:
        typer.echo("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()))


def _stay(opened: Tunnel, *, as_json: bool) -> None:
    """Show the variables, and wait for the end of the tunnel or for the user who has had enough of it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        progress_console().print(
            f"the tunnel to {opened.route.host} is open until Ctrl-C; these lead another shell through it:",
            soft_wrap=True,
        )
        _show(opened.environment, as_json=as_json)
        opened.process.child.wait()
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
    opened.process.require_alive()


@app.command(epilog="Example: strata database connect --user strata_readonly -- -c 'SELECT 1'")
def connect(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- ARGUMENTS...]", help="What psql gets besides the login.")
    ] = None,
    *,
    user: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Log in as this role; by default as the deployer, who acts as the owner."),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="From inside the network: without the jump host that there is.")
    ] = False,
    database: DatabaseReference = None,
    wait: Wait = WAIT_SECONDS,
) -> None:
    """Open psql on the stack's database, through a tunnel where it has one."""
    parameters = parameters_of(database)
    if shutil.which("psql") is None:
        raise ProgramMissingError("psql", "install PostgreSQL's client programs")
    with _way(parameters, direct=direct, wait_seconds=wait):
        code = run_command(["psql", *(arguments or [])], login_variables(parameters, user))
    if code:
        raise typer.Exit(code)


@contextmanager
def _way(parameters: ConnectionParameters, *, direct: bool, wait_seconds: float) -> Iterator[None]:
    """Open the tunnel that a login needs, unless one is named or none is wanted."""
    if direct or parameters.jump_host_id is None or route_to(parameters.host, parameters.port):
        yield
        return
    with open_tunnel(parameters, wait_seconds) as opened, opened.used_by_this_process():
        yield
