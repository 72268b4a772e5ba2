"""What the edge counts."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.edge.values import value_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.messages import Decision


@dataclass(frozen=True)
class Statistics:
    """A snapshot of the counts since the edge was made.

    Args:
        requests: of viewers.
        result_types: requests by ``x-edge-result-type``.
        path_patterns: requests by the behavior that matched.
        origin_requests: sent to origins, attempts and background refreshes among them.
        origin_shield_hits: requests that the Origin Shield answered.
        collapsed: requests that waited for another one's answer and took it, at every cache.
        objects: kept now, at every cache.
        evictions: dropped because a cache was full.
        invalidated: dropped by invalidations.
    """

    requests: int
    result_types: Mapping[str, int]
    path_patterns: Mapping[str, int]
    origin_requests: int
    origin_shield_hits: int
    collapsed: int
    objects: int
    evictions: int
    invalidated: int


@value_type
class RecordedDecision:
    """A decision with the request it was about; without headers and query, which may hold secrets.

    Args:
        at: seconds since the epoch.
        method: upper case.
        host: as the viewer sent it.
        path: raw.
        status: of the answer.
        decision: with the key.
    """

    at: float
    method: str
    host: str
    path: str
    status: int
    decision: Decision


@dataclass(slots=True)
class Recorder:
    """Counts, and the last decisions."""

    remembered: int
    result_types: Counter[str] = field(default_factory=Counter)
    path_patterns: Counter[str] = field(default_factory=Counter)
    origin_shield_hits: int = 0
    invalidated: int = 0
    decisions: deque[RecordedDecision] = field(init=False)

    def __post_init__(self) -> None:
        self.decisions = deque(maxlen=self.remembered)

    def record(self, recorded: RecordedDecision) -> None:
        """Count a decision and remember it."""
        decision = recorded.decision
        self.result_types[decision.result_type] += 1
        self.path_patterns[decision.path_pattern] += 1
        self.origin_shield_hits += decision.origin_shield_hit
        self.decisions.append(recorded)
