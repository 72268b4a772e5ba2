"""What the edge does with a URL and why, read from the cache contract; nothing is asked of anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.caching.ambiguous_paths import ambiguity
from strata.caching.classes import (
    AUTH_HASH_HEADER,
    IDENTITY_HEADERS,
    LANGUAGE_HEADER,
    LANGUAGES,
    RESERVED_HEADERS,
    UNKEYED_INPUTS,
)
from strata.caching.contract import EVERYTHING, BehaviorContract, CacheContract, current_contract
from strata.caching.path_matching import compile_pattern, normalised_path
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class ExplainError(StrataError):
    """A question that has no answer: not a URL, or a header with its value."""


@dataclass(frozen=True)
class Reason:
    """Something that was decided, and why.

    Args:
        name: of what: a path pattern, a header, a query parameter, a status, a TTL.
        why: a phrase.
    """

    name: str
    why: str


@dataclass(frozen=True)
class Explanation:
    """What the edge does with a request.

    Args:
        path: of the URL, raw.
        method: upper case.
        outcome: one sentence: what happens.
        behavior: the cache behavior that matches.
        matched: why it matches.
        not_matched: the behaviors tried before, each with why it does not match.
        edge_answers: statuses that the edge answers itself, without cache and origin, each with when.
        key: the parts of the cache key; empty where nothing is looked up.
        outside_key: what the origin sees beside the key, each with why that is safe.
        dropped: what of this request never reaches the origin.
        times: how long an answer is kept, and why; empty where none is.
    """

    path: str
    method: str
    outcome: str
    behavior: BehaviorContract
    matched: str
    not_matched: tuple[Reason, ...]
    edge_answers: tuple[Reason, ...]
    key: tuple[Reason, ...]
    outside_key: tuple[Reason, ...]
    dropped: tuple[Reason, ...]
    times: tuple[Reason, ...]


def explain(
    url: str, method: str = "GET", headers: Collection[str] = (), contract: CacheContract | None = None
) -> Explanation:
    """Return what the edge does with a request.

    Args:
        url: with or without scheme and host; the host does not choose the behavior.
        method: any case.
        headers: names of headers that the request carries; never their values.
        contract: the one of this checkout when None.

    Raises:
        ExplainError: not a URL, or a header that is more than a name.
    """
    path, query = _path_and_query(url)
    names = tuple(_header_name(header) for header in headers)
    behaviors = (contract or current_contract()).behaviors
    behavior = matching_behavior(path, behaviors)
    upper = method.upper()
    refusal = _refusal(path, upper, behavior)
    is_looked_up = not refusal and behavior.is_cached and upper in behavior.cached_methods
    return Explanation(
        path=path,
        method=upper,
        outcome=refusal or _outcome(upper, behavior),
        behavior=behavior,
        matched=_why_matched(behavior.path_pattern),
        not_matched=tuple(
            Reason(tried.path_pattern, _why_not(tried.path_pattern, path))
            for tried in behaviors[: behaviors.index(behavior)]
        ),
        edge_answers=tuple(_edge_answers(behavior)),
        key=tuple(_key(path, query, behavior)) if is_looked_up else (),
        outside_key=() if refusal else tuple(_outside_key(behavior)),
        dropped=() if refusal else tuple(_dropped(query, names, behavior)),
        times=tuple(_times(behavior)) if is_looked_up else (),
    )


def matching_behavior(path: str, behaviors: tuple[BehaviorContract, ...]) -> BehaviorContract:
    """Return the first behavior whose path pattern matches; the default one, which is last, always does."""
    compared = normalised_path(path)
    return next((found for found in behaviors if compile_pattern(found.path_pattern)(compared)), behaviors[-1])


def _path_and_query(url: str) -> tuple[str, str]:
    # urllib drops what it takes for white space, and that is what makes some paths ambiguous.
    located = re.fullmatch(r"(?:https?://[^/?#]+)?(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", url, re.DOTALL | re.IGNORECASE)
    if not url or located is None:
        allowed = "https://HOST/PATH or /PATH, with or without a query"
        raise ExplainError("not a URL", where={"URL": url}, allowed=allowed)
    return located[1] or "/", located[2] or ""


def _header_name(header: str) -> str:
    if not _HEADER_NAME.fullmatch(header):
        # What follows the name may be a token, so nothing of it is repeated.
        raise ExplainError(
            "a header is given by its name alone: a value would stay in the shell's history, and none is needed",
            allowed="--header authorization",
        )
    return header.lower()


def _refusal(path: str, method: str, behavior: BehaviorContract) -> str | None:
    reason = ambiguity(path)
    if method not in behavior.allowed_methods:
        return f"CloudFront answers 403: {method} does not pass here"
    return f"the edge function answers 400: the path holds {reason}" if reason else None


def _outcome(method: str, behavior: BehaviorContract) -> str:
    if not behavior.is_cached:
        return f"goes to the origin each time: class {behavior.cache_class} keeps nothing"
    if method not in behavior.cached_methods:
        return f"goes to the origin each time: answers to {method} are never kept"
    whose = "one for each caller" if behavior.is_per_caller else "one for everybody"
    return f"answered from the cache while an answer there is fresh: {whose}, for {behavior.fresh_seconds} s"


def _why_matched(pattern: str) -> str:
    if pattern == "*":
        return "the default behavior: no path pattern matched before"
    return "everything below this path" if pattern.endswith("/*") else "exactly this path"


def _why_not(pattern: str, path: str) -> str:
    if compile_pattern(pattern.lower())(path.lower()):
        return "differs in case, which counts"
    stem = pattern.removesuffix("/*")
    if pattern.endswith("/*"):
        return "the path itself is not below it" if path == stem else "the path is not below it"
    if path.startswith(f"{stem}/"):
        return "the path goes on below it"
    return "only begins alike" if path.startswith(stem) else "another path"


def _edge_answers(behavior: BehaviorContract) -> Iterator[Reason]:
    yield Reason("400", "the path is ambiguous, or there is more than one Authorization")
    yield Reason("401", "the Authorization is a JWT whose exp has passed")
    if behavior.is_cached and behavior.is_per_caller:
        yield Reason("401", "there is no Authorization, and the method is not OPTIONS")
    yield Reason("403", f"the method is none of {', '.join(behavior.allowed_methods)}")
    yield Reason("503", "the function's KeyValueStore does not hold its secrets")


def _key(path: str, query: str, behavior: BehaviorContract) -> Iterator[Reason]:
    yield Reason("host", "the distribution's own name, whatever alias was asked")
    yield Reason("path", path)
    for header in behavior.keyed_headers:
        yield Reason(header, _HEADERS_IN_KEY.get(header, "as the caller sent it; absent differs from empty"))
    sent = _parameters(query)
    for name in behavior.keyed_query_strings:
        yield Reason(f"?{name}", f"sent: {name}={sent[name]}" if name in sent else "not sent")
    if behavior.keyed_encodings:
        which = " and ".join(behavior.keyed_encodings)
        yield Reason("accept-encoding", f"normalised by CloudFront: which of {which} the caller takes")


_HEADERS_IN_KEY: Final = {
    AUTH_HASH_HEADER: (
        "digest of the caller, made by the function from host, tenant epoch and "
        f"{', '.join(IDENTITY_HEADERS)}; what a caller sends under this name is deleted"
    ),
    LANGUAGE_HEADER: f"normalised by the function to one of: {', '.join(LANGUAGES)}",
}


def _outside_key(behavior: BehaviorContract) -> Iterator[Reason]:
    if behavior.unkeyed_headers == EVERYTHING:
        yield Reason(
            "everything", "headers except Host, query and cookies: nothing is kept, so nothing can be mixed up"
        )
        return
    for name in behavior.unkeyed_headers:
        yield Reason(name, UNKEYED_INPUTS.get(name, "no reason is listed: the stack's plan refuses it"))


def _dropped(query: str, headers: Collection[str], behavior: BehaviorContract) -> Iterator[Reason]:
    for name in headers:
        if name in RESERVED_HEADERS:
            yield Reason(name, "only the function may set it: a caller's own is deleted, on every path")
    if not behavior.is_cached:
        return
    for name in _parameters(query):
        if name not in behavior.keyed_query_strings:
            yield Reason(f"?{name}", f"not a query parameter of class {behavior.cache_class}: the origin never sees it")
    forwarded = {*behavior.keyed_headers, *behavior.unkeyed_headers, *RESERVED_HEADERS, "accept-encoding"}
    for name in headers:
        if name in IDENTITY_HEADERS:
            yield Reason(name, _identity_fate(behavior))
        elif name not in forwarded:
            yield Reason(name, "neither in the key nor in the origin request policy")


def _identity_fate(behavior: BehaviorContract) -> str:
    if behavior.is_per_caller:
        return "its digest is in the key; the origin gets it in the relay header, where the middleware restores it"
    return "never reaches the origin here, which therefore cannot answer for one caller"


def _times(behavior: BehaviorContract) -> Iterator[Reason]:
    kept = min(behavior.fresh_seconds, behavior.max_ttl_seconds)
    yield Reason(f"{kept} s", f"s-maxage={behavior.fresh_seconds}, and the policy allows {behavior.max_ttl_seconds}")
    yield Reason(f"{behavior.default_ttl_seconds} s", "when the origin sends no Cache-Control: it has to opt in")
    yield Reason(f"{behavior.min_ttl_seconds} s", "at least, so an origin's no-store is obeyed")
    stale = behavior.stale_while_revalidate_seconds
    yield Reason(f"{stale} s", "stale while a new answer is fetched" if stale else "never stale while revalidating")
    error = behavior.stale_if_error_seconds
    yield Reason(f"{error} s", "stale in place of an error of the origin" if error else "never stale on an error")


def _parameters(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {name: value for name, _, value in pairs}
