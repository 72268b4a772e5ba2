"""Time that passes when it is told to, so that no test waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from strata.caching.purge import run


@dataclass
class Clock:
    """Stands in for the module `time`."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(run, "time", clock)
    return clock
