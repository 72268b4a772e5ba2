"""All checks, in the order in which one failure explains the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.doctor import cloud, deployed, machine, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from strata.doctor.finding import Finding
    from strata.doctor.subject import Subject

CHECKS: Final[Mapping[str, Callable[[Subject], Finding]]] = {
    "python": machine.python,
    "pulumi": machine.engine,
    "plugins": machine.plugins,
    "git": machine.git,
    "session-manager-plugin": machine.session_manager_plugin,
    "credentials": cloud.credentials,
    "region": cloud.region,
    "clock": cloud.clock,
    "stack file": stack.stack_file,
    "backend": stack.backend,
    "secrets provider": stack.secrets_provider,
    "connection parameter": deployed.parameter,
    "TLS bundle": deployed.certificates,
    "database": deployed.database,
    "edge": deployed.edge,
}


def examine(subject: Subject) -> Iterator[tuple[str, Finding]]:
    """Yield each check's name and what it found, one after another."""
    for name, check in CHECKS.items():
        yield name, check(subject)
