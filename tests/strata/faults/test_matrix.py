"""Each operation of a tenant's life, in both layouts, struck by each kind of fault at each of its points.

A plain run strikes at a sample; ``--faults=all`` at every point there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.strata.faults.faults import FAULTS, Fault
from tests.strata.faults.operations import OPERATIONS, Operation
from tests.strata.faults.page import PAGE, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from strata.partitions.layout import Layout
    from tests.strata.faults.matrix import Matrix
    from tests.strata.faults.world import World

#: Points of one test in a plain run.
SAMPLE = 3

pytestmark = pytest.mark.timeout(3600)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_converges_whatever_strikes(
    matrix: Matrix, world: World, operation: Operation, fault: Fault, chosen: Callable[[list, int], list]
) -> None:
    key = (operation.name, world.layout, fault.name)
    failures = []
    for number, label in chosen(matrix.points_of(operation, world, fault), SAMPLE):
        matrix.struck[key] += 1
        try:
            matrix.strike(operation, world, fault, number)
        except Exception as error:  # noqa: BLE001 - whatever comes out at this point is told with it, and the next is tried
            matrix.failed[key] += 1
            failures.append(f"at point {number}, {label}: {type(error).__name__}: {error}")
    assert not failures, "\n".join(failures)


def test_the_page_has_these_points(
    matrix: Matrix, open_world: Callable[[Layout], World], pytestconfig: pytest.Config
) -> None:
    """Whoever changes what an operation does has the page written again, and strikes at every point."""
    page = render(matrix.counts(open_world))
    if pytestconfig.getoption("--faults-page", default=False):
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "next: pytest tests/strata/faults --faults=all --faults-page"
