"""The stack files of a project, as they are written; whether they can be deployed is the preview's to say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from ruamel.yaml.error import YAMLError

from strata.environments.names import BY_NAME, PURPOSES, purpose_of
from strata.errors import StrataError
from strata.stack_file import TenantFile
from strata.yaml_edit import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from strata.environments.names import Purpose

#: Relative to the project: made from the program's config models, so it knows the defaults.
SCHEMA: Final = "schemas/stack.schema.json"


class EnvironmentFileError(StrataError):
    """A stack file of the project cannot be read as one."""


@dataclass(frozen=True)
class Environment:
    """A stack file, and what it says.

    Args:
        name: of the stack.
        path: of the stack file.
        config: what is below ``config``, by full key.
        defaults: what a section's keys are without being written.
    """

    name: str
    path: Path
    config: Mapping[str, Any]
    defaults: Mapping[str, Mapping[str, Any]]

    @property
    def region(self) -> str | None:
        """The region that it is deployed to."""
        return self.config.get("aws:region")

    @property
    def purpose(self) -> Purpose | None:
        """What it is for: as the file says, or else as its name does."""
        said = self.config.get("strata:purpose", BY_NAME)
        return purpose_of(self.name) if said == BY_NAME else cast("Purpose", said)

    @property
    def tenants_file(self) -> str | None:
        """The path of its list of tenants, relative to the project; None when the stack file holds them itself."""
        tenants = self.config.get("strata:tenants")
        return tenants.get("file") if isinstance(tenants, dict) else None

    @property
    def files(self) -> tuple[str, ...]:
        """The paths that the stack file leads to, relative to the project."""
        return tuple(path for path in (self.tenants_file, self.value("database", "caBundle")) if path)

    @property
    def tenants(self) -> int:
        """How many tenants it names.

        Raises:
            StackFileError: the list cannot be read.
        """
        return len(TenantFile.open(self.path).entries)

    def value(self, section: str, key: str) -> Any:
        """Return what a key of a section is, written or not; None for one that is neither written nor has a default."""
        written = self.config.get(f"strata:{section}") or {}
        return written.get(key, self.defaults.get(section, {}).get(key))


def environments(project: Path) -> list[Environment]:
    """Return the environments of a project in the order of deployment: by purpose, then by name.

    Raises:
        EnvironmentFileError: a stack file is not YAML, or has no config.
    """
    defaults = _defaults(project)
    found = [_read(path, defaults) for path in stack_files(project)]
    return sorted(found, key=lambda one: (PURPOSES.index(one.purpose) if one.purpose in PURPOSES else 0, one.name))


def stack_files(project: Path) -> Iterator[Path]:
    """Yield the stack files of a project, by name."""
    yield from sorted(path for path in project.glob("Pulumi.*.yaml") if stack_of(path.name))


def stack_of(file_name: str) -> str | None:
    """Return the stack that a file's name names; None for every other file."""
    prefix, _, rest = file_name.partition(".")
    stack, _, suffix = rest.rpartition(".")
    return stack if prefix == "Pulumi" and suffix == "yaml" and stack else None


def _read(path: Path, defaults: Mapping[str, Mapping[str, Any]]) -> Environment:
    try:
        content = load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise EnvironmentFileError(
            f"the stack file cannot be read: {' '.join(str(error).split())}", where={"file": path}
        ) from None
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise EnvironmentFileError(
            "the stack file has no config", where={"file": path}, allowed="a mapping config with aws:region"
        )
    return Environment(cast("str", stack_of(path.name)), path, config, defaults)


def _defaults(project: Path) -> dict[str, dict[str, Any]]:
    """Return the defaults that the project's schema knows, by section and key; none in a project without one."""
    try:
        schema = json.loads((project / SCHEMA).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    sections = schema["properties"]["config"]["properties"]
    return {
        name.removeprefix("strata:"): {
            key: described["default"]
            for key, described in section.get("properties", {}).items()
            if "default" in described
        }
        for name, section in sections.items()
    }
