"""What a check for drift found, in a form that a file can hold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from strata.errors import StrataError

if TYPE_CHECKING:
    from pathlib import Path


class FindingError(StrataError):
    """A file does not hold what a check for drift found."""


@dataclass(frozen=True)
class Property:
    """A property as it is recorded and as it was found, both as text; None where there is none."""

    path: str
    recorded: str | None
    found: str | None


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as recorded."""

    urn: str
    type: str
    kind: Literal["gone", "changed"]
    properties: tuple[Property, ...]

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class LeftOut:
    """Resources that a check did not look at, and why."""

    reason: str
    urns: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """All that a check found.

    Args:
        environment: the stack.
        checked_at: in UTC, as ISO 8601.
        checked: how many resources were read.
        drifted: those that are not as recorded.
        left_out: what was not looked at on purpose.
        unchecked: URNs that should have been read, and were not.
        errors: what failed.
    """

    environment: str
    checked_at: str
    checked: int
    drifted: tuple[Drifted, ...]
    left_out: tuple[LeftOut, ...]
    unchecked: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything was read that should have been."""
        return not self.errors and not self.unchecked

    @property
    def is_clean(self) -> bool:
        """Whether everything was read and is as recorded."""
        return self.is_complete and not self.drifted


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as a JSON document."""
    return asdict(finding)


def read_finding(file: Path) -> Finding:
    """Return the finding that a file holds.

    Raises:
        FindingError: it holds none.
    """
    try:
        return _parsed(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FindingError(
            f"the file does not hold what a check found: {type(error).__name__}",
            where={"file": file},
            allowed="a file that `strata drift detect` wrote",
            next_command=f"strata drift detect --stack STACK --output {file}",
        ) from None


def _parsed(document: dict[str, Any]) -> Finding:
    return Finding(
        environment=str(document["environment"]),
        checked_at=str(document["checked_at"]),
        checked=int(document["checked"]),
        drifted=tuple(
            Drifted(one["urn"], one["type"], one["kind"], tuple(Property(**each) for each in one["properties"]))
            for one in document["drifted"]
        ),
        left_out=tuple(LeftOut(one["reason"], tuple(one["urns"])) for one in document["left_out"]),
        unchecked=tuple(document["unchecked"]),
        errors=tuple(document["errors"]),
    )
