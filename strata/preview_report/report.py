"""The facts of one preview, and the verdict that follows from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE
from strata.preview_report.changes import OPERATIONS, Change, Operation, changes
from strata.preview_report.contract_change import CONTRACT_WARNING, warned_sentences
from strata.preview_report.policies import Policies, policies
from strata.preview_report.refusals import OtherError, Refusals, deduplicated, refusals
from strata.preview_report.tenants import (
    Migration,
    TenantChange,
    pending_migrations,
    tenant_changes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.preview_report.contract_change import ContractChange
    from strata.preview_report.events import EventStream

#: ``broken``: nobody can judge this preview; ``refused``: it cannot be deployed; ``attention``: it can, and something
#: is replaced, deleted, leaves, or weakens the cache key; ``routine``: it can; ``unchanged``: there is nothing to do.
Judgement = Literal["broken", "refused", "attention", "routine", "unchanged"]

#: What a program or a provider writes to stderr is ``info#err``.
_WARNINGS: Final = ("warning", "info#err")


@dataclass(frozen=True)
class PreviewReport:
    """All that a reviewer decides from.

    Args:
        environment: the stack.
        problems: why the stream cannot be believed; none for a whole one.
        gaps: what of a whole stream this report does not know.
        changes: of every resource, unchanged ones too, without what is refused because it is protected.
        tenants: those that do not stay as they are.
        migrations: pending ones.
        contract: what changes in the cache contract since the base; None if there is nothing to compare with.
        refusals: the errors.
        policies: what the policy packs found.
        contract_warnings: how the program itself found the contract to differ from its lock file, a sentence each.
        warnings: all others, each once.
    """

    environment: str
    problems: tuple[str, ...]
    gaps: tuple[str, ...]
    changes: tuple[Change, ...]
    tenants: tuple[TenantChange, ...]
    migrations: tuple[Migration, ...]
    contract: tuple[ContractChange, ...] | None
    refusals: Refusals
    policies: Policies
    contract_warnings: tuple[str, ...]
    warnings: tuple[OtherError, ...]

    @property
    def counts(self) -> Mapping[Operation, int]:
        """How many resources by operation, only those that occur, in the order of `OPERATIONS`."""
        found = Counter(change.operation for change in self.changes)
        return {operation: found[operation] for operation in OPERATIONS if found[operation]}

    @property
    def told_elsewhere(self) -> frozenset[str]:
        """The URNs of tenants, and of the schema when it only gets migrations: those have sections of their own."""
        return frozenset(
            change.urn
            for change in self.changes
            if change.type == TENANT_TYPE or (change.type == SCHEMA_TYPE and change.operation in ("create", "update"))
        )

    @property
    def is_refused(self) -> bool:
        """Whether this cannot be deployed as it is, or cannot be judged."""
        return self.judgement in ("broken", "refused")

    @property
    def stopped(self) -> bool:
        """Whether the engine ended before its plan was whole."""
        return bool(self.problems or self.refusals.count)

    @property
    def judgement(self) -> Judgement:
        """What a reviewer should make of it."""
        if self.problems:
            return "broken"
        if self.refusals.count or self.policies.mandatory:
            return "refused"
        if self.needs_attention:
            return "attention"
        return "routine" if self.changes_anything or self.contract else "unchanged"

    @property
    def needs_attention(self) -> bool:
        """Whether something goes, is made anew, or is told apart less."""
        return (
            bool({"replace", "delete", "other"} & self.counts.keys())
            or bool(self.gaps)
            or any(change.risk for change in self.contract or ())
            or bool(self.contract_warnings)
            or any(tenant.fate == "offboarding" for tenant in self.tenants)
        )

    @property
    def changes_anything(self) -> bool:
        """Whether a deployment would do anything."""
        return bool(self.counts.keys() - {"same", "read"})


def make_report(
    stream: EventStream,
    environment: str,
    contract: tuple[ContractChange, ...] | None = None,
    engine_exit_code: int | None = None,
) -> PreviewReport:
    """Return the facts of a stream.

    Args:
        stream: all that the engine said.
        environment: the stack.
        contract: what changes in the cache contract; None if nobody compared it.
        engine_exit_code: of the engine's process, if it is known.
    """
    planned = changes(stream.steps)
    tenant_ids = {
        change.urn: str(change.old.inputs.get("tenant_id", change.name))
        for change in planned
        if change.type == TENANT_TYPE and change.old
    }
    refused = refusals(stream.diagnostics, tenant_ids)
    found = _without_refused(planned, refused)
    results = policies(stream)
    warnings = [one for one in stream.diagnostics if one.severity in _WARNINGS]
    of_contract = [one for one in warnings if one.message.startswith(CONTRACT_WARNING)]
    return PreviewReport(
        environment=environment,
        problems=(*_of_another_stack(stream, environment), *_problems(stream, refused, results, engine_exit_code)),
        gaps=_gaps(stream, planned),
        changes=found,
        tenants=tenant_changes(found),
        migrations=pending_migrations(found),
        contract=contract,
        refusals=refused,
        policies=results,
        contract_warnings=tuple(sentence for one in of_contract for sentence in warned_sentences(one.message)),
        warnings=deduplicated(one for one in warnings if one not in of_contract),
    )


def _without_refused(found: tuple[Change, ...], refused: Refusals) -> tuple[Change, ...]:
    """Return the changes without the deletions that the engine planned and then refused."""
    protected = {*(one.urn for one in refused.tenants), *(one.urn for one in refused.resources)}
    return tuple(change for change in found if change.urn not in protected)


def _of_another_stack(stream: EventStream, environment: str) -> Iterable[str]:
    if stream.stack not in (None, environment):
        yield f"the events are of the stack {stream.stack}"


def _problems(
    stream: EventStream, refused: Refusals, results: Policies, engine_exit_code: int | None
) -> tuple[str, ...]:
    """Return why the stream cannot be believed."""
    problems = []
    explained = bool(refused.count or results.mandatory)
    if stream.summary is None:
        ended = "" if engine_exit_code is None else f"; the engine ended with exit code {engine_exit_code}"
        problems.append(f"the engine's events break off: there is no summary{ended}")
    elif stream.summary.result != "succeeded" and not explained:
        problems.append(f"the engine says {stream.summary.result}, and not why")
    elif stream.summary.result == "succeeded" and refused.count:
        problems.append("the engine says succeeded, and errors as well")
    if stream.summary and stream.summary.result == "succeeded" and engine_exit_code:
        problems.append(f"the engine says succeeded, and ended with exit code {engine_exit_code}")
    if not stream.steps and not explained:
        hint = "; is this what the engine streams with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true?"
        problems.append(f"the events name no resource{hint if stream.unreadable_lines else ''}")
    return tuple(problems)


def _gaps(stream: EventStream, found: tuple[Change, ...]) -> tuple[str, ...]:
    """Return what this report may be missing."""
    gaps = [f"{count} events of the unknown kind {kind}" for kind, count in sorted(stream.unknown_kinds.items())]
    if stream.unreadable_lines:
        gaps.append(f"{stream.unreadable_lines} lines that hold no event")
    counted = Counter(change.operation for change in found)
    if stream.summary and stream.summary.result == "succeeded":
        gaps += [
            f"the engine counts {said} to {operation}, its events show {counted[operation]}"
            for operation in OPERATIONS
            if (said := stream.summary.resource_changes.get(operation, 0)) != counted[operation]
            and operation not in ("other", "read", "refresh")
        ]
    return tuple(gaps)
