"""Policy results, once per policy and message, the ones that refuse first."""

from __future__ import annotations

from strata.preview_report.policies import PolicyResult, policies
from strata.preview_report.reading import read_events
from tests.strata.preview_report import streams

A, B = streams.urn("a"), streams.urn("b")


def run(*passed: str, failed: tuple[str, ...] = ()) -> str:
    facts = {"policyPackName": "strata", "passed": list(passed), "failed": list(failed)}
    return streams.line("policyAnalyzeSummaryEvent", facts)


def test_results_are_grouped_and_ordered() -> None:
    found = policies(
        read_events(
            [
                streams.violation("tags", "advisory", "tags: no owner", A),
                streams.violation("tls", "mandatory", "no TLS", A),
                streams.violation("tls", "mandatory", "no TLS", B),
                streams.violation("odd", "novel", "?", B),
            ]
        )
    )
    assert found.results == (
        PolicyResult("tls", "strata", "mandatory", "no TLS", ("a", "b")),
        PolicyResult("tags", "strata", "advisory", "tags: no owner", ("a",)),
        PolicyResult("odd", "strata", "novel", "?", ("b",)),
    )
    assert [one.policy for one in found.mandatory] == ["tls"]
    assert [one.policy for one in found.advisory] == ["tags", "odd"]


def test_policies_that_found_nothing_count_too() -> None:
    found = policies(read_events([run("a", "b"), run("b", failed=("c",))]))
    assert (found.packs, found.checked, found.results) == (("strata",), 3, ())


def test_no_pack_is_said_as_none() -> None:
    assert policies(read_events([streams.summary(same=1)])).packs == ()


def test_a_pack_is_named_without_its_path() -> None:
    line = streams.line(
        "summaryEvent",
        {"result": "succeeded", "resourceChanges": {}, "PolicyPacks": {"strata|local|/home/me/policy": "1"}},
    )
    assert policies(read_events([line])).packs == ("strata",)


def test_a_remediation_is_a_result() -> None:
    line = streams.line("policyRemediationEvent", {"policyName": "tags", "policyPackName": "strata", "resourceUrn": A})
    (result,) = policies(read_events([line])).results
    assert (result.level, result.resources) == ("remediate", ("a",))
