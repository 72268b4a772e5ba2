"""A new environment, from its stack file to a deployed stack.

A private database cannot be reached before its instance and its jump host exist, and the stack's own logins, schema and
tenants are made through it. So everything else is made first, then the tunnel is opened, then the rest is made.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.environments.files import environments
from strata.errors import StrataError
from strata.reference import resolve
from strata.tunnel.session import open_tunnel
from strata.yaml_edit import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from strata.environments.engine import Engine
    from strata.environments.files import Environment

    Say = Callable[[str], None]

#: The first resource that connects to the database; everything inside the database depends on it.
LOGINS: Final = "**::schema-logins"
#: A jump host that was just made takes this long, at most, until its agent is online.
NEW_JUMP_HOST_SECONDS: Final = 600.0


class UnknownEnvironmentError(StrataError):
    """There is no stack file of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"there is no environment {name}",
            where={"file": f"Pulumi.{name}.yaml"},
            allowed=", ".join(known) or "none: the project has no stack file",
            next_command=f"strata environment new {shlex.quote(name)}",
        )


@dataclass(frozen=True)
class Step:
    """One run of the engine.

    Args:
        words: what the engine gets.
        why: what it is for, in a sentence.
        through_tunnel: whether it connects to a private database.
    """

    words: tuple[str, ...]
    why: str
    through_tunnel: bool = False


def find_environment(project: Path, name: str) -> Environment:
    """Return an environment of the project by its name.

    Raises:
        UnknownEnvironmentError: there is none.
    """
    known = environments(project)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise UnknownEnvironmentError(name, [one.name for one in known])
    return found


def steps(environment: Environment, *, exists: bool, yes: bool) -> list[Step]:
    """Return the runs of the engine that make an environment, in order; each may be repeated.

    Args:
        environment: the one to make.
        exists: whether the backend knows the stack already.
        yes: whether the engine is not to ask before it changes anything.
    """
    private = environment.value("database", "reach") == "tunnel"
    asking = ("--yes",) if yes else ()
    found = []
    if not exists:
        provider = _secrets_provider(environment)
        secrets = ("--secrets-provider", provider) if provider else ()
        found.append(Step(("stack", "init", "--no-select", *secrets), "make the stack in the backend"))
    if private:
        # Where nobody is asked, the plan that is looked at is that of the whole stack, in the last step.
        unseen = ("--skip-preview",) if yes else ()
        words = ("up", *asking, *unseen, "--exclude", LOGINS, "--exclude-dependents")
        found.append(Step(words, "make everything but what is inside the database"))
    why = "make what is inside the database, through the jump host" if private else "make the environment"
    return [*found, Step(("up", *asking), why, through_tunnel=private)]


def _secrets_provider(environment: Environment) -> str | None:
    """Return what encrypts the stack's secrets; the stack file says so beside its config."""
    provider = load(environment.path.read_text(encoding="utf-8")).get("secretsprovider")
    return str(provider) if provider else None


def create(engine: Engine, wanted: list[Step], say: Say) -> None:
    """Run the steps; what an earlier run has made is found again.

    Raises:
        EngineMissingError, EngineFailedError: there is no engine, or it ended with an error.
        TunnelError: the private database cannot be reached.
    """
    for number, step in enumerate(wanted, start=1):
        say(f"{number}/{len(wanted)}: {step.why}")
        if not step.through_tunnel:
            engine.run(step.words)
            continue
        parameters = resolve(f"ssm:/strata/{engine.stack}/database")
        with open_tunnel(parameters, NEW_JUMP_HOST_SECONDS) as tunnel:
            say(f"the tunnel to {tunnel.route.host} is open")
            engine.run(step.words, tunnel.environment)
