"""A plugin whose one resource type does what its description says, for the tests of the wire.

It lives under the token of an SSM parameter, so that the SDK's schema of it applies.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.provider import Aws
from local.providers.provider import NotModelledError
from local.providers.resource import Created, Function, Properties, ProviderError, ResourceInitError, ResourceType
from local.providers.server import serve

if TYPE_CHECKING:
    from local.providers.resource import CheckFailure


class Fake(ResourceType):
    token = "aws:ssm/parameter:Parameter"
    modelled: ClassVar = frozenset({"dataType", "description", "name", "tags", "type", "value"})
    replaces: ClassVar = {"name": "this test"}
    delete_before_replace = True
    defaults: ClassVar = {"dataType": "text"}
    recomputed: ClassVar = {"version": frozenset({"value"})}
    secret_outputs: ClassVar = frozenset({"value"})

    def __init__(self) -> None:
        self.things: dict[str, Properties] = {}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        assert inputs["region"], "the wire fills in the region"
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        self._misbehave(inputs)
        resource_id = inputs["name"]
        self.things[resource_id] = {**inputs, "tags": provider.tags(inputs), "version": 1}
        if inputs.get("description") == "half-made":
            reasons = [f"its door is missing; the key is {inputs['value']}"]
            raise ResourceInitError(resource_id, {"version": 1}, reasons)
        return Created(resource_id, {"version": 1})

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        return self.things.get(resource_id)

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        self._misbehave(new)
        version = self.things.get(resource_id, {"version": 0})["version"] + 1
        self.things[resource_id] = {**new, "tags": provider.tags(new), "version": version}
        return {"version": version}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        self.things.pop(resource_id, None)

    @staticmethod
    def _misbehave(inputs: Properties) -> None:
        match inputs.get("description"):
            case "refused":
                raise ProviderError(f"creating {inputs['name']}: AccessDenied:\n not with {inputs['value']}")
            case "broken":
                raise KeyError(inputs["value"])
            case "slow":
                time.sleep(0.3)


class GetFake(Function):
    token = "aws:index/getRegion:getRegion"

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        if arguments.get("name") == "nowhere":
            raise ProviderError("no region nowhere")
        return {"name": arguments.get("name"), "missing": None}


class FakeAws(Aws):
    _fake = Fake()

    def resource_type(self, token: str) -> ResourceType:
        if token != Fake.token:
            raise NotModelledError(token)
        return self._fake

    def function(self, token: str) -> Function:
        if token != GetFake.token:
            raise NotModelledError(token)
        return GetFake()


if __name__ == "__main__":
    serve(FakeAws)
