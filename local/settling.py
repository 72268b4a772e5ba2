"""What a killed run of the engine had begun: taken over if it was done, forgotten if it was not."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local import stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.paths import Home

#: Types whose id is a name, with the input that holds it. One of these made twice is refused, so an interrupted
#: creation has to be looked up. All others get their id from the service: a second one stands in nobody's way.
NAMED: Final = {
    "aws:ssm/parameter:Parameter": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/parameterGroup:ParameterGroup": "name",
    "aws:rds/subnetGroup:SubnetGroup": "name",
    "aws:kms/alias:Alias": "name",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "name",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "name",
    "aws:cloudfront/function:Function": "name",
    "postgresql:index/role:Role": "name",
}


def settle(home: Home, environment: Mapping[str, str]) -> None:
    """Bring the recorded state in line with what an interrupted run did, by the engine's own export and import.

    Raises:
        EngineRunError: the engine refused.
    """
    with tempfile.TemporaryDirectory(dir=home.root) as folder:
        file = Path(folder) / "state.json"
        stack.run(home, environment, "stack", "export", "--file", str(file))
        exported = json.loads(file.read_text())
        urns = settled(exported["deployment"])
        file.write_text(json.dumps(exported))
        stack.run(home, environment, "stack", "import", "--file", str(file))
    if urns:
        stack.run(home, environment, "refresh", *stack.QUIETLY, *stack.targets(urns))


def settled(deployment: dict[str, Any]) -> list[str]:
    """Take the interrupted operations out of an exported state and return the URNs whose truth is to be read.

    A creation that can be found by its name becomes a resource, which the read then confirms or removes.
    """
    interrupted = deployment.pop("pending_operations", [])
    adopted = [found for one in interrupted if one["type"] == "creating" and (found := _adopted(one["resource"]))]
    recorded = {one["urn"] for one in deployment["resources"]}
    deployment["resources"] += [one for one in adopted if one["urn"] not in recorded]
    known = {one["urn"] for one in deployment["resources"]}
    return sorted({one["resource"]["urn"] for one in interrupted} & known)


def _adopted(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    inputs = resource.get("inputs") or {}
    name = inputs.get(NAMED.get(resource["type"], ""))
    return {**resource, "id": name, "outputs": inputs} if isinstance(name, str) else None
