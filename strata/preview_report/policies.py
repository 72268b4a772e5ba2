"""What the policy pack found, and that it ran at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.preview_report.events import name_of

if TYPE_CHECKING:
    from strata.preview_report.events import EventStream

#: Enforcement levels in the order in which a reviewer needs them.
_LEVELS: Final = ("mandatory", "remediate", "advisory", "warning")


@dataclass(frozen=True)
class PolicyResult:
    """A policy that is broken, with a message and the resources that it is true of.

    Args:
        level: ``mandatory`` refuses the change.
    """

    policy: str
    pack: str
    level: str
    message: str
    resources: tuple[str, ...]

    @property
    def is_mandatory(self) -> bool:
        """Whether it refuses the change."""
        return self.level == "mandatory"


@dataclass(frozen=True)
class Policies:
    """What ran, and what was found.

    Args:
        packs: that ran.
        checked: how many different policies looked at something.
        results: mandatory ones first.
    """

    packs: tuple[str, ...]
    checked: int
    results: tuple[PolicyResult, ...]

    @property
    def mandatory(self) -> tuple[PolicyResult, ...]:
        """Those that refuse the change."""
        return tuple(one for one in self.results if one.is_mandatory)

    @property
    def advisory(self) -> tuple[PolicyResult, ...]:
        """All others."""
        return tuple(one for one in self.results if not one.is_mandatory)


def policies(stream: EventStream) -> Policies:
    """Return what the packs found, once per policy and message."""
    resources: dict[tuple[str, str, str, str], list[str]] = {}
    for one in stream.violations:
        key = (one.policy, one.pack, one.level, one.message.strip())
        resources.setdefault(key, []).append(name_of(one.urn))
    results = [PolicyResult(*key, tuple(sorted(set(names)))) for key, names in resources.items()]
    packs = {run.pack for run in stream.policy_runs} | {one.pack for one in stream.violations}
    packs |= stream.summary.policy_packs if stream.summary else frozenset()
    names = {(run.pack, policy) for run in stream.policy_runs for policy in run.policies}
    return Policies(tuple(sorted(packs)), len(names), tuple(sorted(results, key=_rank)))


def _rank(result: PolicyResult) -> tuple[int, str, str]:
    level = _LEVELS.index(result.level) if result.level in _LEVELS else len(_LEVELS)
    return level, result.policy, result.message
