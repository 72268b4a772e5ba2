"""What a resource type of a stand-in provider is: a small class with check, create, read, update and delete.

The wire (`local.providers.wire`) turns the engine's calls into these methods and owns everything that is the
same for every type: property maps, unknowns, secrets, names made by the provider, names and nesting checked
against the installed SDK, the diff with its replacements, and half-made resources.
A resource type sees plain dictionaries with camelCase keys, as the SDK sends them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Properties = dict[str, Any]


class Unknown:
    """A value that only exists after the deployment; it appears in `check` alone, never in `create` or `update`."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class CheckFailure:
    """A refused property: where (a path such as ``defaultCacheBehavior.minTtl``) and the rule it breaks."""

    property: str
    reason: str


@dataclass(frozen=True)
class Autoname:
    """The property that the provider names when the program does not, as ``<logical name>-<7 hex digits>``.

    Args:
        property: camelCase name of the property.
        max_length: the longest name the service takes, in characters.
        lower: whether the service takes lower case only.
    """

    property: str
    max_length: int
    lower: bool = False


@dataclass(frozen=True)
class Created:
    """A resource that now exists: its id and its outputs, to which the wire adds the inputs not named there."""

    id: str
    outputs: Properties = field(default_factory=dict)


class ResourceInitError(Exception):
    """The resource exists, but not as it should: the engine records it and the next update mends it."""

    def __init__(self, resource_id: str, outputs: Properties, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.resource_id = resource_id
        self.outputs = outputs
        self.reasons = reasons


class ProviderError(Exception):
    """A call that failed; the message names the resource and the service's own words, and holds no secret."""


@contextmanager
def finishing(resource_id: str, outputs: Properties | None = None) -> Iterator[None]:
    """Turn a failure of the steps after the resource came into being into `ResourceInitError`, so that it is not lost.

    Args:
        resource_id: id of what exists already.
        outputs: what is known of it.
    """
    try:
        yield
    except ProviderError as error:
        raise ResourceInitError(resource_id, outputs or {}, [str(error)]) from error


class ResourceType:
    """One resource type; subclasses fill the class variables and the methods.

    The provider that owns the process is passed to every method: for AWS it is `local.providers.aws.provider.Aws`
    (`client(service, region=None)`, `region`, `account_id`, `tags(inputs)`), for PostgreSQL
    `local.providers.postgresql.provider.PostgreSQL` (`connect(database=None)`).
    """

    #: Pulumi type token, for example ``aws:s3/bucket:Bucket``.
    token: ClassVar[str]
    #: Modelled input properties as dotted paths without list indexes, for example
    #: ``origins.customOriginConfig.httpPort``; a path ending in ``.*`` takes whatever the SDK's type has below it.
    #: What the SDK knows and this set does not is refused as "not modelled by the local provider".
    modelled: ClassVar[frozenset[str]]
    #: Properties whose change replaces the resource, each with the source of the rule.
    replaces: ClassVar[Mapping[str, str]] = {}
    #: Whether a replacement deletes the old resource first (a name that cannot exist twice).
    delete_before_replace: ClassVar[bool] = False
    #: The property the provider names when the program does not.
    autoname: ClassVar[Autoname | None] = None
    #: Values that the service fills in when the program leaves a property out (top-level, camelCase).
    defaults: ClassVar[Mapping[str, Any]] = {}
    #: Optional inputs whose value the service chooses when the program leaves them out (top-level): leaving one out
    #: later keeps what is there and is no difference.
    computed: ClassVar[frozenset[str]] = frozenset()
    #: Lists whose order has no meaning, as dotted paths without indexes.
    unordered: ClassVar[frozenset[str]] = frozenset()
    #: Outputs whose value a change of the named inputs makes unknown in a preview.
    recomputed: ClassVar[Mapping[str, frozenset[str]]] = {}
    #: Outputs that hold a secret.
    secret_outputs: ClassVar[frozenset[str]] = frozenset()

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return the rules of the service that the inputs break; values may be `UNKNOWN` at any depth."""
        del provider, inputs
        return []

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the resource.

        Raises:
            ResourceInitError: it was made, and a later step failed.
            ProviderError: it was not made.
        """
        raise NotImplementedError

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live outputs, in the shape of the inputs where an input is mirrored, or None when it is gone.

        The wire merges the answer over `state`; a mirrored input that the service dropped is answered as None.
        """
        raise NotImplementedError

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the resource in place from the old state to the new inputs and return the outputs that differ."""
        raise NotImplementedError

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the resource; one that is already gone is no error."""
        raise NotImplementedError


class Function:
    """One data source, for example ``aws:index/getCallerIdentity:getCallerIdentity``."""

    token: ClassVar[str]

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Answer the data source.

        Raises:
            ProviderError: nothing matches the arguments.
        """
        raise NotImplementedError
