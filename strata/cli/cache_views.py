"""How `strata cache` shows its answers to people; programs take ``--json``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from strata.cli.output import console, print_facts, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.caching.canary import Finding, Report
    from strata.caching.contract import BehaviorContract, CacheContract
    from strata.caching.explain import Explanation, Reason

_VERDICTS = {
    "isolated": "isolated: each caller saw only their own answers",
    "inconclusive": "inconclusive: these answers prove nothing",
    "leak": "LEAK: stop caching this path now, docs/runbooks/leaked-answer.md",
}


def show_explanation(explanation: Explanation) -> None:
    """Print an explanation, the outcome first."""
    behavior = explanation.behavior
    _say(f"{explanation.method} {explanation.path}: {explanation.outcome}", bold=True)
    _facts("behavior", [(behavior.path_pattern, explanation.matched), ("class", behavior.cache_class)])
    _reasons("not these, tried before", explanation.not_matched)
    _reasons("cache key", explanation.key)
    _reasons("seen by the origin outside the key", explanation.outside_key)
    _reasons("does not reach the origin as sent", explanation.dropped)
    _reasons("times", explanation.times)
    _reasons("answered at the edge", explanation.edge_answers)
    _facts(
        "Cache-Control",
        [
            ("origin sends", behavior.origin_cache_control),
            ("viewer gets", behavior.viewer_cache_control or "what the origin sends"),
        ],
    )
    _facts("methods", [("pass", ", ".join(behavior.allowed_methods)), ("from the cache", _cached_methods(behavior))])


def show_contract(contract: CacheContract) -> None:
    """Print the contract: paths with the same rules under each other."""
    for _, group in groupby(contract.behaviors, key=lambda behavior: behavior.cache_class):
        behaviors = list(group)
        rules = behaviors[0]
        _say("\n".join(behavior.path_pattern for behavior in behaviors), bold=True)
        facts = [
            ("class", rules.cache_class),
            ("kept", f"{rules.fresh_seconds} s, at most {rules.max_ttl_seconds} s"),
            ("key", _names(rules.keyed_headers, rules.keyed_query_strings, rules.keyed_cookies)),
            ("outside the key", _names(rules.unkeyed_headers, rules.unkeyed_query_strings, rules.unkeyed_cookies)),
            ("methods", ", ".join(rules.allowed_methods)),
            ("origin sends", rules.origin_cache_control),
            ("viewer gets", rules.viewer_cache_control or "what the origin sends"),
        ]
        print_facts((f"  {name}", fact) for name, fact in facts)
        _say("")
    kept = {str(seconds) for seconds in contract.error_ttl_seconds.values()}
    statuses = ", ".join(str(status) for status in contract.error_ttl_seconds)
    _say(f"errors ({statuses}) are kept for {' or '.join(sorted(kept))} s")


def show_report(report: Report) -> None:
    """Print what the canary saw, path by path and answer by answer, and what that proves."""
    for path, observations in groupby(report.observations, key=lambda seen: seen.path):
        _say(path, bold=True)
        print_table(
            ("turn", "asked by", "forged header", "status", "X-Cache", "Age", "body"),
            [
                (
                    seen.turn,
                    seen.identity or "nobody",
                    seen.forged or "",
                    seen.status,
                    _without_provider(seen.x_cache),
                    seen.age_seconds,
                    "no data" if seen.holds_no_data else seen.body_digest[:8],
                )
                for seen in observations
            ],
        )
    _findings(report.leaks)
    _findings(report.open_questions)
    _say(_VERDICTS[report.verdict], bold=True)


def _without_provider(x_cache: str | None) -> str | None:
    return x_cache and x_cache.removesuffix(" from cloudfront").removesuffix("Response")


def _findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        _say(f"{finding.path}: {finding.what}")


def _names(headers: tuple[str, ...], query_strings: tuple[str, ...], cookies: tuple[str, ...]) -> str:
    if "*" in headers:
        return "everything but Host"
    names = [*headers, *(f"?{name}" for name in query_strings), *(f"cookie {name}" for name in cookies)]
    return ", ".join(names) or "nothing"


def _cached_methods(behavior: BehaviorContract) -> str:
    return ", ".join(behavior.cached_methods) if behavior.is_cached else "none"


def _reasons(title: str, reasons: Iterable[Reason]) -> None:
    _facts(title, [(reason.name, reason.why) for reason in reasons])


def _facts(title: str, facts: list[tuple[str, object]]) -> None:
    if facts:
        _say(title)
    print_facts((f"  {name}", fact) for name, fact in facts)


def _say(text: str, *, bold: bool = False) -> None:
    console().print(text, style="bold" if bold else None, soft_wrap=True)
