"""What a comment says about each refusal: what, why, and the way that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.preview_report.markdown import code, codes, counted, details, fence, items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.preview_report.refusals import OtherError, ProtectedResource, RefusedMigration
    from strata.preview_report.report import PreviewReport

#: A longer message has its last line in the list, and the whole in a block to open.
_LONGEST_LINE: Final = 300
_TWO_MERGES: Final = """\
To let a tenant leave takes two merges, each with its deployment:

1. Put its entry back and mark it: `strata tenant offboard TENANT --on-remove archive` \
(or by hand: `state: offboarding` in its entry). \
It stays in service with every row; the deployment only lifts the protection.
2. Remove it: `strata tenant offboard TENANT --remove`. The deployment archives its rows, reads the archive back, \
and only then drops its partitions.

The engine's own hint, to unprotect the resource in the state, leaves out the first merge: it would end in a removal \
that the provider refuses."""


def refusal_blocks(report: PreviewReport) -> Iterable[str]:
    """Yield a block per kind of refusal, the ones that protect rows first."""
    refused = report.refusals
    if refused.tenants:
        yield (
            f"**{counted(len(refused.tenants), 'active tenant')} without an entry in the stack file:** "
            f"{codes(one.tenant for one in refused.tenants)}. An active tenant is protected, so that a deleted line "
            "cannot remove its rows."
        )
        yield _TWO_MERGES
    if refused.resources:
        yield from items(_resource(one) for one in refused.resources)
    if refused.migrations:
        yield from items(_migration(one) for one in refused.migrations)
    for refused_input in refused.inputs:
        yield f"{code(refused_input.where)} is refused:"
        yield from items(code(reason) for reason in refused_input.reasons)
    for error in refused.errors:
        yield _error(error)
    if refused.count:
        yield "The engine stops where it is refused: what follows is what it had planned until then."


def _resource(one: ProtectedResource) -> str:
    return (
        f"{code(one.name)} ({code(one.type)}) is protected and would be {one.would_be}. It is protected on purpose: "
        "undo what leads there, or lift the protection in a merge of its own."
    )


def _migration(one: RefusedMigration) -> str:
    return (
        f"Migration {code(one.key)} is applied and {one.what} ({code(one.file)}). Databases that have it would never "
        f"get the new text. Put the file back, for example with `git checkout origin/main --` and its path, and write "
        "the change as a new migration with the next number."
    )


def _error(error: OtherError) -> str:
    times = f" ({counted(error.count, 'time')})" if error.count > 1 else ""
    about = f" {codes(error.resources)}:" if error.resources else ""
    last = error.message.splitlines()[-1] if error.message else ""
    if last == error.message and len(last) <= _LONGEST_LINE:
        return f"- Error{times}:{about} {code(last)}"
    return (
        f"- Error{times}:{about} {code(last[:_LONGEST_LINE])}\n\n{details('the whole message', fence(error.message))}"
    )
