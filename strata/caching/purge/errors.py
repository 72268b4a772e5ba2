"""What can go wrong with a purge, as its user sees it, and as the provider's file hands it to the run."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from strata.errors import StrataError

#: ``credentials`` and ``refused`` end the run; the others are tried again.
FailureKind = Literal["credentials", "refused", "rate limit", "unreachable"]


class PurgeError(StrataError):
    """A purge that was refused or did not come to its end."""


class PurgeInputError(PurgeError):
    """A path, a tag or a target that no purge can be made of; nothing was sent."""


class SoftPurgeUnavailableError(PurgeError):
    """The provider has no soft purge; nothing was sent."""


class MissingSdkError(PurgeError):
    """The provider's SDK, an optional extra, is not installed."""

    def __init__(self, provider: str, extra: str) -> None:
        super().__init__(
            f"purging {provider} needs its SDK, which is not installed", next_command=f"pip install 'strata[{extra}]'"
        )
        self.provider = provider
        self.extra = extra


@dataclass(frozen=True)
class RunFacts:
    """How far a purge was when it ended.

    Args:
        provider: name of the provider.
        target: which of its caches.
        batches: how many calls the purge has.
        submitted_batches: how many of them the provider had accepted.
        ids: what the provider calls what it had accepted.
        idempotency_key: with it, the same purge goes on and sends nothing twice where the provider can tell.
    """

    provider: str
    target: str
    batches: int
    submitted_batches: int
    ids: tuple[str, ...]
    idempotency_key: str


class PurgeRunError(PurgeError):
    """A purge that ended before its end; what had been accepted until then stays purged."""

    def __init__(
        self, what: str, facts: RunFacts, *, allowed: str | None = None, next_command: str | None = None
    ) -> None:
        accepted = f"{facts.submitted_batches} of {facts.batches} batches"
        super().__init__(
            what,
            where={facts.provider: facts.target, "accepted": accepted},
            allowed=allowed,
            next_command=next_command or f"the same purge with idempotency key {facts.idempotency_key}",
        )
        self.facts = facts


class PurgeCredentialsError(PurgeRunError):
    """Credentials that are missing or that the provider does not take."""


class PurgeRefusedError(PurgeRunError):
    """The provider understood and said no."""


class PurgeUnreachableError(PurgeRunError):
    """The provider could not be reached, or failed, several times in a row."""


class PurgeDeadlineError(PurgeRunError):
    """The deadline passed before the provider had accepted or completed everything."""


class CallFailure(Exception):  # noqa: N818 - a fact between two modules, which no caller of the library sees
    """One call that failed, without the SDK's own exception: that one holds the request and so the token.

    Args:
        kind: what to do about it.
        what: one line, already without the token.
        retry_after_seconds: how long the provider wants to be left alone, if it said so.
    """

    def __init__(self, kind: FailureKind, what: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.retry_after_seconds = retry_after_seconds


def kind_of_status(status: int) -> FailureKind:
    """Return what to do about an answer with this HTTP status."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "credentials"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate limit"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return "unreachable"
    return "refused"
