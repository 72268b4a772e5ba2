"""The sections of a comment, in the order in which a reviewer needs them; each is made of whole blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.preview_report.changes import OPERATIONS
from strata.preview_report.markdown import code, codes, counted, details, items, table
from strata.preview_report.property_blocks import property_blocks
from strata.preview_report.refusal_blocks import refusal_blocks
from strata.preview_report.tenant_blocks import exact_sql_blocks, migration_blocks, tenant_blocks
from strata.preview_report.verdict import other_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from strata.preview_report.changes import Change, Operation
    from strata.preview_report.contract_change import ContractChange
    from strata.preview_report.policies import PolicyResult
    from strata.preview_report.report import PreviewReport

#: A longer table becomes several, so that a comment that is cut is cut between two.
_TABLE_ROWS: Final = 40
#: A message is told whole in the report's file; beyond this, only its end is in the list.
_MOST_NAMES: Final = 10


@dataclass(frozen=True)
class Section:
    """A title, and blocks of Markdown that are shown whole or not at all."""

    title: str
    blocks: tuple[str, ...]


def sections(report: PreviewReport) -> tuple[Section, ...]:
    """Return the sections that have something to say."""
    found = (
        Section("Not complete", tuple(_incomplete(report))),
        Section("Refused", tuple(refusal_blocks(report))),
        Section("Mandatory policies", tuple(_policies(report.policies.mandatory))),
        Section("Replaced or deleted", tuple(_gone(other_changes(report)))),
        Section("Tenants", tuple(tenant_blocks(report.tenants))),
        Section("Migrations", tuple(migration_blocks(report.migrations))),
        Section("Cache contract", tuple(_contract(report))),
        Section("Resources", tuple(_resources(report))),
        Section("What changes in them", tuple(property_blocks(other_changes(report)))),
        Section("Policies", tuple(_advice(report))),
        Section("Warnings", tuple(_warnings(report))),
        Section("Exact SQL", tuple(exact_sql_blocks(report.tenants))),
    )
    return tuple(section for section in found if section.blocks)


def _incomplete(report: PreviewReport) -> Iterable[str]:
    if report.problems:
        yield from items(code(problem) for problem in report.problems)
        yield "What follows is only what the engine said until then. Run the preview again."
    if report.gaps:
        yield "This report may be missing something:"
        yield from items(code(gap) for gap in report.gaps)


def _policies(results: Sequence[PolicyResult]) -> Iterable[str]:
    rows = [
        (code(one.policy), code(one.level), _names(one.resources), code(_without_description(one))) for one in results
    ]
    yield from tables(("policy", "level", "resources", "message"), rows)


def _without_description(result: PolicyResult) -> str:
    """Return the message; the engine puts the policy's description in the line before it."""
    return result.message.split("\n", 1)[-1]


def _gone(changes: Sequence[Change]) -> Iterable[str]:
    gone = [one for one in changes if one.operation in ("replace", "delete")]
    return items(_loss(change) for change in sorted(gone, key=lambda one: not one.holds_data))


def _loss(change: Change) -> str:
    because = [one.path for one in change.differences if one.forces_replacement] or list(change.replaced_for)
    reason = f", because of {codes(because)}" if because and change.operation == "replace" else ""
    data = " **It holds data, which the new one does not have.**" if change.holds_data and not change.is_kept else ""
    kept = " It leaves the stack only: what is there stays." if change.is_kept else ""
    return f"**{change.operation.upper()}** {code(change.name)} ({code(change.type)}){reason}.{data}{kept}"


def _contract(report: PreviewReport) -> Iterable[str]:
    if report.contract:
        yield from tables(
            ("paths", "fact", "before", "after", "look at"), [_contract_row(row) for row in report.contract]
        )
    elif report.contract_warnings:
        yield from items(code(sentence) for sentence in report.contract_warnings)
    if report.contract_warnings:
        yield (
            "The lock file `edge_functions/cache_contract.lock.json` is not as the contract is. "
            "When the change is meant: `strata cache contract --write`, and commit the file."
        )


def _contract_row(change: ContractChange) -> tuple[str, ...]:
    return (
        "<br>".join(code(path) for path in change.paths) or "all",
        change.fact,
        code(change.before),
        code(change.after),
        f"**{change.risk}**" if change.risk else "",
    )


def _resources(report: PreviewReport) -> Iterable[str]:
    """Count by type, the types with replacements and deletions first; what stays is one number."""
    if report.changes_anything:
        yield from tables(("type", *_shown_operations(report)), _resource_rows(report))
    if not report.stopped:  # How many the engine had come to by then is chance.
        count = report.counts.get("same", 0)
        yield f"{counted(count, 'resource stays as it is', 'resources stay as they are')}."


def _shown_operations(report: PreviewReport) -> list[Operation]:
    return [operation for operation in report.counts if operation != "same"]


def _resource_rows(report: PreviewReport) -> list[tuple[str, ...]]:
    by_type: dict[str, list[Change]] = {}
    for change in report.changes:
        if change.operation != "same":
            by_type.setdefault(change.type, []).append(change)
    return [
        (
            code(type_),
            *(str(sum(one.operation == operation for one in of_type) or "") for operation in _shown_operations(report)),
        )
        for type_, of_type in sorted(by_type.items(), key=lambda item: (_rank(item[1]), item[0]))
    ]


def _rank(changes: Iterable[Change]) -> int:
    return min(OPERATIONS.index(change.operation) for change in changes)


def _advice(report: PreviewReport) -> Iterable[str]:
    found = report.policies
    yield from _policies(found.advisory)
    if not found.packs:
        yield "No policy pack ran."
    elif report.stopped and not found.results:
        yield f"{codes(found.packs)} looked at what was planned until then, and nothing is broken there."
    elif not found.results:
        yield f"{counted(found.checked, 'policy', 'policies')} of {codes(found.packs)} looked, and none is broken."


def _warnings(report: PreviewReport) -> Iterable[str]:
    lines = [
        f"- {code(one.message)}{f' ({one.count} times)' if one.count > 1 else ''}{_about(one.resources)}"
        for one in report.warnings
    ]
    if lines:
        yield details(counted(len(lines), "warning"), "\n".join(lines))


def _about(resources: Sequence[str]) -> str:
    return f": {_names(resources)}" if resources else ""


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return codes(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def tables(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield the rows as tables of a length that can be left out as a whole."""
    for start in range(0, len(rows), _TABLE_ROWS):
        yield table(columns, rows[start : start + _TABLE_ROWS])
