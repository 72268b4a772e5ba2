"""What a killed run of the engine had begun: taken over if it was done, forgotten if it was not."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import stack
from local.emulator.lookup import resource_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.paths import Home


def settle(home: Home, environment: Mapping[str, str]) -> None:
    """Bring the recorded state in line with what an interrupted run did, by the engine's own export and import.

    Raises:
        EngineRunError: the engine refused.
    """
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        file = Path(folder) / "state.json"
        stack.run(home, environment, "stack", "export", "--file", str(file))
        exported = json.loads(file.read_text())
        urns = settled(exported["deployment"], lambda kind, inputs: resource_id(kind, inputs, environment))
        file.write_text(json.dumps(exported))
        stack.run(home, environment, "stack", "import", "--file", str(file))
    if urns:
        stack.run(home, environment, "refresh", *stack.QUIETLY, *stack.targets(urns))


def settled(deployment: dict[str, Any], find: Callable[[str, dict[str, Any]], str | None]) -> list[str]:
    """Take the interrupted operations out of an exported state and return the URNs whose truth is to be read.

    Args:
        deployment: the exported state, which is changed.
        find: answers the id under which a resource of a type and inputs may exist; such a creation becomes a
            resource, which the read then confirms or removes.
    """
    interrupted = deployment.pop("pending_operations", [])
    recorded = {one["urn"] for one in deployment["resources"]}
    for one in interrupted:
        resource = one["resource"]
        if one["type"] == "creating" and resource["urn"] not in recorded:
            found = find(resource["type"], resource.get("inputs") or {})
            if found is not None:
                deployment["resources"].append({**resource, "id": found, "outputs": resource["inputs"]})
    known = {one["urn"] for one in deployment["resources"]}
    return sorted({one["resource"]["urn"] for one in interrupted} & known)
