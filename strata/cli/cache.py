"""`strata cache`: what the edge keeps and why, whether it keeps callers apart, and how to make it forget."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer

from strata.caching.canary import CanaryError, Identity, judge, run_canary
from strata.caching.contract import (
    WRITE_COMMAND,
    CacheContract,
    ContractLockError,
    current_contract,
    differences,
    read_lock,
    to_json,
    write_lock,
)
from strata.caching.contract_problems import problems, require_sound
from strata.caching.explain import explain as explain_url
from strata.cli.cache_purge import purge
from strata.cli.cache_views import show_contract, show_explanation, show_report
from strata.cli.output import AsJson, DryRun, console, print_json
from strata.errors import StrataError

_URL_VARIABLE: Final = "STRATA_EDGE_URL"

app = typer.Typer(help="What the edge keeps and why; purging; proof that callers are kept apart.", no_args_is_help=True)


class ContractChangedError(StrataError):
    """The cache contract is not the one that was agreed to."""


@app.command(epilog="Example: strata cache explain 'https://api.example.com/api/v1/payments?limit=5' -H authorization")
def explain(
    url: Annotated[str, typer.Argument(metavar="URL", help="A URL, or a path with its query.")],
    method: Annotated[str, typer.Option(metavar="METHOD", help="The request's method.")] = "GET",
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME", help="A header that is sent, by its name alone; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the edge does with a URL, and why."""
    explanation = explain_url(url, method, header or ())
    if as_json:
        print_json(explanation)
    else:
        show_explanation(explanation)


@app.command(epilog="Example: strata cache contract --check")
def contract(
    check: Annotated[bool, typer.Option("--check", help="Compare with the lock file; exit 1 on a difference.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Renew the lock file.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Print, check or renew the cache contract."""
    if check and write:
        raise typer.BadParameter("--check and --write exclude each other")
    current = current_contract()
    if check:
        _check(current, as_json=as_json)
    elif write:
        _write(current, dry_run=dry_run, as_json=as_json)
    elif as_json:
        typer.echo(to_json(current), nl=False)
    else:
        show_contract(current)


def _check(current: CacheContract, *, as_json: bool) -> None:
    changed, wrong = differences(read_lock(), current), problems(current)
    if as_json:
        print_json({"differences": changed, "problems": wrong})
    else:
        console().print("\n".join([*changed, *wrong]) or "the cache contract is the locked one", soft_wrap=True)
    require_sound(current)
    if changed:
        raise ContractChangedError(
            "the cache contract differs from its lock",
            allowed="a change that is wanted, renewed on purpose and read by a reviewer",
            next_command=WRITE_COMMAND,
        )


def _write(current: CacheContract, *, dry_run: bool, as_json: bool) -> None:
    try:
        changed = differences(read_lock(), current)
    except ContractLockError as error:
        # Renewing is also how a file that is missing or broken gets right again.
        changed = (error.what,)
    if not dry_run:
        write_lock(current)
    if as_json:
        print_json({"differences": changed, "written": not dry_run})
    else:
        done = "would be renewed" if dry_run else "renewed"
        console().print("\n".join([*changed, f"the lock of the cache contract is {done}"]), soft_wrap=True)


@app.command(
    epilog="Example: strata cache canary --path /api/v1/payments --identity env:TOKEN_A --identity env:TOKEN_B"
)
def canary(
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", envvar=_URL_VARIABLE, help="Where the distribution answers: https://HOST."),
    ] = None,
    path: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="A path whose answers belong to the caller; repeatable.")
    ] = None,
    identity: Annotated[
        list[str] | None,
        typer.Option(metavar="env:NAME", help="Variable with a token that nobody else uses; twice or more."),
    ] = None,
    marker: Annotated[
        list[str] | None,
        typer.Option(metavar="env:NAME", help="Variable with text that only this caller's answers hold; in order."),
    ] = None,
    repeat: Annotated[int, typer.Option(min=2, max=100, metavar="TURNS", help="How many turns.")] = 3,
    uncached: Annotated[bool, typer.Option("--uncached", help="Nothing is meant to be kept: a hit is a leak.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove on a live edge that callers are kept apart."""
    observations = run_canary(_url(url), path or _no_path(), _identities(identity or [], marker or []), repeat)
    report = judge(observations, cache_is_off=uncached)
    if as_json:
        print_json({"verdict": report.verdict, **asdict(report)})
    else:
        show_report(report)
    if report.verdict != "isolated":
        raise typer.Exit(1)


def _url(url: str | None) -> str:
    if url:
        return url
    raise CanaryError(
        f"no URL, and {_URL_VARIABLE} is not set", allowed="https://HOST", next_command="source .strata/env"
    )


def _no_path() -> list[str]:
    raise typer.BadParameter("at least one is needed, for example --path /api/v1/payments", param_hint="--path")


def _identities(tokens: list[str], markers: list[str]) -> list[Identity]:
    if len(markers) > len(tokens):
        raise typer.BadParameter("more markers than identities", param_hint="--marker")
    padded = [*markers, *[None] * (len(tokens) - len(markers))]
    return [Identity.from_references(token, marker) for token, marker in zip(tokens, padded, strict=True)]


app.command(epilog="Example: strata cache purge '/api/v1/payments/*' --tag payment-7")(purge)
