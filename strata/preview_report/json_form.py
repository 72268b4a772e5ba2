"""The same facts as the comment's, for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from strata.preview_report.comment import marker
from strata.preview_report.tenants import sql_patterns
from strata.preview_report.verdict import verdict

if TYPE_CHECKING:
    from strata.preview_report.changes import Change
    from strata.preview_report.report import PreviewReport


def json_form(report: PreviewReport) -> dict[str, Any]:
    """Return the facts; of resources that stay as they are, only how many there are."""
    return {
        "environment": report.environment,
        "marker": marker(report.environment),
        "judgement": report.judgement,
        "verdict": verdict(report),
        "problems": list(report.problems),
        "gaps": list(report.gaps),
        "counts": dict(report.counts),
        "changes": [_change(change) for change in report.changes if change.operation != "same"],
        "tenants": [asdict(one) for one in report.tenants],
        "sql_patterns": [
            asdict(one) for fate in ("onboarded", "altered") for one in sql_patterns(report.tenants, fate)
        ],
        "migrations": [asdict(one) for one in report.migrations],
        "cache_contract": None if report.contract is None else [asdict(one) for one in report.contract],
        "cache_contract_warnings": list(report.contract_warnings),
        "refusals": asdict(report.refusals),
        "policies": asdict(report.policies),
        "warnings": [asdict(one) for one in report.warnings],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "operation": change.operation,
        "urn": change.urn,
        "name": change.name,
        "type": change.type,
        "differences": [asdict(one) for one in change.differences],
        "replaced_for": list(change.replaced_for),
        "is_kept": change.is_kept,
        "holds_data": change.holds_data,
    }
