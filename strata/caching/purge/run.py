"""Running a purge: batch after batch, tried again where that is safe, until it is complete or its time is up."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from strata.caching.purge.errors import (
    CallFailure,
    PurgeCredentialsError,
    PurgeDeadlineError,
    PurgeRefusedError,
    PurgeUnreachableError,
    RunFacts,
)
from strata.caching.purge.plan import plan_purge
from strata.caching.purge.result import PurgeProgress, PurgeResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from strata.caching.purge.errors import PurgeRunError
    from strata.caching.purge.plan import Connection, Provider, PurgeBatch, PurgePlan

#: A path invalidation takes a minute or two, a tag's some 25 s at the 95th percentile.
DEADLINE_SECONDS: Final = 900.0
#: A provider that does not answer so often in a row does not answer.
MAXIMUM_TRIES: Final = 5
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 15.0

Answer = TypeVar("Answer")


def purge_cdn_cache(  # noqa: PLR0913 - what to purge is one call; how is named
    provider: Provider,
    paths: Iterable[str] = (),
    tags: Iterable[str] = (),
    soft: bool = False,
    *,
    idempotency_key: str | None = None,
    wait: bool = True,
    deadline_seconds: float = DEADLINE_SECONDS,
    on_progress: Callable[[PurgeProgress], None] = lambda _: None,
) -> PurgeResult:
    """Purge paths and tags from a provider's cache.

    Calls that failed, were refused for their rate, or whose answer got lost are made again, until the deadline. That is
    safe: CloudFront knows a call by its reference, made of key and content, and starts no second invalidation; with
    Cloudflare and Fastly a second purge does what the first did.

    Args:
        provider: `CloudFront`, `Cloudflare` or `Fastly`.
        paths: URL paths that begin with ``/``; a ``*`` at the end stands for all that begin alike.
        tags: tags as the origin writes them.
        soft: mark answers stale, so that they may still be served while a new one is fetched.
        idempotency_key: names this purge. Give the same one to go on with a purge that was interrupted, and never to
            purge the same things once more; made anew when it is None.
        wait: return when every cache is purged, where the provider tells (CloudFront); else when all is accepted.
        deadline_seconds: when to give up; a call under way is not interrupted.
        on_progress: is told whenever something changes.

    Raises:
        PurgeInputError: something that this provider cannot purge, or no token.
        SoftPurgeUnavailableError: the provider has no soft purge.
        MissingSdkError: its SDK is not installed.
        PurgeCredentialsError: it does not take the credentials.
        PurgeRefusedError: it understood and said no.
        PurgeUnreachableError: it failed several times in a row.
        PurgeDeadlineError: the deadline passed first.
    """
    plan = plan_purge(provider, paths, tags, soft)
    with provider.connect() as connection:
        key = idempotency_key or secrets.token_hex(16)
        run = _Run(provider, plan, connection, key, deadline_seconds, on_progress, time.monotonic())
        return run.result(wait)


@dataclass
class _Run:
    provider: Provider
    plan: PurgePlan
    connection: Connection
    key: str
    deadline_seconds: float
    on_progress: Callable[[PurgeProgress], None]
    started: float
    ids: list[str] = field(default_factory=list)
    submitted: int = 0
    completed: int = 0
    in_progress: dict[str, str] = field(default_factory=dict)

    def result(self, wait: bool) -> PurgeResult:
        self._report()
        for batch in self.plan.batches:
            self._wait_until_complete(batch.kind)
            self._submit(batch)
        if wait:
            for kind in list(self.in_progress):
                self._wait_until_complete(kind)
        kinds = [item.kind for item in self.plan.items]
        tags = kinds.count("tag")
        return PurgeResult(
            provider=self.plan.provider,
            target=self.plan.target,
            soft=self.plan.soft,
            paths=len(kinds) - tags,
            tags=tags,
            ids=tuple(self.ids),
            completed=wait and self.provider.reports_completion,
            cost=self.plan.cost,
            idempotency_key=self.key,
            seconds=time.monotonic() - self.started,
        )

    def _submit(self, batch: PurgeBatch) -> None:
        reference = _reference(self.key, batch)
        ids = self._answer(lambda: self.connection.submit(batch, self.plan.soft, reference))
        self.ids += ids
        self.submitted += 1
        if self.provider.reports_completion:
            (self.in_progress[batch.kind],) = ids
        self._report()
        if batch is not self.plan.batches[-1] and batch.spacing_seconds:
            self._pause(batch.spacing_seconds, "as fast as the provider allows")

    def _wait_until_complete(self, kind: str) -> None:
        """Wait for the batch of this kind that is in progress, so that those in progress stay under the limits."""
        if kind not in self.in_progress:
            return
        purge_id = self.in_progress[kind]
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._answer(lambda: self.connection.is_complete(purge_id)):
            self._pause(pause_seconds, f"{purge_id} is in progress", purge_id)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
        del self.in_progress[kind]
        self.completed += 1
        self._report()

    def _answer(self, call: Callable[[], Answer]) -> Answer:
        """Return what a call returns, made again after failures that may pass."""
        pause_seconds, unanswered = _FIRST_PAUSE_SECONDS, 0
        while True:
            try:
                return call()
            except CallFailure as caught:
                failure = caught
            unanswered = unanswered + 1 if failure.kind == "unreachable" else 0
            if failure.kind in {"credentials", "refused"} or unanswered == MAXIMUM_TRIES:
                raise self._error(failure)
            self._pause(max(pause_seconds, failure.retry_after_seconds or 0.0), failure.what)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _pause(self, seconds: float, reason: str, purge_id: str | None = None) -> None:
        if time.monotonic() - self.started + seconds > self.deadline_seconds:
            raise self._deadline_error(reason, purge_id)
        self._report(f"waiting {seconds:.0f} s: {reason}")
        time.sleep(seconds)

    def _report(self, note: str = "") -> None:
        self.on_progress(PurgeProgress(len(self.plan.batches), self.submitted, self.completed, note))

    def _error(self, failure: CallFailure) -> PurgeRunError:
        name, facts = self.provider.name, self._facts()
        if failure.kind == "credentials":
            return PurgeCredentialsError(
                f"{name} refused the credentials: {failure.what}", facts, allowed=self.provider.credentials
            )
        if failure.kind == "refused":
            return PurgeRefusedError(f"{name} refused the purge: {failure.what}", facts)
        return PurgeUnreachableError(f"{name} did not answer {MAXIMUM_TRIES} times in a row: {failure.what}", facts)

    def _deadline_error(self, reason: str, purge_id: str | None) -> PurgeDeadlineError:
        return PurgeDeadlineError(
            f"not complete within {self.deadline_seconds:.0f} s: {reason}",
            self._facts(),
            next_command=self.provider.status_command(purge_id) if purge_id else None,
        )

    def _facts(self) -> RunFacts:
        plan = self.plan
        return RunFacts(plan.provider, plan.target, len(plan.batches), self.submitted, tuple(self.ids), self.key)


def _reference(key: str, batch: PurgeBatch) -> str:
    """Return what names a call: the same for the same purge and content, whoever sends it and however often."""
    return f"strata-{hashlib.sha256(json.dumps([key, batch.kind, *batch.values]).encode()).hexdigest()[:40]}"
