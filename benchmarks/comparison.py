"""Two sides measured in turns, and the one figure that is made of them."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

#: `ratio` and `difference` are medians over the pairs, whose two samples are of one turn; `ratio of medians` is for
#: sides that were not measured in turns; `figure` is the median of one side, for what has no other side.
Kind = Literal["ratio", "ratio of medians", "difference", "figure"]
#: One measurement of one side, in the unit of its comparison.
Measure = Callable[[], float]


@dataclass(frozen=True)
class Side:
    """One side's measurements, in the order in which they were made.

    Args:
        name: what was measured, in words.
        samples: one or more, in the comparison's unit.
    """

    name: str
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the samples."""
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Comparison:
    """What was measured, against what.

    Args:
        name: what the comparison is about, in words.
        kind: how the figure is made.
        unit: of the samples, and of a difference or figure.
        measured: the side that the project answers for.
        baseline: the side that it is held against, sample by sample from the same turns unless the kind says otherwise;
            None for a figure.
    """

    name: str
    kind: Kind
    unit: str
    measured: Side
    baseline: Side | None = None

    @property
    def figure(self) -> float:
        """The median of the pairs' ratios or differences, the ratio of the medians, or the median of the only side."""
        if self.baseline is None:
            return self.measured.median
        if self.kind == "ratio of medians":
            return self.measured.median / self.baseline.median
        return statistics.median(self.pairs)

    @property
    def pairs(self) -> tuple[float, ...]:
        """The ratio or the difference of each turn; none where the sides were not measured in turns.

        A machine that slows during a run slows both samples of a turn, while the two medians may be of different turns.
        """
        if self.baseline is None or self.kind == "ratio of medians":
            return ()
        of_a_pair = operator.truediv if self.kind == "ratio" else operator.sub
        turns = zip(self.measured.samples, self.baseline.samples, strict=True)
        return tuple(of_a_pair(measured, baseline) for measured, baseline in turns)

    @property
    def is_ratio(self) -> bool:
        """Whether the figure has no unit."""
        return self.kind in ("ratio", "ratio of medians")

    @property
    def sides(self) -> tuple[Side, ...]:
        """What was measured, then what it is held against."""
        return (self.measured,) if self.baseline is None else (self.measured, self.baseline)


@dataclass(frozen=True)
class Named:
    """A side to be measured: its name in words, and one measurement of it."""

    name: str
    measure: Measure


def in_turns(name: str, kind: Kind, unit: str, measured: Named, baseline: Named, repeats: int) -> Comparison:
    """Measure both sides in turns, A B A B, so that what slows the machine for a while slows both alike.

    Args:
        name: of the comparison.
        kind: how its figure is made.
        unit: of its samples.
        measured: the side that the project answers for.
        baseline: the side that it is held against.
        repeats: samples of each side, after a warm-up that does not count.
    """
    samples: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats + 1):
        for side, kept in zip((measured, baseline), samples, strict=True):
            sample = side.measure()
            if turn > 0:
                kept.append(sample)
            print(f"  {turn or 'warm-up'}: {side.name}: {sample:.4g} {unit}", flush=True)
    return Comparison(name, kind, unit, Side(measured.name, tuple(samples[0])), Side(baseline.name, tuple(samples[1])))
