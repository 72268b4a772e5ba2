"""The engine's streamed events, parsed once: one JSON object a line.

A line that cannot be read, and a kind that is not known, are counted: a report must say so.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from strata.preview_report.events import (
    Diagnostic,
    EventStream,
    PolicyRun,
    PolicyViolation,
    PropertyDifference,
    Resource,
    Step,
    Summary,
)
from strata.preview_report.masking import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Kinds that say nothing a report needs.
_PASSED_OVER: Final = frozenset(
    {
        "cancelEvent",
        "policyLoadEvent",
        "policyRemediateSummaryEvent",
        "preludeEvent",
        "progressEvent",
        "resOpFailedEvent",
        "resOutputsEvent",
        "startDebuggingEvent",
    }
)
_SURROGATE: Final = "\\ud"
#: Every event has these beside its kind.
_ENVELOPE: Final = frozenset({"sequence", "timestamp"})


def read_events(lines: Iterable[str]) -> EventStream:
    """Return what a stream says; nothing in it can make this fail."""
    found: dict[type, list[Any]] = {Step: [], Diagnostic: [], PolicyViolation: [], PolicyRun: [], Summary: []}
    unknown: Counter[str] = Counter()
    unreadable = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            kind, facts = _event(line)
            if kind not in _PASSED_OVER and kind not in _READERS:
                unknown[kind] += 1
            elif kind in _READERS:
                one = _READERS[kind](facts)
                found[type(one)].append(one)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            unreadable += 1
    return EventStream(
        steps=tuple(found[Step]),
        diagnostics=tuple(found[Diagnostic]),
        violations=tuple(found[PolicyViolation]),
        policy_runs=tuple(found[PolicyRun]),
        summary=found[Summary][-1] if found[Summary] else None,
        unknown_kinds=dict(unknown),
        unreadable_lines=unreadable,
    )


def _event(line: str) -> tuple[str, dict[str, Any]]:
    event = json.loads(line)
    if _SURROGATE in line:  # JSON can name half a character, which no encoding can write.
        event = json.loads(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))
    (kind,) = event.keys() - _ENVELOPE
    facts = event[kind]
    if not isinstance(facts, dict):
        raise TypeError(kind)
    return kind, facts


def _step(facts: dict[str, Any]) -> Step:
    metadata = facts["metadata"]
    differences = metadata.get("detailedDiff")
    return Step(
        operation=str(metadata["op"]),
        urn=str(metadata["urn"]),
        type=str(metadata["type"]),
        old=_resource(metadata.get("old")),
        new=_resource(metadata.get("new")),
        differences=None
        if differences is None
        else {
            str(path): PropertyDifference(str(one["diffKind"]), bool(one.get("inputDiff")))
            for path, one in differences.items()
        },
        replaced_for=tuple(str(key) for key in metadata.get("keys") or ()),
    )


def _resource(state: dict[str, Any] | None) -> Resource | None:
    if state is None:
        return None
    return Resource(
        inputs=masked(_object(state.get("inputs"))),
        outputs=masked(_object(state.get("outputs"))),
        is_protected=bool(state.get("protect")),
        is_kept_on_delete=bool(state.get("retainOnDelete")),
    )


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("properties")
    return value


def _diagnostic(facts: dict[str, Any]) -> Diagnostic:
    return Diagnostic(str(facts["severity"]), masked(str(facts["message"])), str(facts.get("urn", "")))


def _engine_error(facts: dict[str, Any]) -> Diagnostic:
    return Diagnostic("error", masked(str(facts["error"])), "")


def _standard_output(facts: dict[str, Any]) -> Diagnostic:
    return Diagnostic("info", masked(str(facts["message"])), "")


def _violation(facts: dict[str, Any]) -> PolicyViolation:
    return PolicyViolation(
        policy=str(facts["policyName"]),
        pack=str(facts["policyPackName"]),
        level=str(facts["enforcementLevel"]),
        message=masked(str(facts["message"])),
        urn=str(facts.get("resourceUrn", "")),
    )


def _remediation(facts: dict[str, Any]) -> PolicyViolation:
    return _violation({**facts, "enforcementLevel": "remediate", "message": "the policy changes this resource"})


def _policy_run(facts: dict[str, Any]) -> PolicyRun:
    names = [*(facts.get("passed") or ()), *(facts.get("failed") or ())]
    return PolicyRun(str(facts["policyPackName"]), frozenset(str(name) for name in names))


def _summary(facts: dict[str, Any]) -> Summary:
    return Summary(
        result=str(facts["result"]),
        resource_changes={str(operation): int(count) for operation, count in facts["resourceChanges"].items()},
        policy_packs=frozenset(str(pack).split("|")[0] for pack in facts.get("PolicyPacks") or ()),
    )


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], object]]] = {
    "diagnosticEvent": _diagnostic,
    "errorEvent": _engine_error,
    "policyAnalyzeStackSummaryEvent": _policy_run,
    "policyAnalyzeSummaryEvent": _policy_run,
    "policyEvent": _violation,
    "policyRemediationEvent": _remediation,
    "resourcePreEvent": _step,
    "stdoutEvent": _standard_output,
    "summaryEvent": _summary,
}
