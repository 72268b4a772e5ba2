"""What pages say in words of recorded runs is what the records say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from benchmarks import result
from benchmarks.goals import GOALS
from benchmarks.options import WINDOW_SECONDS
from benchmarks.report import amount
from local.paths import CHECKOUT

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison

DOCS: Final = CHECKOUT / "docs"
#: How much a sample in these units is of: the rows of the archived tenant, the lines of the made-up access logs.
AMOUNTS: Final = {"rows/s": 1_000_000, "lines/s": 2_000_000}


def recorded(name: str) -> tuple[Comparison, ...]:
    """Return the comparisons of a benchmark's recorded run."""
    found = result.load(name)
    assert found is not None
    return found.comparisons


def figure(name: str, number: int = 0) -> str:
    """Return a recorded figure as the page's table has it."""
    one = recorded(name)[number]
    return amount(one, one.figure)


def median(name: str, number: int = 0) -> float:
    """Return the median of what the project answers for."""
    return recorded(name)[number].measured.median


def baseline(name: str) -> float:
    """Return the median of what the project is held against."""
    side = recorded(name)[0].baseline
    assert side is not None
    return side.median


def worst_against_worst(name: str) -> float:
    """Return the worst wait of all windows with a change, minus the worst of all without one."""
    one = recorded(name)[0]
    assert one.baseline is not None
    return max(one.measured.samples) - max(one.baseline.samples)


def greatest(name: str) -> float:
    """Return the greatest difference of a pair."""
    return max(recorded(name)[0].pairs)


def seconds(name: str) -> float:
    """Return how long the samples of a benchmark took, as far as they are times or rates."""

    def of_sample(unit: str, sample: float) -> float:
        if name.endswith("_stall"):
            return WINDOW_SECONDS
        if unit in AMOUNTS:
            return AMOUNTS[unit] / sample
        return sample * {"s": 1, "ms": 1 / 1_000}.get(unit, 0)

    sides = [(one.unit, side) for one in recorded(name) for side in one.sides]
    return sum(of_sample(unit, sample) for unit, side in sides for sample in side.samples)


def milliseconds_of_a_tenant() -> float:
    """Return what each tenant beyond a thousand adds to a preview without changes."""
    return (median("ten_thousand", 3) - median("noop_preview")) / 9_000 * 1_000


QUOTES: Final = {
    "benchmarks.md": [
        f"The recorded samples alone took {sum(seconds(goal.name) for goal in GOALS) / 60:.0f} minutes",
        f"{seconds('ten_thousand') / 60:.0f} of them ten_thousand",
        f"The greatest of the five differences was {greatest('onboarding_stall'):.0f} ms",
        f"was {worst_against_worst('onboarding_stall'):.0f} ms above the worst of all without one",
        f"the greatest of the three differences was {greatest('offboarding_stall'):.0f} ms",
        f"and the worst wait of all was {worst_against_worst('offboarding_stall'):.0f} ms above",
        f"misses its goal with the files in memory, {figure('offboard_drop')} where 1/13 is 0.0769",
        f"On the disk it is {figure('offboard_drop', 1)}",
        f"a preview of 1,000 tenants without changes takes {median('noop_preview'):.0f} s",
        f"{median('ten_thousand', 1) / 60:.0f} minutes in the recorded run",
    ],
    "scaling.md": [
        f"A leaf beside 5,000 of its table costs {baseline('leaf_cpu'):.0f} ms of processor time",
        f"A leaf beside 5,000 of its table costs {median('leaf_cpu'):.0f} ms. What",
        f"{median('noop_preview'):.0f} s at 1,000 tenants, {median('ten_thousand', 3):.0f} s at 10,000",
        f"{milliseconds_of_a_tenant():.0f} ms for each tenant more",
        f"{median('bulk_onboarding'):.0f} s for 1,000 tenants, {median('ten_thousand', 1) / 60:.0f} minutes for 10,000",
        f"{figure('archive_throughput')} of the rows a second of `COPY` through gzip",
        f"{figure('archive_memory')} of memory",
    ],
    "runbooks/first-rollout.md": [
        f"1,000 tenants take {median('bulk_onboarding'):.0f} s in all",
    ],
    "adr/0001-partition-by-list-per-tenant.md": [
        f"takes {figure('offboard_drop')} of the time of DELETE and VACUUM with the server's files in memory",
        f"{figure('offboard_drop', 1)} on a disk",
        f"{figure('offboard_drop_wal')} of the WAL",
    ],
    "adr/0009-a-quick-program.md": [f"The same comparison is {figure('noop_preview')} "],
    "adr/0015-no-tenant-has-the-name-of-an-index.md": [
        f"Bulk onboarding takes {figure('bulk_onboarding')} of psql's time",
    ],
}


@pytest.mark.parametrize(("page", "words"), [(page, words) for page, quotes in QUOTES.items() for words in quotes])
def test_a_page_quotes_what_is_recorded(page: str, words: str) -> None:
    assert words in " ".join((DOCS / page).read_text(encoding="utf-8").split())
