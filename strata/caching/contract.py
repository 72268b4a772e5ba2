"""The cache contract: per path, what is kept, for how long, under which key, and what the origin sees beside the key.

The stack's policies and behaviors are built from it (`infra.components.edge`), so what is locked is what is deployed.
The lock file holds the contract that was last agreed to; a change to either fails the tests until
``strata cache contract --write`` renews the file, where a reviewer reads it as a difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from strata.caching.classes import (
    CACHE_TAG_HEADER,
    CACHED_PATHS,
    ERROR_TTL_SECONDS,
    IDENTITY_HEADERS,
    NONE,
    CacheClass,
    path_patterns,
)
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK_FILE: Final = Path(__file__).parents[2] / "edge_functions" / "cache_contract.lock.json"
#: The path pattern of the default behavior.
DEFAULT_PATTERN: Final = "*"
#: Stands for every input of its kind; of headers, for every one that the viewer sent except Host.
EVERYTHING: Final = ("*",)
NOTHING: Final[tuple[str, ...]] = ()
#: What CloudFront may answer from the cache; it never keeps an answer to another method.
CACHED_METHODS: Final = ("GET", "HEAD")
#: Compressed answers are other objects; CloudFront normalises what the viewer accepts to these.
ACCEPT_ENCODINGS: Final = ("br", "gzip")
WRITE_COMMAND: Final = "strata cache contract --write"


class ContractLockError(StrataError):
    """A lock file that is missing or holds no contract."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            what, where={"file": path}, allowed="the file that the command writes", next_command=WRITE_COMMAND
        )
        self.path = path


@dataclass(frozen=True)
class BehaviorContract:
    """What holds on one path pattern.

    Args:
        path_pattern: as CloudFront spells it; ``*`` is the default behavior.
        cache_class: name of the class.
        is_per_caller: whether each caller has answers of their own.
        allowed_methods: what passes at all.
        cached_methods: what may be answered from the cache.
        min_ttl_seconds: above 0, an origin's no-store would be ignored for so long.
        default_ttl_seconds: how long an answer without Cache-Control is kept.
        max_ttl_seconds: how long an answer is kept at most; 0 is never.
        fresh_seconds: ``s-maxage`` that the origin sends.
        stale_while_revalidate_seconds: how long a stale answer may be served while a new one is fetched.
        stale_if_error_seconds: how long a stale answer may stand in for a failing origin.
        keyed_headers: in the key, and seen by the origin.
        keyed_query_strings: in the key, and seen by the origin.
        keyed_cookies: in the key, and seen by the origin.
        keyed_encodings: encodings in the key.
        unkeyed_headers: seen by the origin and not in the key.
        unkeyed_query_strings: seen by the origin and not in the key.
        unkeyed_cookies: seen by the origin and not in the key.
        origin_cache_control: what the origin's middleware emits.
        viewer_cache_control: what the viewer gets instead; None leaves the origin's.
    """

    path_pattern: str
    cache_class: str
    is_per_caller: bool
    allowed_methods: tuple[str, ...]
    cached_methods: tuple[str, ...]
    min_ttl_seconds: int
    default_ttl_seconds: int
    max_ttl_seconds: int
    fresh_seconds: int
    stale_while_revalidate_seconds: int
    stale_if_error_seconds: int
    keyed_headers: tuple[str, ...]
    keyed_query_strings: tuple[str, ...]
    keyed_cookies: tuple[str, ...]
    keyed_encodings: tuple[str, ...]
    unkeyed_headers: tuple[str, ...]
    unkeyed_query_strings: tuple[str, ...]
    unkeyed_cookies: tuple[str, ...]
    origin_cache_control: str
    viewer_cache_control: str | None

    @property
    def is_cached(self) -> bool:
        """Whether anything is kept on this path."""
        return self.max_ttl_seconds > 0


@dataclass(frozen=True)
class CacheContract:
    """All of it.

    Args:
        identity_headers: what a caller's digest is made from, beside the host and the tenant's epoch.
        cache_tag_header: the origin's header with an answer's tags.
        error_ttl_seconds: how long an error is kept at least, by status; CloudFront knows this per distribution only.
        behaviors: in the order in which CloudFront tries their path patterns, the default one last.
    """

    identity_headers: tuple[str, ...]
    cache_tag_header: str
    error_ttl_seconds: Mapping[int, int]
    behaviors: tuple[BehaviorContract, ...]

    @property
    def by_class(self) -> Mapping[str, BehaviorContract]:
        """One behavior of each class in use, the default one's first; those of a class differ in their pattern only."""
        return {behavior.cache_class: behavior for behavior in (self.behaviors[-1], *self.behaviors)}


def current_contract() -> CacheContract:
    """Return what the table of cache classes and the list of cached paths say."""
    return contract_of(CACHED_PATHS)


def contract_of(cached_paths: Mapping[str, CacheClass]) -> CacheContract:
    """Return the contract of these paths, each with everything below it, in this order; all others are never kept."""
    listed = [
        _behavior(pattern, cache_class) for path, cache_class in cached_paths.items() for pattern in path_patterns(path)
    ]
    behaviors = (*listed, _behavior(DEFAULT_PATTERN, NONE))
    return CacheContract(IDENTITY_HEADERS, CACHE_TAG_HEADER, ERROR_TTL_SECONDS, behaviors)


def _behavior(pattern: str, cache_class: CacheClass) -> BehaviorContract:
    is_cached = cache_class.is_cached
    return BehaviorContract(
        path_pattern=pattern,
        cache_class=cache_class.name,
        is_per_caller=cache_class.keyed_by_caller,
        allowed_methods=cache_class.allowed_methods,
        cached_methods=CACHED_METHODS,
        min_ttl_seconds=0,
        default_ttl_seconds=0,
        max_ttl_seconds=cache_class.max_ttl_seconds,
        fresh_seconds=cache_class.fresh_seconds,
        stale_while_revalidate_seconds=cache_class.stale_while_revalidate_seconds,
        stale_if_error_seconds=cache_class.stale_if_error_seconds,
        # What is never kept has no key: AWS's own policies turn caching off and forward the whole request.
        keyed_headers=cache_class.keyed_headers if is_cached else NOTHING,
        keyed_query_strings=cache_class.query_strings if is_cached else NOTHING,
        keyed_cookies=NOTHING,
        keyed_encodings=ACCEPT_ENCODINGS if is_cached else NOTHING,
        unkeyed_headers=cache_class.unkeyed_headers if is_cached else EVERYTHING,
        unkeyed_query_strings=NOTHING if is_cached else EVERYTHING,
        unkeyed_cookies=NOTHING if is_cached else EVERYTHING,
        origin_cache_control=cache_class.origin_cache_control,
        viewer_cache_control=cache_class.viewer_cache_control,
    )


def to_json(contract: CacheContract) -> str:
    """Return the text of the lock file: a line per fact, so that a difference is read line by line."""
    behaviors = ",\n".join(_json_object(_values(behavior), 4) for behavior in contract.behaviors)
    rest = {**_values(contract), "error_ttl_seconds": dict(contract.error_ttl_seconds)}
    del rest["behaviors"]
    head = _json_object(rest, 0).removesuffix("\n}")
    return f'{head},\n  "behaviors": [\n{behaviors}\n  ]\n}}\n'


def from_json(text: str) -> CacheContract:
    """Return the contract that a text holds.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it holds none.
    """
    values = json.loads(text)
    behaviors = tuple(BehaviorContract(**_frozen(behavior)) for behavior in values.pop("behaviors"))
    error_ttl_seconds = {int(status): ttl for status, ttl in values.pop("error_ttl_seconds").items()}
    return CacheContract(**_frozen(values), error_ttl_seconds=error_ttl_seconds, behaviors=behaviors)


def read_lock(path: Path = LOCK_FILE) -> CacheContract:
    """Return the contract that was last agreed to.

    Raises:
        ContractLockError: there is no such file, or it holds no contract.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractLockError(path, f"the lock of the cache contract cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ContractLockError(path, "the lock of the cache contract holds no contract") from None


def write_lock(contract: CacheContract, path: Path = LOCK_FILE) -> None:
    """Record a contract as agreed to."""
    path.write_text(to_json(contract), encoding="utf-8")


def differences(locked: CacheContract, current: CacheContract) -> tuple[str, ...]:
    """Return what changed since the lock as sentences for a reviewer, in the order of the paths; empty if nothing."""
    before = {behavior.path_pattern: behavior for behavior in locked.behaviors}
    after = {behavior.path_pattern: behavior for behavior in current.behaviors}
    found = [
        *_set_difference("identity header", "the caller's digest", locked.identity_headers, current.identity_headers),
        *_value_difference("header of cache tags", locked.cache_tag_header, current.cache_tag_header),
        *_error_differences(locked.error_ttl_seconds, current.error_ttl_seconds),
        *_order_difference(list(before), list(after)),
    ]
    per_path: dict[str, list[str]] = {}
    for pattern in dict.fromkeys([*before, *after]):
        for sentence in _path_differences(before.get(pattern), after.get(pattern)):
            per_path.setdefault(sentence, []).append(pattern)
    return (*found, *by_path(per_path))


def by_path(sentences: Mapping[str, list[str]]) -> list[str]:
    """Return each sentence with the paths that it is true of in front."""
    return [f"{', '.join(patterns)}: {sentence}" for sentence, patterns in sentences.items()]


#: What is counted, and what it is counted in.
_GROUPS: Final = {
    "allowed_methods": ("", "the allowed methods"),
    "cached_methods": ("", "the cached methods"),
    "keyed_headers": ("", "the cache key"),
    "keyed_query_strings": ("query parameter ", "the cache key"),
    "keyed_cookies": ("cookie ", "the cache key"),
    "keyed_encodings": ("encoding ", "the cache key"),
    "unkeyed_headers": ("", "what the origin sees outside the key"),
    "unkeyed_query_strings": ("query parameter ", "what the origin sees outside the key"),
    "unkeyed_cookies": ("cookie ", "what the origin sees outside the key"),
}


def _path_differences(before: BehaviorContract | None, after: BehaviorContract | None) -> list[str]:
    if before is None and after is not None:
        return [f"is new, with the class {after.cache_class}"]
    if after is None and before is not None:
        return [f"is not listed any more, and had the class {before.cache_class}"]
    found: list[str] = []
    for name in (field.name for field in fields(BehaviorContract)):
        old, new = getattr(before, name), getattr(after, name)
        if name in _GROUPS:
            found += _set_difference(*_GROUPS[name], old, new)
        else:
            found += _value_difference(name.replace("_", " "), old, new)
    return found


def _set_difference(noun: str, place: str, before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    label = f"{noun.strip()} " if noun else ""
    left = [f"{label}{_input(name)} left {place}" for name in before if name not in after]
    return left + [f"{label}{_input(name)} joined {place}" for name in after if name not in before]


def _input(name: str) -> str:
    return "everything" if (name,) == EVERYTHING else name


def _value_difference(noun: str, before: object, after: object) -> list[str]:
    return [] if before == after else [f"{noun} changed from {_shown(before)} to {_shown(after)}"]


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _order_difference(before: list[str], after: list[str]) -> list[str]:
    """Return a sentence when patterns that stayed are tried in another order: the first that matches wins."""
    stayed = [pattern for pattern in after if pattern in before]
    if stayed == [pattern for pattern in before if pattern in after]:
        return []
    return [f"paths are tried in another order: {', '.join(after)}"]


def _error_differences(before: Mapping[int, int], after: Mapping[int, int]) -> list[str]:
    return [
        sentence
        for status in sorted({*before, *after})
        for sentence in _value_difference(f"error ttl seconds of {status}", before.get(status), after.get(status))
    ]


def _values(contract: BehaviorContract | CacheContract) -> dict[str, Any]:
    return {field.name: getattr(contract, field.name) for field in fields(contract)}


def _json_object(values: Mapping[str, Any], indent: int) -> str:
    lines = [f"{' ' * (indent + 2)}{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    return " " * indent + "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


def _frozen(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
