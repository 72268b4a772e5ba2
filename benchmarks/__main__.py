"""Measure what the project promises about its speed: ``python -m benchmarks [name ...]``, all by default.

Prints every sample, records the results and makes docs/benchmarks.md anew. A run with options of its own is a try:
it prints its figures and records nothing.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks import report, result
from benchmarks.goals import GOALS, Goal
from benchmarks.options import WINDOW_SECONDS, Options
from benchmarks.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named and return the exit code: 0 when every goal is met, 1 otherwise, 2 for usage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [goal.name for goal in GOALS]
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(names)}; default: all")
    parser.add_argument("--tenants", type=int, help="tenants of the stack (default: the benchmark's own)")
    parser.add_argument("--rows", type=int, help="of the tenant that is measured (default: the benchmark's own)")
    parser.add_argument("--repeats", type=int, help="samples of each side (default: the benchmark's own)")
    parser.add_argument("--window-seconds", type=float, default=WINDOW_SECONDS, help="of traffic (default %(default)s)")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(names))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; allowed: {', '.join(names)}")
    options = Options(chosen.tenants, chosen.rows, chosen.repeats, chosen.window_seconds)
    met = [_run(goal, options) for goal in GOALS if goal.name in (chosen.names or names)]
    return 0 if all(met) else 1


def _run(goal: Goal, options: Options) -> bool:
    print(f"{goal.name}: {goal.question}", flush=True)
    machine = result.machine()
    module = import_module(f"benchmarks.{goal.name}")
    comparisons = module.measure(options)
    if options.is_recorded:
        Result(goal.name, result.today(), goal.command, machine, result.versions(), comparisons).save()
        report.write_page()
        if hasattr(module, "write_page"):
            module.write_page()  # some have a page of their own
    for comparison in comparisons:
        for side in comparison.sides:
            name, unit, count, least, middle, most = report.spread(side, comparison.unit)
            print(f"  {name}: min {least}, median {middle}, max {most} {unit} ({count} samples)")
        pairs = report.spread_of_pairs(comparison)
        beside = f" (pairs: {pairs})" if pairs else ""
        print(f"  {comparison.name}: {comparison.kind} {report.amount(comparison, comparison.figure)}{beside}")
    met = goal.is_met_by(comparisons[0])
    print(f"  {'met' if met else 'MISSED'}: {goal.direction} {report.amount(comparisons[0], goal.bound)}", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(main())
