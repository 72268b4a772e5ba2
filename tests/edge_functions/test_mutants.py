"""Each fault of the list is found by a case, which is named."""

from __future__ import annotations

import pytest

from strata.caching.edge_function import SOURCE
from tests.edge_functions.cases import cases
from tests.edge_functions.engines import in_njs, in_node
from tests.edge_functions.mutants import MUTANTS


def killers(results):
    """Return the names of the cases that are answered in another way than their files say."""
    return [case.name for case, result in zip(cases(), results, strict=True) if result != case.expected]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_faulty_function_is_found(mutant, njs, tmp_path, record_property):
    calls = [case.call for case in cases()]
    code = mutant.faulty_source()
    found = killers(in_node(code, calls, tmp_path)) or killers(in_njs(njs, code, calls, tmp_path))
    record_property("killers", found)
    print(f"{mutant.name}: {', '.join(found)}")  # noqa: T201 - names the killer with -rP
    assert found, f"no case finds a function that {mutant.name}: {mutant.why}"
    # A function that answers nothing right is broken, not faulty: it would say nothing about the cases.
    assert len(found) < len(calls)


def test_the_function_without_a_fault_survives(njs, tmp_path):
    calls = [case.call for case in cases()]
    code = SOURCE.read_text(encoding="utf-8")
    assert killers(in_node(code, calls, tmp_path)) + killers(in_njs(njs, code, calls, tmp_path)) == []


def test_the_list_is_long_enough_and_has_no_name_twice():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12
