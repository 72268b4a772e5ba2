"""A distribution made ready to answer: each behavior's policies parsed once, so that a request only looks up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.edge.host_names import compile_hosts
from strata.caching.path_matching import compile_pattern, normalised_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.edge.model import Behavior, Distribution, ErrorRule, Origin, Selection
    from local.edge.settings import EdgeSettings

#: How long an error is kept when no rule says otherwise (Developer Guide, "Control how long CloudFront caches errors").
DEFAULT_ERROR_TTL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Names:
    """A set of names, or all names but those of a set."""

    listed: frozenset[str]
    inverted: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.listed) != self.inverted

    def __bool__(self) -> bool:
        return self.inverted or bool(self.listed)

    def __or__(self, other: Names) -> Names:
        if self.inverted and other.inverted:
            return Names(self.listed & other.listed, inverted=True)
        if not self.inverted and not other.inverted:
            return Names(self.listed | other.listed)
        excepted, listed = (self, other) if self.inverted else (other, self)
        return Names(excepted.listed - listed.listed, inverted=True)


NO_NAMES = Names(frozenset())


@dataclass(frozen=True, slots=True)
class CompiledBehavior:
    """A cache behavior with its policies as sets.

    Args:
        behavior: as deployed.
        origin: where its misses go.
        matches: whether a raw path is this behavior's.
        key_headers: headers of the cache key in lower case, in the policy's order.
        key_cookies: cookies of the key.
        key_query_strings: query parameters of the key.
        encodings: what Accept-Encoding is reduced to, in the order of the normalised header; empty: not in the key.
        forwarded_headers: all headers that reach the origin, by either policy.
        forwarded_cookies: likewise.
        forwarded_query_strings: likewise.
        caches: whether anything but errors is ever kept.
        collapses: whether simultaneous requests for one key wait for the first.
        error_rules: by status.
    """

    behavior: Behavior
    origin: Origin
    matches: Callable[[str], bool]
    key_headers: tuple[str, ...]
    key_cookies: Names
    key_query_strings: Names
    encodings: tuple[str, ...]
    forwarded_headers: Names
    forwarded_cookies: Names
    forwarded_query_strings: Names
    caches: bool
    collapses: bool
    error_rules: Mapping[int, ErrorRule]

    def error_ttl_seconds(self, status: int) -> int:
        """Return how long an error of this status is kept at least."""
        rule = self.error_rules.get(status)
        return DEFAULT_ERROR_TTL_SECONDS if rule is None else rule.min_ttl


@dataclass(frozen=True, slots=True)
class CompiledDistribution:
    """A distribution with compiled behaviors, in order; the last one matches every path."""

    distribution: Distribution
    behaviors: tuple[CompiledBehavior, ...]
    is_own_host: Callable[[str], bool]
    normalises_path: bool

    def behavior_for(self, path: str) -> CompiledBehavior:
        """Return the first behavior whose path pattern matches a raw path."""
        compared = normalised_path(path) if self.normalises_path else path
        for behavior in self.behaviors:
            if behavior.matches(compared):
                return behavior
        raise AssertionError(path)  # the default behavior matches every path, which `local.edge.modelled` holds


def compile_distribution(distribution: Distribution, settings: EdgeSettings) -> CompiledDistribution:
    """Parse every policy of a distribution that `local.edge.modelled` has let pass."""
    return CompiledDistribution(
        distribution,
        tuple(_compile(distribution, behavior, settings) for behavior in distribution.behaviors),
        compile_hosts((distribution.domain_name, *distribution.aliases)),
        settings.normalise_path_for_matching,
    )


def _compile(distribution: Distribution, behavior: Behavior, settings: EdgeSettings) -> CompiledBehavior:
    policy, request_policy = behavior.cache_policy, behavior.origin_request_policy
    key_headers = tuple(name.lower() for name in policy.headers.names)
    cookies, query_strings = _names(policy.cookies), _names(policy.query_strings)
    also = (
        (NO_NAMES, NO_NAMES, NO_NAMES)
        if request_policy is None
        else (
            _header_names(request_policy.headers),
            _names(request_policy.cookies),
            _names(request_policy.query_strings),
        )
    )
    forwarded_cookies = cookies | also[1]
    caches = policy.max_ttl > 0
    return CompiledBehavior(
        behavior=behavior,
        origin=distribution.origins[behavior.origin_id],
        matches=compile_pattern(behavior.path_pattern),
        key_headers=key_headers,
        key_cookies=cookies,
        key_query_strings=query_strings,
        encodings=tuple(name for name, on in (("br", policy.brotli), ("gzip", policy.gzip)) if on),
        forwarded_headers=Names(frozenset(key_headers)) | also[0],
        forwarded_cookies=forwarded_cookies,
        forwarded_query_strings=query_strings | also[2],
        caches=caches,
        collapses=caches and _collapses(forwarded_cookies, settings),
        error_rules=distribution.error_rules,
    )


def _collapses(forwarded_cookies: Names, settings: EdgeSettings) -> bool:
    if not forwarded_cookies:
        return True
    return settings.collapse_with_cookie_whitelist and not forwarded_cookies.inverted


def _names(selection: Selection) -> Names:
    if selection.behavior == "none":
        return NO_NAMES
    if selection.behavior == "whitelist":
        return Names(frozenset(selection.names))
    return Names(frozenset(selection.names if selection.behavior == "allExcept" else ()), inverted=True)


def _header_names(selection: Selection) -> Names:
    names = _names(selection)
    return Names(frozenset(name.lower() for name in names.listed), names.inverted)
