"""What a case of the conformance test says of a resource type; the cases stand in ``cases_<service>.py``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.providers.resource import Properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.local.providers.plugin import Plugin, Resource


@dataclass
class World:
    """Where a case runs: one plugin process, an account of its own, and what was made there before.

    Args:
        plugin: the plugin under test, configured.
        client: ``client(service, region=None)``, a boto3 client of the same account (AWS only).
        database: the fixture `fresh_database` (PostgreSQL only).
        region: the provider's region (AWS only).
    """

    plugin: Plugin
    client: Callable[..., Any] | None = None
    database: Any = None
    region: str = ""
    made: list[Resource] = field(default_factory=list)
    _named: dict[str, Resource] = field(default_factory=dict)
    _unique: dict[str, str] = field(default_factory=dict)

    def create(self, token: str, inputs: Properties, name: str | None = None) -> Resource:
        """Return a prerequisite, made on the first call with this name (by default the token) and kept."""
        name = name or token.rpartition(":")[2]
        if name not in self._named:
            self._named[name] = self.plugin.create(token, inputs, name)
            self.made.append(self._named[name])
        return self._named[name]

    def unique(self, prefix: str) -> str:
        """Return ``<prefix>-<hex>``, the same for each call with this prefix in one case."""
        return self._unique.setdefault(prefix, f"{prefix}-{secrets.token_hex(4)}")

    def clean_up(self) -> None:
        """Delete the prerequisites, newest first."""
        while self.made:
            self.plugin.delete(self.made.pop())


Inputs = Properties | Callable[[World], Properties]


@dataclass(frozen=True)
class Case:
    """One resource type's life; every modelled input is updated, replaced, or excused in it.

    Args:
        token: the type.
        inputs: what to create it with; a function of the world where it needs prerequisites.
        updates: changes of top-level inputs in place, one after another, each over the inputs that the one before
            left; None removes an input. The keys are what each one covers.
        replacements: changes of top-level inputs of which each replaces the resource; every key of the type's
            `replaces` is covered by one. They are previewed, not made.
        excused: modelled top-level inputs that neither covers, each with the reason.
        unsteady: outputs that may differ between two reads, each with the reason.
        stays: why the thing is still there when the resource is deleted; empty where it is gone.
    """

    token: str
    inputs: Inputs
    updates: Sequence[Inputs] = ()
    replacements: Sequence[Inputs] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    unsteady: Mapping[str, str] = field(default_factory=dict)
    stays: str = ""

    def __str__(self) -> str:
        return self.token


def resolve(inputs: Inputs, world: World) -> Properties:
    """Return inputs, asked from the world where they are a function of it."""
    return inputs(world) if callable(inputs) else inputs


def changed(inputs: Properties, change: Properties) -> Properties:
    """Return inputs with a change over them; None removes."""
    return {key: value for key, value in {**inputs, **change}.items() if value is not None}
