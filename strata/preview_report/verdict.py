"""The one line that a reviewer reads first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.preview_report.markdown import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.preview_report.changes import Change, Operation
    from strata.preview_report.report import Judgement, PreviewReport
    from strata.preview_report.tenants import Fate

_OPENING: Final[Mapping[Judgement, str]] = {
    "broken": "The preview is not complete, do not merge on it",
    "refused": "Refused, this cannot be deployed",
    "attention": "Look closely",
    "routine": "Routine",
    "unchanged": "Nothing to deploy",
}
_FATES: Final[Mapping[Fate, str]] = {
    "onboarded": "onboarded",
    "offboarding": "starting to leave",
    "kept": "staying after all",
    "archived": "archived and removed",
    "dropped": "dropped with every row",
    "removed": "removed while active",
    "altered": "altered",
    "replaced": "replaced",
}
_OPERATIONS: Final[Mapping[Operation, str]] = {
    "replace": "replaced",
    "delete": "deleted",
    "create": "created",
    "update": "updated",
    "import": "imported",
    "refresh": "refreshed",
    "other": "changed in a way this report does not know",
}


def opening(report: PreviewReport) -> str:
    """Return what to make of the preview, in a few words."""
    return _OPENING[report.judgement]


def verdict(report: PreviewReport) -> str:
    """Return the facts that decide, in one sentence: what comes and goes, what is replaced, what is refused."""
    parts = [*_tenants(report), *_migrations(report), *_resources(report), *_contract(report), *_refusals(report)]
    return ", ".join(parts)


def _tenants(report: PreviewReport) -> Iterable[str]:
    for fate, words in _FATES.items():
        count = sum(tenant.fate == fate for tenant in report.tenants)
        if count:
            yield f"{counted(count, 'tenant')} {words}"


def _migrations(report: PreviewReport) -> Iterable[str]:
    if report.migrations:
        yield f"{counted(len(report.migrations), 'migration')} to apply"


def _resources(report: PreviewReport) -> Iterable[str]:
    """Count what is not a tenant; what is replaced or deleted is said in any case."""
    others = other_changes(report)
    counts = {operation: sum(change.operation == operation for change in others) for operation in _OPERATIONS}
    for operation in ("create", "update", "import", "refresh", "other"):
        if counts[operation]:
            yield f"{counted(counts[operation], 'resource')} {_OPERATIONS[operation]}"
    gone = [f"{counts[one]} {_OPERATIONS[one]}" for one in ("replace", "delete") if counts[one]]
    if gone:
        yield f"**{' and '.join(gone)}**"
    elif any(tenant.fate in ("archived", "dropped", "removed", "replaced") for tenant in report.tenants):
        yield "nothing else replaced or deleted"
    else:
        yield "nothing replaced or deleted"


def other_changes(report: PreviewReport) -> tuple[Change, ...]:
    """Return the changes that are not told as tenants, refusals or migrations."""
    told = report.told_elsewhere
    return tuple(
        change for change in report.changes if change.operation not in ("same", "read") and change.urn not in told
    )


def _contract(report: PreviewReport) -> Iterable[str]:
    if report.contract or report.contract_warnings:
        yield "the cache contract changes"


def _refusals(report: PreviewReport) -> Iterable[str]:
    if report.policies.mandatory:
        broken = len({one.policy for one in report.policies.mandatory})
        yield f"**{counted(broken, 'mandatory policy', 'mandatory policies')} broken**"
    count = report.refusals.count
    yield f"**{counted(count, 'refusal')}**" if count else "0 refusals"
