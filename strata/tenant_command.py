"""Commands of `strata tenant` as errors and answers advise them: whole, and ready to be pasted into a shell."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class StackCommands:
    """How commands about one stack name it; with nothing said, the variables of the shell do.

    Args:
        in_stack_file: options with which one about the stack file finds it.
        in_database: options with which one about the database finds it.
        deploy: the one that deploys it.
    """

    in_stack_file: tuple[str, ...] = ()
    in_database: tuple[str, ...] = ()
    deploy: str = "pulumi up"


OF_THE_SHELL: Final = StackCommands()


def tenant_command(verb: str, tenant_id: str, *options: str) -> str:
    """Return a command about a tenant.

    Args:
        verb: what to do with it.
        tenant_id: whose; one that begins like an option stands behind all of them, and behind ``--``.
        options: words, not quoted.
    """
    words = [*options, "--", tenant_id] if tenant_id.startswith("-") else [tenant_id, *options]
    return shlex.join(["strata", "tenant", verb, *words])


def option(name: str, value: str) -> tuple[str, ...]:
    """Return an option as words; as one word where its value begins like an option itself."""
    return (f"{name}={value}",) if value.startswith("-") else (name, value)
