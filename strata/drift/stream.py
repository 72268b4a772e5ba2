"""The events of ``pulumi refresh --preview-only --json``, parsed once: what is gone, what differs, what failed.

Names and fields are those of the engine's events (sdk/go/common/apitype/events.go of the Pulumi repository). In a
refresh, ``old`` is what the state records and ``new`` is what the provider has just read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.drift.finding import Drifted, Property
from strata.preview_report.differences import differences
from strata.preview_report.events import Resource, Step
from strata.preview_report.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GONE: Final = "delete"
CHANGED: Final = "update"
_ERROR: Final = "error"
_SUCCEEDED: Final = "succeeded"


@dataclass(frozen=True)
class Refresh:
    """What a refresh said.

    Args:
        seen: URNs that were read.
        drifted: those that are not as recorded.
        errors: what failed, in the engine's and the providers' words.
        is_whole: whether the stream ends with the engine's own success.
    """

    seen: frozenset[str]
    drifted: tuple[Drifted, ...]
    errors: tuple[str, ...]
    is_whole: bool


def read_refresh(lines: Iterable[str]) -> Refresh:
    """Return what a stream says; a line that is no event makes it one that is not whole."""
    seen: set[str] = set()
    drifted: list[Drifted] = []
    errors: dict[str, None] = {}
    result, readable = None, True
    for line in lines:
        event = _event(line)
        if event is None:
            readable = False
        elif "resOutputsEvent" in event:
            metadata = event["resOutputsEvent"]["metadata"]
            seen.add(metadata["urn"])
            drifted.extend(_drifted(metadata))
        elif event.get("diagnosticEvent", {}).get("severity") == _ERROR:
            errors[" ".join(event["diagnosticEvent"]["message"].split())] = None
        elif "summaryEvent" in event:
            result = event["summaryEvent"].get("result")
    return Refresh(frozenset(seen), tuple(drifted), tuple(errors), readable and result == _SUCCEEDED)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) else None


def _drifted(metadata: Mapping[str, Any]) -> Iterable[Drifted]:
    if metadata["op"] == GONE:
        yield Drifted(metadata["urn"], metadata["type"], "gone", ())
    elif metadata["op"] == CHANGED:
        yield Drifted(metadata["urn"], metadata["type"], "changed", tuple(_properties(metadata)))


def _properties(metadata: Mapping[str, Any]) -> Iterable[Property]:
    """Yield what differs: of the inputs, since an update puts those back; of the outputs where only they differ."""
    old, new = masked(metadata["old"]), masked(metadata["new"])
    side = "inputs" if old["inputs"] != new["inputs"] else "outputs"
    step = Step(
        operation=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        old=_resource(old[side]),
        new=_resource(new[side]),
        differences=None,
        replaced_for=(),
    )
    for one in differences(step):
        yield Property(one.path, one.before, one.after)


def _resource(properties: Mapping[str, Any]) -> Resource:
    return Resource(inputs=properties, outputs=properties, is_protected=False, is_kept_on_delete=False)
