"""What to make of a preview: never more than the stream can vouch for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies

from strata.engine_contract import TENANT_TYPE
from strata.preview_report.contract_change import ContractChange, contract_warning
from strata.preview_report.reading import read_events
from strata.preview_report.report import Judgement, PreviewReport, make_report
from strata.preview_report.verdict import opening, verdict
from tests.strata.preview_report import streams
from tests.strata.preview_report.recorded import NAMES, lines_of

LOOSER = ContractChange(("/a",), "keyed headers", "x", "nothing", "fewer answers are told apart")
STRICTER = ContractChange(("/a",), "keyed headers", "nothing", "x", None)
TENANT = {"tenant_id": "acme", "state": "active", "on_remove": "archive", "statements": {"payments": ["SELECT 1;"]}}
LEAVING = {**TENANT, "state": "offboarding"}


def report(*lines: str, contract: tuple[ContractChange, ...] | None = None, code: int | None = 0) -> PreviewReport:
    return make_report(read_events(lines), "dev", contract, code)


CREATED = (streams.same(), streams.step("create", "a", new={}), streams.summary(same=1, create=1))


@pytest.mark.parametrize(
    ("lines", "judgement", "says"),
    [
        ((streams.same(), streams.summary(same=1)), "unchanged", "1 resource stays as it is"),
        (CREATED, "routine", "1 resource created, nothing replaced or deleted, 0 refusals"),
        (
            (streams.step("create", "tenant-acme", TENANT_TYPE, new=TENANT), streams.summary(create=1)),
            "routine",
            "1 tenant onboarded, nothing replaced or deleted, 0 refusals",
        ),
        (
            (streams.step("update", "tenant-acme", TENANT_TYPE, old=TENANT, new=LEAVING), streams.summary(update=1)),
            "attention",
            "1 tenant starting to leave, nothing replaced or deleted, 0 refusals",
        ),
        (
            (streams.step("delete", "tenant-acme", TENANT_TYPE, old=LEAVING), streams.summary(delete=1)),
            "attention",
            "1 tenant archived and removed, nothing else replaced or deleted, 0 refusals",
        ),
        (
            (
                streams.step("create-replacement", "a", old={"b": 1}, new={"b": 2}, keys=["b"]),
                streams.step("replace", "a", old={"b": 1}, new={"b": 2}, keys=["b"]),
                streams.step("delete-replaced", "a", old={"b": 1}),
                streams.summary(replace=1),
            ),
            "attention",
            "**1 resource replaced**, 0 refusals",
        ),
        ((streams.step("delete", "a", old={}), streams.summary(delete=1)), "attention", "**1 resource deleted**"),
        (
            (*CREATED[:2], streams.error("boom"), streams.summary("failed", same=1)),
            "refused",
            "**1 error**, 1 resource",
        ),
        (
            (*CREATED[:2], streams.violation("tls", "mandatory", "no", ""), streams.summary("failed", same=1)),
            "refused",
            "**1 policy is broken**",
        ),
        ((*CREATED[:2], streams.violation("tls", "advisory", "no", ""), CREATED[2]), "routine", "0 refusals"),
    ],
)
def test_judgement_and_verdict(lines: tuple[str, ...], judgement: Judgement, says: str) -> None:
    found = report(*lines, code=None)
    assert (found.judgement, found.gaps) == (judgement, ())
    assert says in verdict(found)
    assert opening(found)


@pytest.mark.parametrize(
    ("lines", "code", "problem"),
    [
        ((), 1, "there is no summary; the engine ended with exit code 1"),
        (CREATED[:2], None, "the engine's events break off: there is no summary"),
        ((*CREATED[:2], '{"summaryEvent": {"resu'), 0, "there is no summary; the engine ended with exit code 0"),
        ((*CREATED[:2], streams.summary("failed", same=1)), 1, "the engine says failed, and not why"),
        ((*CREATED[:2], streams.summary("canceled", same=1)), None, "the engine says canceled, and not why"),
        (CREATED, 255, "the engine says succeeded, and ended with exit code 255"),
        ((*CREATED[:2], streams.error("boom"), CREATED[2]), 0, "the engine says succeeded, and errors as well"),
        ((streams.summary(),), 0, "the events name no resource"),
    ],
)
def test_a_broken_stream_is_never_fine(lines: tuple[str, ...], code: int | None, problem: str) -> None:
    found = report(*lines, code=code)
    assert found.judgement == "broken"
    assert found.is_refused
    assert any(problem in one for one in found.problems)


@pytest.mark.parametrize(
    ("line", "gap"),
    [
        (streams.line("quantumEvent", {}), "1 events of the unknown kind quantumEvent"),
        ("no event", "1 lines that hold no event"),
        (streams.step("create", "b", new={}), "the engine counts 1 to create, its events show 2"),
        (streams.step("teleport", "b", new={}), ""),
    ],
)
def test_what_a_report_does_not_know_asks_for_attention(line: str, gap: str) -> None:
    found = report(*CREATED[:2], line, CREATED[2])
    assert found.judgement == "attention"
    assert gap in " ".join(found.gaps)


def test_events_of_another_stack_are_not_believed() -> None:
    found = make_report(read_events(CREATED), "prod")
    assert (found.judgement, found.problems) == ("broken", ("the events are of the stack dev",))


def test_what_a_program_writes_to_stderr_is_a_warning() -> None:
    said = (streams.diagnostic("info#err", "deprecated"), streams.diagnostic("info", "hello"))
    assert [one.message for one in report(*CREATED, *said).warnings] == ["deprecated"]


def test_the_contract_decides_too() -> None:
    unchanged = (streams.same(), streams.summary(same=1))
    assert report(*unchanged, contract=()).judgement == "unchanged"
    assert report(*unchanged, contract=(STRICTER,)).judgement == "routine"
    assert report(*unchanged, contract=(LOOSER,)).judgement == "attention"
    assert "the cache contract changes" in verdict(report(*unchanged, contract=(STRICTER,)))


def test_the_programs_warning_about_the_contract_is_no_ordinary_warning() -> None:
    lines = (streams.same(), streams.warning(contract_warning(["a: b"])), streams.warning("c"), streams.summary(same=1))
    found = report(*lines)
    assert found.contract_warnings == ("a: b",)
    assert [one.message for one in found.warnings] == ["c"]
    assert found.judgement == "attention"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=strategies.data())
def test_a_recorded_stream_that_breaks_off_is_never_fine(name: str, data: strategies.DataObject) -> None:
    """Cut anywhere before the end of its summary, a real stream is reported as broken."""
    lines = lines_of(name)
    text = "".join(lines)
    end = text.index('"summaryEvent"')
    cut = text[: data.draw(strategies.integers(0, end))].splitlines()
    assert make_report(read_events(cut), "local", None, 0).judgement == "broken"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=strategies.data())
def test_a_recorded_stream_with_garbled_lines_is_never_routine(name: str, data: strategies.DataObject) -> None:
    """With some of its lines cut short, a real stream asks for attention, whatever is left of it says."""
    lines = lines_of(name)
    lost = data.draw(strategies.sets(strategies.integers(0, len(lines) - 1), min_size=1, max_size=5))
    garbled = [line if index not in lost else line[: len(line) // 2] for index, line in enumerate(lines)]
    assert make_report(read_events(garbled), "local").judgement not in ("routine", "unchanged")
