"""Planned resources as the rules see them: plain values, with what no preview can know marked as unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from pulumi_policy.proxy import UnknownValueError

if TYPE_CHECKING:
    from pulumi_policy import PolicyProviderResource, PolicyResourceOptions


class Unknown(Enum):
    """A value that is only known once the resource is there."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


class Arguments(Protocol):
    """What the engine says about a resource, alone or in its stack: both of the pack's SDK's classes have it."""

    resource_type: str
    props: Mapping[str, Any]
    urn: str
    name: str
    opts: PolicyResourceOptions
    provider: PolicyProviderResource | None


@dataclass(frozen=True)
class PlannedResource:
    """One resource of the plan.

    Args:
        type: its type token, for example ``aws:rds/instance:Instance``.
        name: its logical name.
        urn: what the engine calls it.
        properties: what it is to be, in camelCase; a value that nobody knows yet is `UNKNOWN`.
        protect: whether the engine refuses to delete it.
        provider: the inputs of its provider; None where it has none.
        sources: by property, the URNs of the resources that its value comes from; known in a stack's checks only.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    protect: bool
    provider: Mapping[str, Any] | None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: Arguments) -> PlannedResource:
        """Return the resource that the engine asks about."""
        return cls(
            type=arguments.resource_type,
            name=arguments.name,
            urn=arguments.urn,
            properties=_plain(arguments.props),
            protect=arguments.opts.protect,
            provider=_plain(arguments.provider.props) if arguments.provider else None,
            sources={
                key: tuple(source.urn for source in sources)
                for key, sources in getattr(arguments, "property_dependencies", {}).items()
            },
        )

    @property
    def stack(self) -> str:
        """Return the name of its stack, which its URN begins with; the SDK of policy packs is not told it."""
        return self.urn.split(":")[2]

    @property
    def id(self) -> Any:
        """Return its id on AWS, which its ARN ends with; None while it is unknown."""
        arn = self.get("arn")
        return self.get("id") or (arn.rpartition("/")[2] if isinstance(arn, str) else None)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a property; one that is null is as good as missing."""
        value = self.properties.get(key)
        return default if value is None else value

    def differs(self, key: str, wanted: bool) -> bool:
        """Whether a property is known and is not as wanted; a missing one is not. An unknown one is for the update."""
        value = self.get(key)
        return value is not UNKNOWN and value is not wanted

    def blocks(self, key: str) -> Sequence[Mapping[str, Any]]:
        """Return a property's blocks: a list of them, the only one, or none; those that are unknown are left out."""
        value = self.get(key, [])
        found = value if isinstance(value, list) else [value]
        return [block for block in found if isinstance(block, Mapping)]

    def statements(self, key: str) -> Sequence[Mapping[str, Any]]:
        """Return the statements of a property that is an IAM policy; none while it is unknown."""
        value = self.get(key)
        document = json.loads(value) if isinstance(value, str) else value
        found = document.get("Statement", []) if isinstance(document, Mapping) else []
        return [found] if isinstance(found, Mapping) else list(found)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text among the properties with its path, such as ``origins[0].domainName``."""
        yield from _texts("", self.properties)


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(f"{path}[{index}]", item)


def _plain(value: Any) -> Any:
    """Return a value without the SDK's guards, which would end a whole rule at the first unknown value."""
    if isinstance(value, Mapping):
        return {key: _guarded(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_guarded(value, index) for index in range(len(value))]
    return value


def _guarded(container: Any, key: Any) -> Any:
    try:
        return _plain(container[key])
    except UnknownValueError:
        return UNKNOWN
