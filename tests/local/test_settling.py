"""What becomes of interrupted operations in an exported state."""

from __future__ import annotations

from typing import Any

from local.settling import settled


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:{name}", "type": "some:type", "inputs": {"name": name}, **more}


def operation(kind: str, name: str) -> dict[str, Any]:
    return {"type": kind, "resource": resource(name)}


def find(kind: str, inputs: dict[str, Any]) -> str | None:
    assert kind == "some:type"
    return None if inputs["name"].startswith("anonymous") else f"id of {inputs['name']}"


def test_a_creation_that_can_be_found_becomes_a_resource_to_be_read() -> None:
    deployment = {"resources": [resource("old", id="1")], "pending_operations": [operation("creating", "new")]}

    assert settled(deployment, find) == ["urn:new"]
    assert deployment == {
        "resources": [resource("old", id="1"), resource("new", id="id of new", outputs={"name": "new"})]
    }


def test_a_creation_that_is_in_nobodys_way_is_forgotten() -> None:
    deployment = {"resources": [], "pending_operations": [operation("creating", "anonymous")]}

    assert settled(deployment, find) == []
    assert deployment == {"resources": []}


def test_a_recorded_resource_keeps_its_record_and_is_read() -> None:
    recorded = resource("old", id="1", outputs={"name": "old", "arn": "a"})
    for kind in ("updating", "deleting", "creating"):
        deployment = {"resources": [recorded], "pending_operations": [operation(kind, "old")]}

        assert settled(deployment, find) == ["urn:old"]
        assert deployment == {"resources": [recorded]}


def test_a_deletion_that_was_recorded_needs_no_look() -> None:
    assert settled({"resources": [], "pending_operations": [operation("deleting", "gone")]}, find) == []
