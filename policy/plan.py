"""Planned resources as the rules see them: plain values, with what no preview can know marked as unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from pulumi_policy.proxy import UnknownValueError

from strata.errors import StrataError

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
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    protect: bool
    provider: Mapping[str, Any] | None

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
        )

    def get(self, key: str, default: Any = None) -> Any:
        """Return a property; one that is null is as good as missing."""
        value = self.properties.get(key)
        return default if value is None else value

    def document(self, key: str) -> Mapping[str, Any] | Unknown:
        """Return a property that is JSON, decoded.

        Raises:
            NotJsonError: it is not.
        """
        value = self.get(key, "{}")
        if isinstance(value, Unknown):
            return UNKNOWN
        try:
            return dict(json.loads(value)) if isinstance(value, str) else dict(value)
        except ValueError:
            raise NotJsonError(self, key) from None


class NotJsonError(StrataError):
    """A document that AWS would refuse."""

    def __init__(self, resource: PlannedResource, key: str) -> None:
        super().__init__(
            "a property that holds a document is not JSON",
            where={"resource": resource.urn, "property": key},
            next_command="correct the component that makes it, then pulumi preview",
        )


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
