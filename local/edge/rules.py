"""The rules of the local edge, each with where it comes from; `Decision.reasons` names them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from local.edge.rules_caching import CACHING
from local.edge.rules_requests import REQUESTS
from local.edge.rules_responses import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["documented", "measured", "guessed", "switchable"]
_STATUSES: Final[Mapping[str, Status]] = MappingProxyType(
    {"D": "documented", "M": "measured", "G": "guessed", "S": "switchable"}
)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        name: kebab-case, as `Decision.reasons` and the tests name it.
        statement: one sentence.
        source: the page of the CloudFront Developer Guide, or who measured it, or why it was guessed so.
        status: ``documented`` by AWS; ``measured`` by somebody; ``guessed`` where neither says anything; ``switchable``
            where sources differ: `local.edge.settings.EdgeSettings` chooses.
    """

    name: str
    statement: str
    source: str
    status: Status


def _section(rows: tuple[tuple[str, str, str, str], ...]) -> tuple[Rule, ...]:
    return tuple(Rule(name, statement, source, _STATUSES[mark]) for mark, name, statement, source in rows)


SECTIONS: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {title: _section(rows) for group in (REQUESTS, CACHING, RESPONSES) for title, rows in group.items()}
)
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rows in SECTIONS.values() for rule in rows})
#: What nobody but CloudFront itself can settle.
GUESSES: Final = tuple(rule for rule in RULES.values() if rule.status in {"guessed", "switchable"})


def render() -> str:
    """Return docs/reference/edge-rules.md."""
    lines = [
        "# Rules of the local edge",
        "",
        "The table is `local/edge/rules*.py`.",
        "Each rule has a test under `tests/local/edge/` that names it; nothing was tried against a live distribution.",
        "What is not here is refused by name when the edge reads the distribution.",
        "",
        "| status | rules | what it means |",
        "|---|---|---|",
        f"| documented | {_count('documented')} | AWS says so, or the RFC that it follows |",
        f"| measured | {_count('measured')} | somebody tried it on CloudFront and published it |",
        f"| switchable | {_count('switchable')} | sources differ; `EdgeSettings` chooses |",
        f"| guessed | {_count('guessed')} | nobody says; chosen so that an error shows here rather than on AWS |",
    ]
    for title, rows in SECTIONS.items():
        lines += ["", f"## {title}", "", "| rule | statement | source | status |", "|---|---|---|---|"]
        lines += [f"| `{rule.name}` | {rule.statement} | {rule.source} | {rule.status} |" for rule in rows]
    lines += ["", "## To be settled on a live distribution", ""]
    lines += [f"- `{rule.name}` ({rule.status}): {rule.statement}" for rule in GUESSES]
    return "\n".join([*lines, ""])


def _count(status: Status) -> int:
    return sum(rule.status == status for rule in RULES.values())
