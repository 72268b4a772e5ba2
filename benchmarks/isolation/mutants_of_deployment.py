"""Faults of what is deployed: policies that say something else, and behaviors that match or associate another way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from benchmarks.isolation.mutant import Mutant, each, with_behaviors
from local.edge.model import NOTHING, OriginRequestPolicy, Selection
from strata.caching.classes import AUTH_HASH_HEADER, CACHED_PATHS, LANGUAGE_HEADER, RELAY_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.edge.control_plane import Deployment
    from local.edge.model import Behavior

_PAYMENTS: Final = "/api/v1/payments"
_ALL: Final = Selection("all")


def _is_cached(one: Behavior) -> bool:
    return one.cache_policy.max_ttl > 0


def _is_of_caller(one: Behavior) -> bool:
    return _is_cached(one) and AUTH_HASH_HEADER in one.cache_policy.headers.names


def _is_shared(one: Behavior) -> bool:
    return _is_cached(one) and not _is_of_caller(one)


def _is_default(one: Behavior) -> bool:
    return one.path_pattern == "*"


def _is_payments(one: Behavior) -> bool:
    return one.path_pattern.startswith(_PAYMENTS)


def _listed(selection: Selection, *more: str, without: str = "") -> Selection:
    names = (*(name for name in selection.names if name != without), *more)
    return Selection("whitelist", names) if names else NOTHING


def _policy(**changes: object) -> Callable[[Behavior], Behavior]:
    return lambda one: replace(one, cache_policy=replace(one.cache_policy, **changes))


def _request_policy(**changes: object) -> Callable[[Behavior], Behavior]:
    return lambda one: replace(one, origin_request_policy=replace(_request_policy_of(one), **changes))


def _request_policy_of(one: Behavior) -> OriginRequestPolicy:
    assert one.origin_request_policy is not None
    return one.origin_request_policy


def _without_key(name: str) -> Callable[[Behavior], Behavior]:
    return lambda one: _policy(headers=_listed(one.cache_policy.headers, without=name))(one)


def _forwarded_not_keyed(name: str) -> Callable[[Behavior], Behavior]:
    """Return what moves a header out of the key, so that the origin still sees it."""

    def change(one: Behavior) -> Behavior:
        seen = _listed(_request_policy_of(one).headers, name)
        return _request_policy(headers=seen)(_without_key(name)(one))

    return change


def _queries_forwarded_not_keyed(one: Behavior) -> Behavior:
    forwarded = _request_policy(query_strings=one.cache_policy.query_strings)(one)
    return _policy(query_strings=NOTHING)(forwarded)


def _with_relay(one: Behavior) -> Behavior:
    return _request_policy(headers=_listed(_request_policy_of(one).headers, RELAY_HEADER, AUTH_HASH_HEADER))(one)


def _as_static(deployment: Deployment) -> Behavior:
    return next(one for one in deployment.distribution.behaviors if _is_shared(one))


def _static_first(deployment: Deployment) -> Deployment:
    first = replace(_as_static(deployment), path_pattern="/api/v1/*")
    return with_behaviors(deployment, (first, *deployment.distribution.behaviors))


def _payments_by_prefix(deployment: Deployment) -> Deployment:
    return each(lambda one: replace(one, path_pattern=f"{_PAYMENTS}*"), lambda one: one.path_pattern == _PAYMENTS)(
        deployment
    )


def _static_policy_on_payments(deployment: Deployment) -> Deployment:
    policy = _as_static(deployment).cache_policy
    return each(lambda one: replace(one, cache_policy=policy), _is_payments)(deployment)


def _caller_policy_by_default(deployment: Deployment) -> Deployment:
    policy = next(one for one in deployment.distribution.behaviors if _is_of_caller(one)).cache_policy
    return each(lambda one: replace(one, cache_policy=policy), _is_default)(deployment)


def _default_errors(deployment: Deployment) -> Deployment:
    return replace(deployment, distribution=replace(deployment.distribution, error_rules={}))


def _listed_paths_unlisted(deployment: Deployment) -> Deployment:
    """Leave out the patterns with a star: what is below a collection falls to the default behavior."""
    kept = (one for one in deployment.distribution.behaviors if one.path_pattern in {*CACHED_PATHS, "*"})
    return with_behaviors(deployment, tuple(kept))


_DETACHED: Final[Callable[[Behavior], Behavior]] = lambda one: replace(one, viewer_request=None)  # noqa: E731 - a value
_EVERYTHING: Final = OriginRequestPolicy("Managed-AllViewer", Selection("allViewer"), _ALL, _ALL)

MUTANTS: Final = (
    Mutant(
        "hash-out-of-the-key",
        "policies",
        "callers share answers; the middleware, which sees no digest, keeps them out",
        each(_without_key(AUTH_HASH_HEADER), _is_of_caller),
    ),
    Mutant(
        "hash-forwarded-not-keyed",
        "policies",
        "callers share answers, and the origin believes that they do not",
        each(_forwarded_not_keyed(AUTH_HASH_HEADER), _is_of_caller),
    ),
    Mutant(
        "language-out-of-the-key",
        "policies",
        "readers get a language that they cannot read",
        each(_without_key(LANGUAGE_HEADER), lambda one: LANGUAGE_HEADER in one.cache_policy.headers.names),
    ),
    Mutant("minimum-ttl-of-1", "policies", "no-store is ignored", each(_policy(min_ttl=1, default_ttl=1), _is_cached)),
    Mutant(
        "default-ttl-of-a-day",
        "policies",
        "what says nothing about caches is kept",
        each(_policy(default_ttl=86_400, max_ttl=86_400), _is_cached),
    ),
    Mutant(
        "cookies-forwarded",
        "policies",
        "a session that is in no key makes the answer",
        each(_request_policy(cookies=_ALL), _is_cached),
    ),
    Mutant(
        "all-viewer-on-a-cached-path",
        "policies",
        "everything that a caller sends can poison what others get",
        each(lambda one: replace(one, origin_request_policy=_EVERYTHING), _is_of_caller),
    ),
    Mutant(
        "queries-forwarded-not-keyed",
        "policies",
        "a list's first page is served for its second",
        each(_queries_forwarded_not_keyed, _is_cached),
    ),
    Mutant(
        "queries-neither-keyed-nor-forwarded",
        "policies",
        "a list is served without the filter that was asked for",
        each(_policy(query_strings=NOTHING), _is_cached),
    ),
    Mutant(
        "relay-on-a-shared-path",
        "policies",
        "one caller's answer is kept for everybody",
        each(_with_relay, _is_shared),
    ),
    Mutant(
        "caching-disabled-swapped",
        "policies",
        "what is never to be kept is kept for a second and a day, whatever it says",
        each(_policy(name="Managed-CachingOptimized", min_ttl=1, default_ttl=86_400, max_ttl=31_536_000), _is_default),
    ),
    Mutant(
        "caller-class-by-default",
        "policies",
        "paths that nobody has listed lose inputs of the origin",
        _caller_policy_by_default,
    ),
    Mutant(
        "static-policy-on-a-caller-path",
        "policies",
        "callers share answers; the middleware, which sees no digest, keeps them out",
        _static_policy_on_payments,
    ),
    Mutant(
        "viewer-keeps-the-origins-cache-control",
        "policies",
        "a proxy before the viewer may keep a caller's answer",
        each(lambda one: replace(one, response_headers_policy=None), _is_of_caller),
    ),
    Mutant("errors-kept-by-default", "policies", "one failure is everybody's for 10 s", _default_errors),
    Mutant(
        "prefix-pattern",
        "behaviors",
        "/api/v1/payments* is also the pattern of /api/v1/payments-export",
        _payments_by_prefix,
    ),
    Mutant("static-before-callers", "behaviors", "caller paths are looked up without a caller", _static_first),
    Mutant(
        "function-detached-from-a-caller-path",
        "behaviors",
        "nothing names the caller, or drops forged headers",
        each(_DETACHED, _is_payments),
    ),
    Mutant(
        "function-detached-from-a-shared-path",
        "behaviors",
        "nothing drops forged headers or refuses ambiguous paths",
        each(_DETACHED, _is_shared),
    ),
    Mutant(
        "function-detached-by-default",
        "behaviors",
        "forged headers reach an origin that may believe them",
        each(_DETACHED, _is_default),
    ),
    Mutant(
        "only-collections-listed",
        "behaviors",
        "what is below a collection is not cached, and nobody is refused there at the edge",
        _listed_paths_unlisted,
    ),
)
