"""Which environments a change touches: those whose plan can differ because of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.environments.files import environments, stack_of
from strata.environments.names import LOCAL_STACK
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from strata.environments.files import Environment

#: What the program, its policies and its providers read whatever the stack; a folder ends in a slash.
READ_BY_EVERY_STACK: Final = (
    "__main__.py",
    "Pulumi.yaml",
    "requirements.txt",
    "edge_functions/",
    "infra/",
    "policy/",
    "sql_templates/",
    "strata/",
)
#: What lies in those folders and no deployment reads.
READ_BY_NONE: Final = ("edge_functions/cases/", "strata/cli/")


class ChangeUnknownError(StrataError):
    """Git does not say what has changed."""


@dataclass(frozen=True)
class Touched:
    """What a change touches.

    Args:
        base: what the change is compared with.
        environments: the paths that touch it, by the name of each environment, in the order of deployment.
        removed: environments whose stack file is gone.
    """

    base: str
    environments: Mapping[str, Sequence[str]]
    removed: Sequence[str]


def touched(project: Path, base: str) -> Touched:
    """Return which environments differ since the change left ``base``: its commits, and what is not committed yet.

    The stack of one machine is not among them, since no workflow deploys it.

    Raises:
        ChangeUnknownError: this is no git repository, the base is unknown, or they have no common ancestor.
        EnvironmentFileError: a stack file cannot be read.
    """
    paths = _changed_paths(project, base)
    everywhere = [path for path in paths if path.startswith(READ_BY_EVERY_STACK) and not path.startswith(READ_BY_NONE)]
    there = [one for one in environments(project) if one.name != LOCAL_STACK]
    by_name = {one.name: sorted({*everywhere, *_own(one, paths)}) for one in there}
    gone = {stack_of(path) for path in paths if not (project / path).exists()} - {None, LOCAL_STACK}
    return Touched(
        base, {name: found for name, found in by_name.items() if found}, sorted(name for name in gone if name)
    )


def _own(environment: Environment, paths: Sequence[str]) -> set[str]:
    return {environment.path.name, *environment.files} & set(paths)


def _changed_paths(project: Path, base: str) -> list[str]:
    """Return every path below the project that was added, changed, moved or removed."""
    start = _git(project, base, "merge-base", base, "HEAD").strip()
    # Without renames, a file that moved is named at both of its places.
    changed = _git(project, base, "diff", "--name-only", "-z", "--no-renames", "--relative", start, "--")
    new = _git(project, base, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({path for path in (changed + new).split("\0") if path})


def _git(project: Path, base: str, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChangeUnknownError(
            f"git cannot compare with {base}: {' '.join(done.stderr.split()) or 'no common ancestor is known'}",
            where={"folder": project},
            allowed="a branch or commit that this one comes from, and a clone with its history (in a workflow: "
            "fetch-depth: 0)",
            next_command="git fetch origin main, then strata environment touched --base origin/main",
        )
    return done.stdout
