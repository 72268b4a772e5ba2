"""A stream as it can be kept: small, and with nothing of the machine that made it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from strata.preview_report.differences import UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

#: Kinds that a report passes over anyway.
_LEFT_OUT: Final = frozenset({"resOutputsEvent", "policyRemediateSummaryEvent"})
#: After a loopback address, or as the value of a property of this name, within a text of JSON too.
_PORT: Final = re.compile(r"\b((?:127\.0\.0\.1|localhost):|port[\\\"': ]{2,8})\d{4,5}\b")
_NO_UUID: Final = "00000000-0000-4000-8000-000000000000"
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
#: What the engine and the emulator number by chance.
_CHANCE: Final = (
    (re.compile(rf"{_NO_UUID}-[0-9a-f]{{6}}\b"), f"{_NO_UUID}-000000"),
    (re.compile(r"\bdb-[A-Z0-9]{26}\b"), "db-EXAMPLE"),
    (re.compile(r"\b(vpc|subnet|sg|rtb|acl|igw|eni|sgr|rtbassoc|dopt)-[0-9a-f]{17}\b"), r"\1-00000000000000000"),
    (re.compile(r"(?<=[a-z0-9]-)[0-9a-f]{7}\b"), "0000000"),
)


def recorded(events: str, checkout: Path) -> str:
    """Return a stream without the machine's paths, ports and times, and without what no report reads."""
    looks: set[str] = set()
    kept = (_event(json.loads(line), looks) for line in events.splitlines())
    text = "".join(f"{json.dumps(event)}\n" for event in kept if event is not None)
    return anonymous(text, checkout)


def _event(event: dict[str, Any], looks: set[str]) -> dict[str, Any] | None:
    """Return an event as it is kept, or None.

    Args:
        event: changed in place.
        looks: what policies looked at so far and found; of looks that found the same, one is kept.
    """
    kind = next(key for key in event if key not in ("sequence", "timestamp"))
    facts = event[kind]
    if kind in _LEFT_OUT or facts.get("severity") == "debug":
        return None
    if kind == "policyAnalyzeSummaryEvent":
        look = json.dumps([facts.get("passed"), facts.get("failed")])
        if look in looks:
            return None
        looks.add(look)
    if kind == "resourcePreEvent":
        _reduce(facts["metadata"])
    if kind == "summaryEvent":
        facts["durationSeconds"] = 0
    return {**event, "timestamp": 0}


def _reduce(metadata: dict[str, Any]) -> None:
    """Drop the state of what stays as it is, and the outputs that no difference is told against."""
    told = metadata.get("detailedDiff") or {}
    if metadata["op"] == "same":
        metadata["old"] = metadata["new"] = None
    for state in (metadata["old"], metadata["new"]):
        if state and all(one.get("inputDiff") for one in told.values()):
            state["outputs"] = {}


def anonymous(text: str, checkout: Path) -> str:
    """Return a text without paths and ports of this machine, and with the numbers of chance as noughts."""
    text = text.replace(f"{checkout}/", "").replace(str(checkout), ".")
    text = _PORT.sub(r"\g<1>5432", text)
    text = _UUID.sub(lambda found: found[0] if found[0] in UNKNOWN else _NO_UUID, text)
    for expression, replacement in _CHANCE:
        text = expression.sub(replacement, text)
    return text
