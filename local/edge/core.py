"""The edge: a viewer's request in, the viewer's answer out, with no socket and no clock of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from local.edge.admission import behavior_refusal, redirect, refusal
from local.edge.answer import Answer, Lookup, redirected, refused
from local.edge.behaviors import compile_distribution
from local.edge.cache_key import cache_key, object_uri
from local.edge.exchange import EdgeRequest
from local.edge.header_fields import parse
from local.edge.invalidation import parse_invalidation
from local.edge.messages import Decision, ViewerResponse
from local.edge.modelled import require_modelled
from local.edge.origin import Origins
from local.edge.settings import DEFAULT_SETTINGS
from local.edge.statistics import RecordedDecision, Recorder, Statistics
from local.edge.tier import Tier
from local.edge.values import value_type
from local.edge.viewer_request import run_viewer_request
from local.edge.viewer_response import plain_headers, shaped, viewer_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.edge.behaviors import CompiledBehavior, CompiledDistribution
    from local.edge.messages import Clock, Fetch, RunFunction, ViewerRequest
    from local.edge.model import Distribution
    from local.edge.object_store import Key, StoredObject
    from local.edge.settings import EdgeSettings

_FIRST_ERROR: Final = 400
_NO_HOST: Final = (400, "InvalidRequest", "request-malformed")
_ALWAYS_CACHED_METHODS: Final = frozenset({"GET", "HEAD"})


@value_type
class _Outcome:
    """What came of a request, before it becomes the viewer's answer."""

    answer: Answer
    request: EdgeRequest
    behavior: CompiledBehavior | None = None
    key: Key = ()
    log_data: str | None = None


class Edge:
    """A stand-in for one distribution at CloudFront's edge.

    Args:
        distribution: as deployed.
        clock: now, in seconds since the epoch.
        fetch: asks an origin.
        run_function: runs a viewer request function.
        settings: where it is, how much it holds, and the contested rules.

    Raises:
        UnmodelledError: the distribution uses what is not modelled, or what CloudFront would refuse.
    """

    def __init__(
        self,
        distribution: Distribution,
        clock: Clock,
        fetch: Fetch,
        run_function: RunFunction,
        settings: EdgeSettings = DEFAULT_SETTINGS,
    ) -> None:
        require_modelled(distribution, settings)
        self._compiled = compile_distribution(distribution, settings)
        self._clock = clock
        self._run_function = run_function
        self._settings = settings
        self._origins = Origins(clock, fetch, settings)
        self._shield = Tier(clock, self._origins.answer, settings.max_objects)
        self._locations: dict[str, Tier] = {}
        self._recorder = Recorder(settings.remembered_decisions)
        self._requests = 0
        self._id_prefix = hashlib.sha256(f"{distribution.id}:{clock()!r}".encode()).hexdigest()[:24]

    @property
    def distribution(self) -> Distribution:
        """The distribution that is served."""
        return self._compiled.distribution

    def replace_distribution(self, distribution: Distribution) -> None:
        """Serve a distribution as deployed anew; what is cached stays.

        Raises:
            UnmodelledError: as at the start; then the one before is still served.
        """
        require_modelled(distribution, self._settings)
        self._compiled = compile_distribution(distribution, self._settings)

    def invalidate(self, items: Sequence[str]) -> int:
        """Forget objects at every location and the Origin Shield, and return how many there were.

        Args:
            items: paths, with ``*`` at the end or not, and tags, each with ``#`` in front.

        Raises:
            InvalidationItemError: an item that CloudFront would refuse; then nothing is forgotten.
        """
        invalidation = parse_invalidation(items)
        count = sum(tier.invalidate(invalidation) for tier in self._tiers())
        self._recorder.invalidated += count
        return count

    def statistics(self) -> Statistics:
        """Return what was counted since the start."""
        tiers = self._tiers()
        return Statistics(
            requests=self._requests,
            result_types=dict(self._recorder.result_types),
            path_patterns=dict(self._recorder.path_patterns),
            origin_requests=self._origins.requests,
            origin_shield_hits=self._recorder.origin_shield_hits,
            collapsed=sum(tier.collapsed for tier in tiers),
            objects=sum(len(tier.objects) for tier in tiers),
            evictions=sum(tier.objects.evictions for tier in tiers),
            invalidated=self._recorder.invalidated,
        )

    def last_decisions(self) -> tuple[RecordedDecision, ...]:
        """Return the last decisions, the newest last."""
        return tuple(self._recorder.decisions)

    async def settle(self) -> None:
        """Wait for refreshes in the background and for answers whose viewers have left."""
        for tier in self._tiers():
            await tier.settle()

    async def handle(self, request: ViewerRequest) -> ViewerResponse:
        """Return the answer to a viewer; whatever an origin or a function does, there is one."""
        started = self._clock()
        self._requests += 1
        inner = self._edge_request(request)
        location = self._settings.locate(request)
        host = inner.field("host")
        refusing = refusal(self._compiled, request, host, self._settings)
        if refusing is not None or host is None:
            outcome = _Outcome(refused(*(refusing or _NO_HOST)), inner)
        else:
            outcome = await self._outcome(request, inner, host, location)
        return self._respond(started, request, inner, outcome, location)

    async def _outcome(self, request: ViewerRequest, inner: EdgeRequest, host: str, location: str) -> _Outcome:
        compiled = self._compiled
        behavior = compiled.behavior_for(request.path)
        target = redirect(behavior, request, host)
        if target is not None:
            return _Outcome(redirected(*target), inner, behavior)
        refusing = behavior_refusal(behavior, request)
        if refusing is not None:
            return _Outcome(refused(*refusing), inner, behavior)
        log_data = None
        function = behavior.behavior.viewer_request
        if function is not None:
            changed, log_data = await run_viewer_request(
                compiled.distribution, function, inner, self._run_function, self._settings
            )
            if isinstance(changed, Answer):
                return _Outcome(changed, inner, behavior, log_data=log_data)
            inner = changed
        lookup = _lookup(compiled.distribution, behavior, inner)
        answer = await self._answer(lookup, self._location(location))
        if answer.response.status >= _FIRST_ERROR:
            answer = await self._with_error_page(compiled, answer, inner, location)
        return _Outcome(answer, lookup.request, behavior, lookup.key, log_data)

    async def _answer(self, lookup: Lookup, tier: Tier) -> Answer:
        """Ask the caches, or the origin directly for what is never cached."""
        method = lookup.request.method
        if method == "HEAD":
            whole = tier.fresh(("GET", *lookup.key[1:]))
            if whole is not None:
                return replace(whole, reasons=("head-from-get", *whole.reasons))
        elif method not in _ALWAYS_CACHED_METHODS and method not in lookup.behavior.behavior.cached_methods:
            return await self._origins.pass_through(lookup)
        return await tier.answer(lookup)

    async def _with_error_page(
        self, compiled: CompiledDistribution, answer: Answer, request: EdgeRequest, location: str
    ) -> Answer:
        """Put a custom error page in place of an error's body; an error page that fails leaves the error as it is."""
        rule = compiled.distribution.error_rules.get(answer.response.status)
        if rule is None or rule.response_page_path is None or request.method not in _ALWAYS_CACHED_METHODS:
            return answer
        behavior = compiled.behavior_for(rule.response_page_path)
        asked = replace(request, method="GET", path=rule.response_page_path, query="", fields={})
        page = await self._answer(_lookup(compiled.distribution, behavior, asked), self._location(location))
        requests = answer.origin_requests + page.origin_requests
        if page.response.status >= _FIRST_ERROR:
            return replace(answer, origin_requests=requests)
        status = rule.response_status or answer.response.status
        response = replace(page.response, status=status)
        return replace(
            answer, response=response, origin_requests=requests, reasons=(*answer.reasons, "custom-error-page")
        )

    async def _source(self, lookup: Lookup, stored: StoredObject | None) -> Answer:
        """Ask the Origin Shield where the origin has one, else the origin."""
        if not self._settings.origin_shield or lookup.behavior.origin.shield_region is None:
            return await self._origins.answer(lookup, stored)
        answer = await self._shield.answer(lookup)
        kept = None if answer.stored is None else replace(answer.stored)
        if answer.age_seconds is None or answer.result_type == "Error":
            return replace(answer, stored=kept)
        return replace(
            answer,
            stored=kept,
            detailed_result_type="OriginShieldHit",
            reasons=("origin-shield-hit", *answer.reasons),
            origin_shield_hit=True,
        )

    def _respond(
        self, started: float, request: ViewerRequest, inner: EdgeRequest, outcome: _Outcome, location: str
    ) -> ViewerResponse:
        answer, behavior = outcome.answer, outcome.behavior
        response, reasons = answer.response, answer.reasons
        if behavior is None:
            headers, pattern = plain_headers(inner, answer, location), ""
        else:
            if outcome.key and behavior.caches:
                response, rule = shaped(outcome.request, answer)
                reasons = reasons if rule is None else (*reasons, rule)
            headers = viewer_headers(behavior, inner, answer, response, location)
            pattern = behavior.behavior.path_pattern
        ended = self._clock()
        decision = Decision(
            path_pattern=pattern,
            key=outcome.key,
            result_type=answer.result_type,
            detailed_result_type=answer.detailed_result_type,
            reasons=reasons,
            ttl_seconds=None if answer.stored is None else answer.stored.lifetime.ttl_seconds,
            age_seconds=answer.age_seconds,
            log_data=outcome.log_data,
            origin_requests=answer.origin_requests,
            origin_shield_hit=answer.origin_shield_hit,
            to_first_byte_seconds=ended - started,
            taken_seconds=ended - started,
        )
        status = response.status
        host = inner.field("host") or ""
        self._recorder.record(RecordedDecision(started, request.method, host, request.path, status, decision))
        body = b"" if request.method == "HEAD" else response.body
        return ViewerResponse(status, headers, body, decision)

    def _edge_request(self, request: ViewerRequest) -> EdgeRequest:
        return EdgeRequest(
            method=request.method,
            path=request.path,
            query=request.query,
            fields=parse(request.headers),
            body=request.body,
            client_ip=request.client_ip,
            scheme=request.scheme,
            id=f"{self._id_prefix}{self._requests:020x}",
        )

    def _location(self, name: str) -> Tier:
        tier = self._locations.get(name)
        if tier is None:
            tier = self._locations[name] = Tier(self._clock, self._source, self._settings.max_objects)
        return tier

    def _tiers(self) -> tuple[Tier, ...]:
        return (self._shield, *self._locations.values())


def _lookup(distribution: Distribution, behavior: CompiledBehavior, request: EdgeRequest) -> Lookup:
    if request.path == "/" and distribution.default_root_object:
        request = replace(request, path=f"/{distribution.default_root_object}")
    tag_header = distribution.cache_tag_header
    return Lookup(
        key=cache_key(distribution.domain_name, behavior, request),
        uri=object_uri(behavior, request),
        behavior=behavior,
        request=request,
        cache_tag_header=None if tag_header is None else tag_header.lower(),
        byte_range=request.field("range") if behavior.caches and request.method == "GET" else None,
    )
