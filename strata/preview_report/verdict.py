"""The one line that a reviewer reads first."""

from __future__ import annotations

from collections import Counter
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
    """Return the facts that decide, in one sentence: what is refused, what comes and goes, what is replaced."""
    if report.judgement == "unchanged":
        return f"{counted(report.counts.get('same', 0), 'resource stays as it is', 'resources stay as they are')}"
    refused = [f"**{words}**" for words in _refusals(report)]
    planned = [*_tenants(report), *_migrations(report), *_resources(report), *_contract(report)]
    if report.stopped:  # The engine stopped there: that it planned nothing more means nothing.
        return ", ".join([*refused, *planned])
    return ", ".join([*refused, *planned, *_calm(report), *([] if refused else ["0 refusals"])])


def _tenants(report: PreviewReport) -> Iterable[str]:
    for fate, words in _FATES.items():
        count = sum(tenant.fate == fate for tenant in report.tenants)
        if count:
            yield f"{counted(count, 'tenant')} {words}"


def _migrations(report: PreviewReport) -> Iterable[str]:
    if report.migrations:
        yield f"{counted(len(report.migrations), 'migration')} to apply"


def _resources(report: PreviewReport) -> Iterable[str]:
    """Count what is not a tenant, the losses first."""
    counts = Counter(change.operation for change in other_changes(report))
    for operation, words in _OPERATIONS.items():
        if counts[operation]:
            counted_resources = f"{counted(counts[operation], 'resource')} {words}"
            yield f"**{counted_resources}**" if operation in ("replace", "delete") else counted_resources


def _calm(report: PreviewReport) -> Iterable[str]:
    """Say that nothing is lost, where nothing is."""
    if any(change.operation in ("replace", "delete") for change in other_changes(report)):
        return
    leaves = any(tenant.fate in ("archived", "dropped", "removed", "replaced") for tenant in report.tenants)
    yield f"nothing {'else ' if leaves else ''}replaced or deleted"


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
    refused = report.refusals
    kinds = (
        (len(refused.tenants), "active tenant would be removed", "active tenants would be removed"),
        (len(refused.resources), "protected resource would go", "protected resources would go"),
        (len(refused.migrations), "applied migration was changed", "applied migrations were changed"),
        (refused.input_count, "input is refused", "inputs are refused"),
        (len(refused.errors), "error", "errors"),
        (len({one.policy for one in report.policies.mandatory}), "policy is broken", "policies are broken"),
    )
    return (counted(count, noun, plural) for count, noun, plural in kinds if count)
