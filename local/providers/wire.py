"""The engine's provider contract: its calls turned into the methods of resource types.

See proto/pulumi/provider.proto of Pulumi for the contract. Secrets, resources and outputs are declined in the
handshake, so plain values arrive and the engine marks what was secret again by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # protobuf ships no types

from local.providers import paths
from local.providers.autoname import named
from local.providers.difference import Change, differences
from local.providers.failures import token_of, told
from local.providers.mirror import live_inputs
from local.providers.properties import decode, encode
from local.providers.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from local.providers.resource import UNKNOWN, CheckFailure, ResourceInitError, finishing
from local.providers.validation import Validation

if TYPE_CHECKING:
    import grpc  # type: ignore[import-untyped]  # grpcio ships no types

    from local.providers.provider import Provider
    from local.providers.resource import Properties, ResourceType
    from local.providers.sdk import ResourceSchema

_DIFF_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @told
    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's name
        """Say what this side understands."""
        del request, context
        return provider_pb2.ProviderHandshakeResponse()

    @told
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say which version this is: that of the installed SDK."""
        del request, context
        return plugin_pb2.PluginInfo(version=self.provider.sdk.version)

    @told
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse a provider configuration that breaks a rule."""
        del context
        failures = self.provider.check_config(decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    @told
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Never replace a provider: what a changed configuration means is found resource by resource."""
        del context
        old, new = decode(request.old_inputs), decode(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return provider_pb2.DiffResponse(changes=_changes(bool(changed)), diffs=changed)

    @told
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take the configuration."""
        del context
        self.provider.configure(decode(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @told
    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer the smallest schema: programs bring their own in the SDK."""
        del request, context
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name": "{self.provider.name}", "version": "{self.provider.sdk.version}"}}'
        )

    @told
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Name what the program left to the provider and refuse what the SDK or the service would refuse."""
        del context
        resource_type, schema = self._resource(request.urn)
        inputs = named(resource_type, request.urn, request.randomSeed, decode(request.olds), decode(request.news))
        modelled = resource_type.modelled | self.provider.common_inputs
        failures = Validation(self.provider.sdk, resource_type.token, modelled).failures(schema.inputs, inputs)
        failures = failures or resource_type.check(self.provider, self.provider.effective_inputs(inputs))
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(failures))

    @told
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Say what changes, and whether it replaces the resource."""
        del context
        resource_type, schema = self._resource(request.urn)
        new = decode(request.news)
        changes = differences(resource_type, self._own(decode(request.old_inputs)), self._own(new))
        changes += self._derived_changes(schema, decode(request.olds), new)
        changes = [change for change in changes if not _is_ignored(change, request.ignoreChanges)]
        replaces = [paths.written(change.path) for change in changes if change.replaces]
        return provider_pb2.DiffResponse(
            changes=_changes(bool(changes)),
            diffs=[paths.written(change.path) for change in changes],
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and resource_type.delete_before_replace,
            detailedDiff={
                paths.written(change.path): provider_pb2.PropertyDiff(
                    kind=_DIFF_KINDS[change.kind, change.replaces], inputDiff=change.path[0] in new
                )
                for change in changes
            },
            hasDetailedDiff=True,
        )

    @told
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Make the resource, or in a preview say what is known of it."""
        del context
        resource_type, schema = self._resource(request.urn)
        inputs = decode(request.properties)
        known = {**resource_type.defaults, **inputs, **self.provider.derived_outputs(schema.outputs, inputs)}
        if request.preview:
            outputs = {**dict.fromkeys(schema.outputs - {"id"}, UNKNOWN), **known}
            return provider_pb2.CreateResponse(properties=encode(outputs, resource_type.secret_outputs))
        try:
            created = resource_type.create(self.provider, self.provider.effective_inputs(inputs))
        except ResourceInitError as error:
            error.outputs = {**known, **error.outputs}
            raise
        outputs = {**known, **created.outputs}
        outputs = self._settled(resource_type, created.id, outputs, inputs)
        return provider_pb2.CreateResponse(id=created.id, properties=encode(outputs, resource_type.secret_outputs))

    @told
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer what is really there, as outputs and as the inputs these stand for; an empty id when it is gone."""
        del context
        resource_type, schema = self._resource(request.urn)
        inputs, old = decode(request.inputs), decode(request.properties)
        state = {**self.provider.derived_outputs(schema.outputs, inputs), **old}
        live = resource_type.read(self.provider, request.id, state)
        if live is None:
            return provider_pb2.ReadResponse()
        live = self.provider.mirrored(live, inputs)
        names = frozenset(schema.inputs) - self.provider.common_inputs
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode({**state, **live}, resource_type.secret_outputs),
            inputs=encode(live_inputs(resource_type, names, inputs, old, live)),
        )

    @told
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Change the resource in place, or in a preview say what stays known of it."""
        del context
        resource_type, schema = self._resource(request.urn)
        old_inputs, state, new = decode(request.old_inputs), decode(request.olds), decode(request.news)
        kept = {key: value for key, value in state.items() if key in resource_type.computed or key not in old_inputs}
        derived = self.provider.derived_outputs(schema.outputs, new)
        outputs = {**kept, **resource_type.defaults, **new, **derived}
        if request.preview:
            outputs |= dict.fromkeys(_recomputed(resource_type, old_inputs, new), UNKNOWN)
            return provider_pb2.UpdateResponse(properties=encode(outputs, resource_type.secret_outputs))
        try:
            changed = resource_type.update(self.provider, request.id, state, self.provider.effective_inputs(new))
        except ResourceInitError as error:
            error.outputs = {**outputs, **error.outputs}
            raise
        outputs = self._settled(resource_type, request.id, {**outputs, **changed}, new)
        return provider_pb2.UpdateResponse(properties=encode(outputs, resource_type.secret_outputs))

    @told
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Delete the resource."""
        del context
        resource_type, schema = self._resource(request.urn)
        state = {**self.provider.derived_outputs(schema.outputs, {}), **decode(request.properties)}
        resource_type.delete(self.provider, request.id, state)
        return empty_pb2.Empty()

    @told
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer a data source."""
        del context
        function = self.provider.function(request.tok)
        arguments = decode(request.args)
        failures = Validation(self.provider.sdk, request.tok, None).failures(
            self.provider.sdk.function(request.tok), arguments
        )
        if failures:
            return provider_pb2.InvokeResponse(failures=_failures(failures))
        return provider_pb2.InvokeResponse(**{"return": encode(function.invoke(self.provider, arguments))})

    @told
    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Let running calls end: each of them is short, and half of one is worse than all of it."""
        del request, context
        return empty_pb2.Empty()

    def _resource(self, urn: str) -> tuple[ResourceType, ResourceSchema]:
        token = token_of(urn)
        schema = self.provider.sdk.resource(token)
        return self.provider.resource_type(token), schema

    def _settled(
        self, resource_type: ResourceType, resource_id: str, outputs: Properties, inputs: Properties
    ) -> Properties:
        """Return the outputs as the service answers them now, so that the next refresh finds no difference."""
        with finishing(resource_id, outputs):
            live = resource_type.read(self.provider, resource_id, outputs)
        if live is None:
            reason = f"{resource_type.token} {resource_id} was made and is not there"
            raise ResourceInitError(resource_id, outputs, [reason])
        return {**outputs, **self.provider.mirrored(live, inputs)}

    def _own(self, inputs: Properties) -> Properties:
        """Return the inputs that are the type's own; the provider's show in `_derived_changes`."""
        return {key: value for key, value in inputs.items() if key not in self.provider.common_inputs}

    def _derived_changes(self, schema: ResourceSchema, state: Properties, new: Properties) -> list[Change]:
        """Return what changes of the outputs that follow from inputs and the provider's configuration."""
        derived = self.provider.derived_outputs(schema.outputs, new)
        return [
            Change((key,), "update", key in self.provider.common_inputs)
            for key, value in derived.items()
            if key in state and state[key] != value
        ]


def _failures(failures: list[CheckFailure]) -> list[Any]:
    """Return failures without the property's field: the engine would print its value, even that of a secret."""
    return [provider_pb2.CheckFailure(reason=f"{failure.property}: {failure.reason}") for failure in failures]


def _changes(some: bool) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if some else provider_pb2.DiffResponse.DIFF_NONE


def _is_ignored(change: Change, ignored: list[str]) -> bool:
    return any(paths.under(paths.dotted(change.path), path) for path in ignored)


def _recomputed(resource_type: ResourceType, old: Properties, new: Properties) -> set[str]:
    changed = {change.path[0] for change in differences(resource_type, old, new)}
    return {output for output, causes in resource_type.recomputed.items() if causes & changed}
