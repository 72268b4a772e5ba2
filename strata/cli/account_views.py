"""How `strata account` prints: a line per part, and in a dry run every call with its documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from strata.cli.output import console, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from strata.account.part import Outcome

#: Parameters that are JSON in a text, shown as what they hold.
_DOCUMENTS: Final = ("Policy", "PolicyDocument", "AssumeRolePolicyDocument")
_AS_FOUND: Final = {"created": "missing", "updated": "differs", "unchanged": "as wanted"}


def print_outcomes(outcomes: Sequence[Outcome], *, as_found: bool = False) -> None:
    """Print what became of each part; or, as found, how each part is."""
    rows = [(one.thing, one.setting, _AS_FOUND[one.result] if as_found else one.result) for one in outcomes]
    print_table(("thing", "setting", "state" if as_found else "result"), rows)
    changed = sum(one.result != "unchanged" for one in outcomes)
    said = "differ" if as_found else "settled"
    console().print(f"{changed} of {len(outcomes)} parts {said}." if changed else "Everything is as wanted.")


def print_plan(outcomes: Sequence[Outcome]) -> None:
    """Print every call that a run would make, with its parameters."""
    calls = [call for one in outcomes for call in one.calls]
    for call in calls:
        console().print(f"{call.service}:{call.operation}")
        console().print(json.dumps(_readable(call.parameters), indent=2), soft_wrap=True)
    console().print(f"{len(calls)} calls would be made." if calls else "Everything is as wanted.")


def print_next_steps(commands: Iterable[str]) -> None:
    """Print the commands that follow."""
    console().print("\nNext:")
    for command in commands:
        console().print(f"  {command}", soft_wrap=True)


def _readable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: json.loads(value) if key in _DOCUMENTS else value for key, value in parameters.items()}
