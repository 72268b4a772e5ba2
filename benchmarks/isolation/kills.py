"""What found each fault, as it is recorded and as docs/reference/edge-isolation.md shows it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.rules import Rule
from benchmarks.result import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.isolation.mutants import Killed

FILE: Final = RESULTS / "isolation_faults.json"


@dataclass(frozen=True)
class Kill:
    """How one fault was found.

    Args:
        name: of the fault.
        part: where it is.
        why: what goes wrong for whom.
        rule: name of the rule that did not hold; None for a fault that survives.
        number: of the request.
    """

    name: str
    part: str
    why: str
    rule: str | None
    number: int | None

    @property
    def assertion(self) -> str:
        """The rule in words."""
        return "**nothing: it survives**" if self.rule is None else Rule[self.rule].value

    @property
    def is_about_viewers(self) -> bool:
        """Whether a viewer saw it."""
        return self.rule is not None and Rule[self.rule].is_about_viewers


def kills(found: Iterable[Killed]) -> list[Kill]:
    """Return what is recorded of runs."""
    return [
        Kill(
            one.mutant.name,
            one.mutant.part,
            one.mutant.why,
            one.violation and one.violation.rule.name,
            one.violation and one.violation.number,
        )
        for one in found
    ]


def write_kills(found: Iterable[Kill], path: Path = FILE) -> None:
    """Record them."""
    path.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")


def read_kills(path: Path = FILE) -> list[Kill]:
    """Return what is recorded."""
    return [Kill(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
