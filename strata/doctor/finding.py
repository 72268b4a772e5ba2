"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from strata.errors import StrataError

Status = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Args:
        status: ``skipped`` where the check does not apply, or cannot be made before another one passes.
        detail: what was found, or why nothing was looked for.
        remedy: what to do about a failure.
    """

    status: Status
    detail: str
    remedy: str | None = None


def ok(detail: str) -> Finding:
    """Return that all is well."""
    return Finding("ok", detail)


def failed(detail: str, remedy: str) -> Finding:
    """Return that something stands in the way."""
    return Finding("failed", detail, remedy)


def skipped(why: str) -> Finding:
    """Return that nothing was looked for."""
    return Finding("skipped", why)


def failed_by(error: StrataError, remedy: str) -> Finding:
    """Return a failure in the words of an error; its own next command comes first."""
    return failed(error.what, error.next_command or error.allowed or remedy)
