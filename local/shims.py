"""Executables of an environment's `bin`: the stand-in provider plugins, `strata`, and PostgreSQL's client programs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from local.paths import CHECKOUT
from local.postgres import programs

if TYPE_CHECKING:
    from local.paths import Home

#: Programs of the checkout, by the module that each runs.
MODULES: Final = {
    "pulumi-resource-aws": "local.providers.aws",
    "pulumi-resource-postgresql": "local.providers.postgresql",
    "strata": "strata.cli",
}
CLIENTS: Final = ("psql", "pg_dump", "pg_restore", "pgbench")


def write(home: Home) -> None:
    """Write the executables of the environment."""
    home.bin.mkdir(parents=True, exist_ok=True)
    root = shlex.quote(str(CHECKOUT))
    for name, module in MODULES.items():
        path = f'PYTHONPATH={root}"${{PYTHONPATH:+:$PYTHONPATH}}"'
        _write(home, name, f'{path} exec {root}/.venv/bin/python -m {module} "$@"')
    for name in CLIENTS:
        _write(home, name, f'exec {shlex.quote(str(programs.folder() / "bin" / name))} "$@"')


def _write(home: Home, name: str, line: str) -> None:
    path = home.bin / name
    text = f"#!/bin/sh\n{line}\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        path.chmod(0o755)
