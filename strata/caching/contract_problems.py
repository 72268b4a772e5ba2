"""What must not be in a cache contract: each rule names the leak or the outage that it prevents.

The stack refuses a contract with problems before any resource is registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.caching.classes import (
    AUTH_HASH_HEADER,
    IDENTITY_HEADERS,
    READ_METHODS,
    RELAY_HEADER,
    UNKEYED_INPUTS,
)
from strata.caching.contract import (
    CACHED_METHODS,
    DEFAULT_PATTERN,
    EVERYTHING,
    BehaviorContract,
    CacheContract,
    by_path,
)
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: CloudFront quotas: names of one kind in one policy; cache behaviors of a distribution, with the default one.
_MOST_NAMES: Final = 10
_MOST_BEHAVIORS: Final = 75
#: Kept for 10 seconds unless told otherwise (Developer Guide, "How CloudFront caches errors").
_ALWAYS_KEPT_ERRORS: Final = (404, 414, 500, 501, 502, 503, 504)
_NEVER_KEPT_BY_VIEWERS: Final = "private, no-store"


class CacheContractError(StrataError):
    """A contract that could serve one caller's answer to another, or keep what must not be kept."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        super().__init__(
            f"the cache contract has {count}",
            where={"file": "strata/caching/classes.py"},
            next_command="edit strata/caching/classes.py, then pulumi preview",
        )
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(
            [f"{self.what}:", *(f"  {problem}" for problem in self.problems), f"next: {self.next_command}"]
        )


def require_sound(contract: CacheContract) -> None:
    """Return when a contract has no problem.

    Raises:
        CacheContractError: with every problem.
    """
    found = problems(contract)
    if found:
        raise CacheContractError(found)


def problems(contract: CacheContract) -> tuple[str, ...]:
    """Return every problem as a sentence with the paths that have it in front; empty when there is none."""
    per_path: dict[str, list[str]] = {}
    for behavior in contract.behaviors:
        for sentence in _behavior_problems(behavior):
            per_path.setdefault(sentence, []).append(behavior.path_pattern)
    return (*_contract_problems(contract), *by_path(per_path))


def _contract_problems(contract: CacheContract) -> Iterator[str]:
    for status in _ALWAYS_KEPT_ERRORS:
        if contract.error_ttl_seconds.get(status) != 0:
            yield f"errors: a {status} is kept, for 10 seconds where nothing is said; allowed: 0"
    if not contract.identity_headers:
        yield "identity: no header tells callers apart"
    patterns = [behavior.path_pattern for behavior in contract.behaviors]
    if patterns[-1:] != [DEFAULT_PATTERN] or patterns.count(DEFAULT_PATTERN) != 1:
        yield f"paths: {DEFAULT_PATTERN} is the default behavior; allowed: once, as the last one"
    if len(patterns) > _MOST_BEHAVIORS:
        yield f"paths: {len(patterns)} behaviors; CloudFront takes {_MOST_BEHAVIORS}"
    for pattern in dict.fromkeys(pattern for pattern in patterns if patterns.count(pattern) > 1):
        yield f"{pattern}: is listed twice, and only the first one counts"


def _behavior_problems(behavior: BehaviorContract) -> Iterator[str]:
    yield from _pattern(behavior)
    yield from _methods(behavior)
    if not behavior.is_cached:
        return
    for rule in _CACHED_RULES:
        yield from rule(behavior)


def _pattern(behavior: BehaviorContract) -> Iterator[str]:
    pattern = behavior.path_pattern
    if pattern == DEFAULT_PATTERN:
        if behavior.is_cached:
            yield "what is not listed would be kept; allowed: a class that keeps nothing"
    elif "?" in pattern or ("*" in pattern and not (pattern.endswith("/*") and pattern.count("*") == 1)):
        yield "the pattern also matches its neighbors; allowed: a path, and the same path with /* behind it"


def _methods(behavior: BehaviorContract) -> Iterator[str]:
    if set(behavior.cached_methods) != set(CACHED_METHODS):
        yield f"answers to {', '.join(behavior.cached_methods)} may be kept; allowed: {', '.join(CACHED_METHODS)}"
    writes = sorted(set(behavior.allowed_methods) - set(READ_METHODS))
    if writes and not behavior.is_per_caller:
        yield f"{', '.join(writes)} would reach an origin that does not learn who calls; allowed: a class per caller"


def _ttls(behavior: BehaviorContract) -> Iterator[str]:
    if behavior.min_ttl_seconds > 0:
        yield f"min_ttl is {behavior.min_ttl_seconds}, so an origin's no-store would be ignored; allowed: 0"
    if behavior.default_ttl_seconds > 0:
        yield (
            f"default_ttl is {behavior.default_ttl_seconds}, so answers are kept that the origin said nothing about; "
            "allowed: 0"
        )
    windows = max(behavior.stale_while_revalidate_seconds, behavior.stale_if_error_seconds)
    least = behavior.fresh_seconds + windows
    if behavior.max_ttl_seconds < least:
        yield (
            f"max_ttl is {behavior.max_ttl_seconds}, so no stale answer is left to serve; "
            f"allowed: {least} or more (s-maxage and the longer stale window)"
        )
    if "stale-if-error=" not in behavior.origin_cache_control:
        yield "the origin says nothing of stale-if-error, and CloudFront then serves stale; allowed: stale-if-error=N"


def _inputs(behavior: BehaviorContract) -> Iterator[str]:
    if behavior.unkeyed_headers == EVERYTHING:
        yield "every header reaches the origin and is not in the key; allowed: a list"
    else:
        yield from (
            f"{name} reaches the origin and is not in the key; allowed: {', '.join(UNKEYED_INPUTS)}"
            for name in behavior.unkeyed_headers
            if name not in UNKEYED_INPUTS and name not in behavior.keyed_headers
        )
    if behavior.unkeyed_query_strings:
        yield f"{_named('query parameter', behavior.unkeyed_query_strings)} reaches the origin and is not in the key"
    if behavior.keyed_cookies or behavior.unkeyed_cookies:
        yield "cookies reach the origin, so Set-Cookie is kept and replayed; allowed: none"


def _named(noun: str, names: tuple[str, ...]) -> str:
    return f"every {noun}" if names == EVERYTHING else f"{noun} {', '.join(names)}"


def _identity(behavior: BehaviorContract) -> Iterator[str]:
    raw = [name for name in (*IDENTITY_HEADERS, RELAY_HEADER) if name in behavior.keyed_headers]
    if raw:
        yield f"{', '.join(raw)} is in the key as it is; allowed: its digest, {AUTH_HASH_HEADER}"
    if behavior.is_per_caller:
        yield from _caller_rules(behavior)
        return
    told = {AUTH_HASH_HEADER, RELAY_HEADER, *IDENTITY_HEADERS, *EVERYTHING}
    seen = [name for name in (*behavior.keyed_headers, *behavior.unkeyed_headers) if name in told]
    if seen:
        yield f"{', '.join(seen)} tells who calls to an origin that answers everybody alike; allowed: none of them"


def _caller_rules(behavior: BehaviorContract) -> Iterator[str]:
    if AUTH_HASH_HEADER not in behavior.keyed_headers:
        yield f"{AUTH_HASH_HEADER} is not in the key, so callers would see each other's answers"
    if behavior.viewer_cache_control != _NEVER_KEPT_BY_VIEWERS:
        yield f"a cache behind CloudFront may keep a caller's answer; allowed: {_NEVER_KEPT_BY_VIEWERS} for viewers"
    if behavior.stale_while_revalidate_seconds or behavior.stale_if_error_seconds:
        yield "a caller's answer may be served stale, after the caller has lost the right to it; allowed: 0"


def _sizes(behavior: BehaviorContract) -> Iterator[str]:
    kinds = {
        "headers in the key": behavior.keyed_headers,
        "query parameters in the key": behavior.keyed_query_strings,
        "headers outside the key": behavior.unkeyed_headers,
    }
    for noun, names in kinds.items():
        if len(names) > _MOST_NAMES:
            yield f"{len(names)} {noun}; CloudFront takes {_MOST_NAMES} in a policy"


_CACHED_RULES: Final[tuple[Callable[[BehaviorContract], Iterator[str]], ...]] = (_ttls, _inputs, _identity, _sizes)
