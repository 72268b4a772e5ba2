"""A dynamic resource that does nothing, with the SDK's own check and diff."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.dynamic import CreateResult, Resource, ResourceProvider


@cache  # The file stays as it is while the engine runs.
def recorded_resources() -> dict[str, Any]:
    """Return inputs and outputs of another stack's resources, by name."""
    resources: dict[str, Any] = json.loads(Path(os.environ["BENCHMARK_RESOURCES"]).read_text())
    return resources


class PlainProvider(ResourceProvider):
    """Importable and without attributes, as the real ones are, so that its pickle is as short as theirs."""

    serialize_as_secret_always: bool = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record the same outputs as the other stack's resource has."""
        outputs = recorded_resources()[f"tenant-{props['tenant_id']}"]["outputs"]
        return CreateResult(props["tenant_id"], dict(outputs))


class PlainResource(Resource, module="baseline", name="Plain"):
    """One resource with the given inputs."""

    def __init__(self, name: str, inputs: dict[str, Any]) -> None:
        super().__init__(PlainProvider(), name, inputs)
