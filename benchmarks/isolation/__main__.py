"""Repeat a run with ``--seed S --requests N``, or try the faults: ``python -m benchmarks.isolation``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace

from benchmarks.isolation import page
from benchmarks.isolation.deployment import DEFAULT_SETUP, deployment_of
from benchmarks.isolation.kills import write_kills
from benchmarks.isolation.mutants import MUTANTS
from benchmarks.isolation.proof import SEED, proof, prove_all


def main() -> int:
    """Return 0 when no rule was violated and no fault survived, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of the run (default %(default)s)")
    parser.add_argument("--requests", type=int, help="run so many, on the distribution of the current contract")
    parser.add_argument("--without-aliases", action="store_true", help="as the stack of the recorded run has none")
    parser.add_argument("--mutant", action="append", choices=[one.name for one in MUTANTS], help="try this fault only")
    parser.add_argument("--write", action="store_true", help="record the faults, and write their page anew")
    chosen = parser.parse_args()
    if chosen.requests is not None:
        setup = replace(DEFAULT_SETUP, aliases=()) if chosen.without_aliases else DEFAULT_SETUP
        report = asyncio.run(proof(deployment_of(setup), chosen.seed, chosen.requests))
        print(*report.violations[:20], sep="\n")
        print(f"{report.requests:,} requests of {report.callers:,} callers, {len(report.violations)} violations")
        return 1 if report.violations else 0
    found = asyncio.run(prove_all(chosen.mutant))
    for kill in found:
        print(f"{kill.name}: {kill.assertion} (request {kill.number})")
    if chosen.write and chosen.mutant is None:
        write_kills(found)
        page.write_page()
    return 1 if any(kill.rule is None for kill in found) else 0


if __name__ == "__main__":
    sys.exit(main())
