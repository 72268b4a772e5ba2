"""Ask the engine what is no longer as recorded: a refresh that is only shown, of all that this machine may look at."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from strata.database import READER_VARIABLE
from strata.drift.finding import Finding, LeftOut
from strata.drift.scope import READER, left_out, sorted_out
from strata.drift.stream import read_refresh
from strata.engine_contract import OF_ANOTHER_STACK, STREAM_VARIABLE, EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.drift.scope import Scope
    from strata.environments.engine import Engine

#: The first of the engine's own words about a failure are enough.
_MOST_ERROR_CHARACTERS: Final = 2_000


def detect(engine: Engine, *, with_database: bool) -> Finding:
    """Return what is not as recorded. Nothing is changed, neither the stack's state nor any resource.

    That everything was looked at is not taken from the engine's success: every recorded resource that is not left out
    has to appear in its events.

    Args:
        engine: of the environment.
        with_database: whether the database can be reached from here.

    Raises:
        EngineMissingError: there is no engine.
        StrataError: the backend or the stack cannot be read.
    """
    scopes = left_out(with_database=with_database)
    recorded = {str(one["urn"]): str(one["type"]) for one in engine.resources()}
    wanted, out = sorted_out(recorded, scopes)
    code, output, errors = _run(engine, refresh_words(scopes))
    refresh = read_refresh(output.splitlines())
    return Finding(
        environment=engine.stack,
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        checked=len(refresh.seen & wanted),
        drifted=refresh.drifted,
        left_out=tuple(LeftOut(reason, urns) for reason, urns in out.items()),
        unchecked=tuple(sorted(urn for urn in wanted - refresh.seen if not _is_provider(recorded[urn]))),
        errors=refresh.errors or _unsaid(code, errors, is_whole=refresh.is_whole),
    )


def refresh_words(scopes: Iterable[Scope]) -> list[str]:
    """Return what the engine gets."""
    excluded = [word for scope in scopes for pattern in scope.patterns() for word in ("--exclude", pattern)]
    return ["refresh", "--preview-only", "--json", "--non-interactive", *excluded]


def _run(engine: Engine, words: list[str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            engine.command(words),
            cwd=engine.project,
            env=_variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise EngineMissingError from None
    return done.returncode, done.stdout, done.stderr


def _variables() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_STACK}
    # Whatever the role of AWS may do, the providers log in as one that can only read.
    return {**kept, STREAM_VARIABLE: "true", READER_VARIABLE: READER}


def _unsaid(code: int, errors: str, *, is_whole: bool) -> tuple[str, ...]:
    """Return an error for a refresh that failed or broke off without saying why in its events."""
    if is_whole and code == 0:
        return ()
    words = " ".join(errors.split())[:_MOST_ERROR_CHARACTERS]
    return (f"the engine ended with {code} before it was done: {words or 'no reason given'}",)


def _is_provider(token: str) -> bool:
    # A provider is a process, not something in an account: the engine reads none.
    return token.startswith("pulumi:providers:")
