"""Asking an origin: attempts, failures, revalidation, and what of the answer is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from local.edge.answer import Answer
from local.edge.cache_control import parse_cache_control
from local.edge.error_pages import error_page
from local.edge.freshness import lifetime
from local.edge.header_fields import combined, first, lower_names, without
from local.edge.invalidation import object_tags
from local.edge.messages import OriginFailure, OriginResponse
from local.edge.object_store import StoredObject
from local.edge.origin_request import origin_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.edge.answer import Lookup
    from local.edge.behaviors import CompiledBehavior
    from local.edge.messages import Clock, Fetch, Headers, OriginRequest
    from local.edge.settings import EdgeSettings

#: Status and detailed result type of a failure (Developer Guide, "Standard logging reference", and the pages on HTTP
#: 502 and 504).
_FAILURES: Final = {
    "connect": (502, "OriginConnectError"),
    "timeout": (504, "OriginCommError"),
    "incomplete": (502, "OriginReadError"),
    "headers": (502, "OriginHeaderTooBigError"),
}
_MAX_HEADER_BYTES: Final = 20_480
_MAX_HEADERS: Final = 100
_NOT_MODIFIED: Final = 304
_FIRST_ERROR: Final = 400
_REPEATABLE: Final = frozenset({"GET", "HEAD"})
_BODILESS: Final = frozenset({204, 304})


@dataclass(slots=True)
class Origins:
    """The way to the origins of a distribution.

    Args:
        clock: now.
        fetch: asks an origin.
        settings: of the edge.
        requests: how many were sent.
    """

    clock: Clock
    fetch: Fetch
    settings: EdgeSettings
    requests: int = 0

    async def answer(self, lookup: Lookup, stored: StoredObject | None) -> Answer:
        """Return the origin's answer, or CloudFront's own error where there is none.

        Args:
            lookup: what is looked for.
            stored: a stale object that the origin may confirm.
        """
        conditions = _conditions(lookup, stored)
        request = origin_request(lookup.behavior, lookup.request, conditions, cacheable=lookup.behavior.caches)
        before, failed = self.requests, None
        try:
            response = await self._complete(lookup.behavior, request)
        except OriginFailure as failure:
            status, failed = _FAILURES[failure.kind]
            response = error_page(status)
        if response.status == _NOT_MODIFIED and stored is not None and "range" not in conditions and conditions:
            return self._confirmed(lookup, stored, response, self.requests - before)
        return self._new(lookup, response, failed, self.requests - before)

    async def pass_through(self, lookup: Lookup) -> Answer:
        """Return the origin's answer to a request that is never cached."""
        request = origin_request(lookup.behavior, lookup.request, {}, cacheable=False)
        before = self.requests
        try:
            response = await self._complete(lookup.behavior, request)
        except OriginFailure as failure:
            status, detail = _FAILURES[failure.kind]
            return Answer(error_page(status), "Error", detail, ("origin-failure",), None, None, self.requests - before)
        shown = "Error" if response.status >= _FIRST_ERROR else "Miss"
        return Answer(response, shown, shown, ("method-not-cached",), None, None, self.requests - before)

    async def _complete(self, behavior: CompiledBehavior, request: OriginRequest) -> OriginResponse:
        """Return a complete and valid answer; connecting is tried again, and so is a silent origin for a GET."""
        for attempt in range(1, behavior.origin.connection_attempts + 1):
            self.requests += 1
            try:
                response = await self.fetch(request)
            except OriginFailure as failure:
                again = failure.kind == "connect" or (failure.kind == "timeout" and request.method in _REPEATABLE)
                if not again or attempt == behavior.origin.connection_attempts:
                    raise
            else:
                return _validated(behavior, request, response)
        raise AssertionError(behavior.origin.connection_attempts)  # at least 1, which `local.edge.modelled` holds

    def _confirmed(self, lookup: Lookup, stored: StoredObject, response: OriginResponse, requests: int) -> Answer:
        """Return the stored object with the headers of the 304, as new as the 304."""
        merged = OriginResponse(
            stored.response.status, _merged(stored.response.headers, response.headers), stored.response.body
        )
        answer = self._new(lookup, merged, None, requests)
        return replace(
            answer,
            result_type="RefreshHit",
            detailed_result_type="RefreshHit",
            reasons=("revalidated", *answer.reasons),
        )

    def _new(self, lookup: Lookup, response: OriginResponse, failed: str | None, requests: int) -> Answer:
        now = self.clock()
        kept, reasons = lifetime(lookup.behavior, response, now, self.settings)
        shown = "Error" if response.status >= _FIRST_ERROR else "Miss"
        stored = None
        if kept is not None:
            tags = object_tags(combined(response.headers, lookup.cache_tag_header) if lookup.cache_tag_header else None)
            stored = StoredObject(_without_replayed_cookies(response), now, kept, lookup.uri, tags)
        if failed is not None:
            reasons = ("origin-failure", *reasons)
        return Answer(response, shown, failed or shown, reasons, stored, None, requests)


def _conditions(lookup: Lookup, stored: StoredObject | None) -> Mapping[str, str]:
    """Return the edge's own conditional headers."""
    if lookup.byte_range is not None:
        return {"range": lookup.byte_range}
    if stored is None or not stored.lifetime.revalidates:
        return {}
    pairs = (
        ("if-none-match", first(stored.response.headers, "etag")),
        ("if-modified-since", first(stored.response.headers, "last-modified")),
    )
    return {name: value for name, value in pairs if value is not None}


def _validated(behavior: CompiledBehavior, request: OriginRequest, response: OriginResponse) -> OriginResponse:
    """Return the answer with lower-case names and no cookies that nobody asked for.

    Raises:
        OriginFailure: its length is not the one that it says, or its headers are too many.
    """
    size = sum(len(name) + len(value) + 4 for name, value in response.headers)
    if size > _MAX_HEADER_BYTES or len(response.headers) > _MAX_HEADERS:
        raise OriginFailure("headers", f"{len(response.headers)} headers of {size} bytes")
    headers = lower_names(response.headers)
    length = first(headers, "content-length")
    has_body = request.method != "HEAD" and response.status not in _BODILESS
    if has_body and length is not None and length != str(len(response.body)):
        raise OriginFailure("incomplete", f"{len(response.body)} bytes of {length}")
    if not behavior.forwarded_cookies:
        headers = without(headers, {"set-cookie"})
    return OriginResponse(response.status, headers, response.body)


def _merged(old: Headers, new: Headers) -> Headers:
    """Return the stored headers with those of a 304 in their place, but for the ones that describe the body."""
    fresh = tuple((name, value) for name, value in new if not name.startswith("content-"))
    return without(old, {name for name, _ in fresh}) + fresh


def _without_replayed_cookies(response: OriginResponse) -> OriginResponse:
    control = parse_cache_control(combined(response.headers, "cache-control"))
    if not control.no_cache_set_cookie:
        return response
    return OriginResponse(response.status, without(response.headers, {"set-cookie"}), response.body)
