"""Holds every answer, and every request to the origin, to the rules; it knows the ledger, and nothing of the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.asked import READS, Asked, keyed_query
from benchmarks.isolation.callers import digest, log_line
from benchmarks.isolation.deployment import CDN_HEADERS
from benchmarks.isolation.origin import header, quirk_of
from benchmarks.isolation.rules import Rule, Violation
from benchmarks.isolation.wording import FORGED_SECRET, LANGUAGE_RANGES
from strata.caching.classes import (
    AUTH_HASH_HEADER,
    ORIGIN_VERIFY_HEADER,
    RELAY_HEADER,
    RESERVED_HEADERS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.isolation.ledger import Ledger, Made
    from local.edge.messages import OriginRequest, OriginResponse, ViewerResponse

_FIRST_REDIRECT: Final = 300
_OK, _CREATED, _NO_CONTENT, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 201, 204, 401, 403, 404
_UNAVAILABLE: Final = 503
#: What CloudFront adds of its own to a request for an origin.
_OWN_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "host",
        "if-modified-since",
        "if-none-match",
        "user-agent",
        "via",
        "x-amz-cf-id",
        "x-forwarded-for",
    }
)
_UNDERSCORED: Final = frozenset(name.replace("-", "_") for name in RESERVED_HEADERS)


@dataclass
class Oracle:
    """The rules, and what did not hold.

    Args:
        seed: of the run.
        ledger: the origin's.
        pepper: of the digest; None without a store.
        origin_verify: the secret that the function sends at present; None without a store.
        languages: that the function knows.
        is_failing: whether the origin fails at present.
        is_store_out: whether the store has no secrets at present.
        violations: all of them.
    """

    seed: int
    ledger: Ledger
    pepper: str | None
    origin_verify: str | None
    languages: tuple[str, ...]
    is_failing: bool = False
    is_store_out: bool = False
    violations: list[Violation] = field(default_factory=list)

    def report(self, rule: Rule, asked: Asked, detail: str) -> None:
        """Note that a rule did not hold."""
        request = asked.request
        about = f"{asked.kind}, {request.method} {request.path}?{request.query} of {asked.owner}: {detail}"
        self.violations.append(Violation(rule, self.seed, asked.number, about))

    def at_viewer(self, asked: Asked, response: ViewerResponse, started: int, now: float) -> None:
        """Look at what a viewer got.

        Args:
            asked: the request.
            response: what came of it.
            started: how many invalidations there were when the request came.
            now: the run's time.
        """
        if asked.refusal is not None:
            self._look_at_refusal(asked, response)
        elif asked.is_preflight:
            if response.status != _NO_CONTENT and not self.is_failing and not self.is_store_out:
                self.report(Rule.ANSWERED, asked, f"status {response.status}")
        elif self.is_store_out:
            if response.status != _UNAVAILABLE:
                self.report(Rule.STORE_OUTAGE, asked, f"status {response.status}")
        else:
            self._look_at_answer(asked, response, started, now)
        self._look_at_log(asked, response)

    def _look_at_refusal(self, asked: Asked, response: ViewerResponse) -> None:
        status, asks = response.status, response.decision.origin_requests
        if status != asked.refusal or asks:
            self.report(Rule.REFUSED_AT_EDGE, asked, f"status {status} after {asks} requests to the origin")
        elif status != _FORBIDDEN and "no-store" not in (header(response.headers, "cache-control") or ""):
            self.report(Rule.REFUSED_AT_EDGE, asked, "the refusal may be kept")

    def _look_at_answer(self, asked: Asked, response: ViewerResponse, started: int, now: float) -> None:
        number = header(response.headers, "x-answer")
        if number is None:
            self._look_at_error(asked, response)
            return
        made = self.ledger.made.get(int(number))
        for rule, detail in self._found(asked, response, made, started, now):
            self.report(rule, asked, detail)

    def _look_at_error(self, asked: Asked, response: ViewerResponse) -> None:
        if response.status < _FIRST_REDIRECT and response.status != _NO_CONTENT:
            self.report(Rule.KEPT, asked, f"status {response.status}, an answer that the origin did not make")
        elif asked.plain and not self.is_failing and asked.owner is not None:
            self.report(Rule.ANSWERED, asked, f"status {response.status}")
        elif asked.owner is None and response.status != _UNAUTHORIZED and not self.is_failing:
            self.report(Rule.ANSWERED, asked, f"status {response.status}, not {_UNAUTHORIZED}")

    def _found(
        self, asked: Asked, response: ViewerResponse, made: Made | None, started: int, now: float
    ) -> Iterator[tuple[Rule, str]]:
        if made is None:
            yield Rule.OUTDATED, "an answer from before everything that is remembered"
            return
        yield from _whose(asked, response, made)
        yield from _of_what(asked, response, made)
        if made.asked.number != asked.number and asked.number not in made.confirmed_for:
            for rule, detail in self._reused(asked, made, started, now):
                yield rule, f"{detail} ({', '.join(response.decision.reasons)})"
        yield from _viewer_headers(asked, response)

    def _reused(self, asked: Asked, made: Made, started: int, now: float) -> Iterator[tuple[Rule, str]]:
        of = f"answer {made.number}, made for request {made.asked.number}"
        age = now - made.at
        if not made.may_be_reused(is_failing=self.is_failing) or asked.request.method not in READS:
            yield Rule.KEPT, of
        elif age >= made.oldest_seconds(is_failing=self.is_failing):
            yield Rule.OUTDATED, f"{of}, {age:g} s ago"
        if self.ledger.is_purged(made, started):
            yield Rule.PURGED, f"{of}, was invalidated"
        if asked.cache_class.keyed_by_caller and made.asked.epoch != asked.epoch:
            yield Rule.PURGED, f"{of}, of epoch {made.asked.epoch}, not {asked.epoch}"

    def _look_at_log(self, asked: Asked, response: ViewerResponse) -> None:
        # Without a function nothing is logged; with two tokens the first one's claims count, which nothing relies on.
        if response.decision.log_data is None or asked.kind in {"two tokens", "ambiguous path"}:
            return
        wanted = log_line(asked.cache_class.name, asked.tenant)
        if response.decision.log_data != wanted:
            self.report(Rule.LOG, asked, f"{response.decision.log_data!r}, not {wanted!r}")

    def at_origin(self, asked: Asked, request: OriginRequest) -> None:
        """Look at what goes to the origin."""
        fields = dict(request.headers)
        for rule, detail in self._sent(asked, fields):
            self.report(rule, asked, detail)

    def _sent(self, asked: Asked, fields: dict[str, str]) -> Iterator[tuple[Rule, str]]:
        its_class = asked.cache_class
        is_told = its_class.keyed_by_caller or not its_class.is_cached
        wanted = digest(asked.host, asked.epoch, asked.authorization, self.pepper) if is_told else None
        if fields.get(AUTH_HASH_HEADER) != wanted:
            yield Rule.DIGEST, f"{fields.get(AUTH_HASH_HEADER)}, not {wanted}"
        if fields.get(RELAY_HEADER) != ((asked.authorization or None) if is_told else None):
            yield Rule.FORGED, f"{RELAY_HEADER}: {fields.get(RELAY_HEADER)}"
        if fields.get(ORIGIN_VERIFY_HEADER) != self.origin_verify:
            yield Rule.FORGED, f"{ORIGIN_VERIFY_HEADER} is not the edge's"
        if not _UNDERSCORED.isdisjoint(fields) or FORGED_SECRET in fields.values():
            yield Rule.FORGED, "a name that an origin may take for the edge's own"
        if not its_class.is_cached:
            if fields.get("authorization") != asked.authorization:
                yield Rule.AUTHORIZATION, f"{fields.get('authorization')}"
        else:
            known = {*its_class.keyed_headers, *its_class.unkeyed_headers, *_OWN_HEADERS}
            yield from ((Rule.UNKEYED_INPUT, name) for name in fields if name not in known)
            yield from self._language(asked, fields)

    def _language(self, asked: Asked, fields: dict[str, str]) -> Iterator[tuple[Rule, str]]:
        sent, seen = header(asked.request.headers, "accept-language"), fields.get("accept-language")
        wanted = LANGUAGE_RANGES[sent or "*"] if len(self.languages) > 1 else self.languages[0]
        if asked.cache_class.keyed_by_language and seen != wanted:
            yield Rule.LANGUAGE, f"{seen} for {sent}, not {wanted}"

    def from_origin(self, asked: Asked, request: OriginRequest, response: OriginResponse) -> None:
        """Look at what the origin, with its middleware, answers."""
        quirk = quirk_of(request.path)
        is_kept = quirk.fresh_seconds is None and asked.cache_class.is_cached and request.method in READS
        wanted = asked.cache_class.origin_cache_control
        if asked.plain and response.status == _OK and is_kept:
            said = header(response.headers, "cache-control")
            if said != wanted:
                self.report(Rule.KEEPABLE, asked, f"{said}, not {wanted}")

    def past_the_edge(self, asked: Asked, response: OriginResponse) -> None:
        """Look at what somebody got who asked the origin itself."""
        if response.status != _FORBIDDEN:
            self.report(Rule.PAST_THE_EDGE, asked, f"status {response.status}")


def _whose(asked: Asked, response: ViewerResponse, made: Made) -> Iterator[tuple[Rule, str]]:
    owner = json.loads(response.body)["owner"] if response.body else made.asked.owner
    if asked.owner is None:
        yield Rule.NOBODY, f"the answer of {owner}"
    elif owner != asked.owner:
        is_shared = not asked.cache_class.keyed_by_caller
        yield Rule.CALLER_ON_SHARED_PATH if is_shared else Rule.ANOTHER_CALLER, f"the answer of {owner}"
    if asked.cache_class.keyed_by_caller and made.asked.host != asked.host:
        yield Rule.ANOTHER_HOST, f"the answer at {made.asked.host}, not {asked.host}"


def _of_what(asked: Asked, response: ViewerResponse, made: Made) -> Iterator[tuple[Rule, str]]:
    request = asked.request
    is_read = request.method in READS
    query = keyed_query(asked.cache_class, request.query) if is_read else made.query
    # The distribution's default root object stands for the root, whatever the method.
    path = "/index.html" if request.path == "/" else request.path
    if (made.path, made.query) != (path, query):
        yield Rule.ANOTHER_REQUEST, f"the answer to {made.path}?{made.query}"
    if is_read and response.body and json.loads(response.body)["write"]:
        yield Rule.ANOTHER_REQUEST, "made with a header of writes"
    status = quirk_of(request.path).status if is_read else _CREATED
    if response.status != status:
        yield Rule.ANSWERED, f"status {response.status}, not {status}"


def _viewer_headers(asked: Asked, response: ViewerResponse) -> Iterator[tuple[Rule, str]]:
    wanted = asked.cache_class.viewer_cache_control
    said = header(response.headers, "cache-control")
    if wanted is not None and said != wanted:
        yield Rule.VIEWER_HEADERS, f"cache-control: {said}"
    hidden = {*CDN_HEADERS} | ({"set-cookie"} if asked.cache_class.is_cached else set())
    yield from ((Rule.VIEWER_HEADERS, name) for name, _ in response.headers if name in hidden)
