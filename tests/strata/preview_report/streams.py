"""Streams as the engine writes them, event by event, for tests of one part each."""

from __future__ import annotations

import json
from typing import Any

STACK = "dev"


def urn(name: str, type_: str = "aws:s3/bucket:Bucket", parents: str = "") -> str:
    return f"urn:pulumi:{STACK}::strata::{parents}{type_}::{name}"


def step(
    operation: str,
    name: str,
    type_: str = "aws:s3/bucket:Bucket",
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    **metadata: Any,
) -> str:
    """Return the event of a step; `old` and `new` are the inputs."""
    return line(
        "resourcePreEvent",
        {
            "metadata": {
                "op": operation,
                "urn": urn(name, type_),
                "type": type_,
                "old": None if old is None else {"inputs": old, "outputs": old},
                "new": None if new is None else {"inputs": new, "outputs": {}},
                "detailedDiff": None,
                **metadata,
            }
        },
    )


def same(name: str = "strata-dev", type_: str = "pulumi:pulumi:Stack") -> str:
    return step("same", name, type_, old={}, new={})


def error(message: str, urn_: str = "") -> str:
    return diagnostic("error", message, urn_)


def warning(message: str, urn_: str = "") -> str:
    return diagnostic("warning", message, urn_)


def diagnostic(severity: str, message: str, urn_: str = "") -> str:
    return line("diagnosticEvent", {"severity": severity, "message": message, "urn": urn_, "color": "never"})


def violation(policy: str, level: str, message: str, urn_: str) -> str:
    facts = {"policyName": policy, "policyPackName": "strata", "enforcementLevel": level, "message": message}
    return line("policyEvent", {**facts, "resourceUrn": urn_})


def summary(result: str = "succeeded", **resource_changes: int) -> str:
    return line("summaryEvent", {"result": result, "resourceChanges": resource_changes, "PolicyPacks": {}})


def line(kind: str, facts: Any) -> str:
    return json.dumps({"sequence": 0, "timestamp": 0, kind: facts}) + "\n"
