"""The workflows and actions of the project, parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from local.paths import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GITHUB = CHECKOUT / ".github"
FILES = sorted(path.name for path in (GITHUB / "workflows").iterdir())


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans, as GitHub reads it: `on` is a word."""


_LOADER = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_implicit_resolvers = _LOADER


def workflow(name: str) -> dict[str, Any]:
    """Return a workflow; true and false stay words, as do all others."""
    return dict(yaml.load((GITHUB / "workflows" / name).read_text(), _Loader))  # noqa: S506 - a safe loader's own


def setup_steps() -> list[dict[str, Any]]:
    """Return the steps of the action that every job begins with."""
    action = yaml.load((GITHUB / "actions" / "setup" / "action.yml").read_text(), _Loader)  # noqa: S506 - as above
    return list(action["runs"]["steps"])


@dataclass(frozen=True)
class Job:
    """A job, by its workflow."""

    file: str
    name: str
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.file.removesuffix('.yml')}/{self.name}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.content.get("steps", []))


def jobs() -> Iterator[Job]:
    """Yield every job of every workflow."""
    for file in FILES:
        yield from (Job(file, name, content) for name, content in workflow(file)["jobs"].items())


def all_steps() -> Iterator[dict[str, Any]]:
    """Yield every step, the set-up's too."""
    yield from setup_steps()
    for job in jobs():
        yield from job.steps
