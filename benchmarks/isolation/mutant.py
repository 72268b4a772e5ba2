"""What a fault is: one small change of a deployment or of our own code, and why it would be bad."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from benchmarks.isolation.deployment import DEFAULT_SETUP, Setup

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from local.edge.control_plane import Deployment
    from local.edge.model import Behavior

Part = Literal["function", "policies", "behaviors", "core", "middleware"]


def _unchanged(deployment: Deployment) -> Deployment:
    return deployment


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Args:
        name: what is wrong, as a slug.
        part: where.
        why: what goes wrong for whom.
        change: makes the faulty deployment out of a good one.
        patch: has our code faulty while it is open.
        setup: the deployment in which the fault matters.
    """

    name: str
    part: Part
    why: str
    change: Callable[[Deployment], Deployment] = _unchanged
    patch: Callable[[], AbstractContextManager[object]] = nullcontext
    setup: Setup = DEFAULT_SETUP


def with_behaviors(deployment: Deployment, behaviors: tuple[Behavior, ...]) -> Deployment:
    """Return a deployment with other behaviors."""
    return replace(deployment, distribution=replace(deployment.distribution, behaviors=behaviors))


def each(
    change: Callable[[Behavior], Behavior], only: Callable[[Behavior], bool]
) -> Callable[[Deployment], Deployment]:
    """Return what changes the behaviors of a deployment that it is about; one at least, or the fault is none."""

    def changed(deployment: Deployment) -> Deployment:
        behaviors = deployment.distribution.behaviors
        assert any(map(only, behaviors))
        return with_behaviors(deployment, tuple(change(one) if only(one) else one for one in behaviors))

    return changed
