"""Every fault is found, by the rule and at the request that are recorded."""

from __future__ import annotations

import asyncio
from collections import Counter

from benchmarks.isolation.kills import read_kills
from benchmarks.isolation.mutants import MUTANTS
from benchmarks.isolation.mutants_of_function import HELD_ELSEWHERE
from benchmarks.isolation.page import COMMAND
from benchmarks.isolation.proof import prove_all
from tests.edge_functions import mutants
from tests.edge_functions.cases import cases


def test_every_fault_is_found_as_recorded():
    found = asyncio.run(prove_all())
    assert [one.name for one in found if one.rule is None] == []
    assert found == read_kills(), f"renew it: {COMMAND} --write"


def test_there_are_enough_faults_of_every_part():
    parts = Counter(one.part for one in MUTANTS)
    assert parts.keys() == {"function", "policies", "behaviors", "core", "middleware"}
    assert min(parts.values()) >= 5
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) >= 70


def test_faults_that_no_run_shows_have_a_case_that_does():
    known = {case.name for case in cases()}
    assert HELD_ELSEWHERE.keys() <= {one.name for one in mutants.MUTANTS}
    assert {case for _, case in HELD_ELSEWHERE.values()} <= known
