"""What changes in the cache contract, as rows of a table: which paths, which fact, before and after."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from strata.caching.contract import (
    EVERYTHING,
    LOCK_FILE,
    WRITE_COMMAND,
    BehaviorContract,
    CacheContract,
    ContractLockError,
    from_json,
)
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_CHECKOUT: Final = LOCK_FILE.parents[1]
#: How the program's warning about a contract that differs from its lock file begins.
CONTRACT_WARNING: Final = "the cache contract is not as agreed to:\n"
_NOT_CACHED: Final = "not cached: the default behavior"


class BaseContractError(StrataError):
    """The contract of the base cannot be read."""


@dataclass(frozen=True)
class ContractChange:
    """One fact that changes on these paths.

    Args:
        paths: path patterns, or none for what holds for the whole distribution.
        fact: for example ``max ttl seconds``.
        before: as text; None for a path that is new.
        after: as text; None for a path that is gone.
        risk: what a reviewer should ask about it; None if it can only make the cache more careful.
    """

    paths: tuple[str, ...]
    fact: str
    before: str | None
    after: str | None
    risk: str | None


def base_contract(revision: str, checkout: Path = _CHECKOUT) -> CacheContract:
    """Return the contract that a revision of the checkout has agreed to.

    Raises:
        BaseContractError: git knows no such revision, or it holds no contract.
    """
    path = LOCK_FILE.relative_to(_CHECKOUT).as_posix()
    done = subprocess.run(
        ["git", "-C", str(checkout), "show", "--end-of-options", f"{revision}^{{commit}}:{path}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BaseContractError(
            "the cache contract of the base cannot be read",
            where={"revision": revision, "file": path, "git": done.stderr.strip()},
            allowed="a revision that this checkout holds",
            next_command="git fetch origin, then the command again",
        )
    try:
        return from_json(done.stdout)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ContractLockError(LOCK_FILE, f"the lock of the cache contract holds no contract at {revision}") from None


def contract_warning(sentences: Iterable[str]) -> str:
    """Return the program's one warning about a contract that differs from its lock file."""
    lines = "".join(f"  {sentence}\n" for sentence in sentences)
    return f"{CONTRACT_WARNING}{lines}next: {WRITE_COMMAND}"


def warned_sentences(warning: str) -> tuple[str, ...]:
    """Return the sentences out of such a warning."""
    return tuple(line.strip() for line in warning.splitlines() if line.startswith("  "))


def contract_changes(before: CacheContract, after: CacheContract) -> tuple[ContractChange, ...]:
    """Return what changes, the facts of paths with equal changes in one row."""
    old = {behavior.path_pattern: behavior for behavior in before.behaviors}
    new = {behavior.path_pattern: behavior for behavior in after.behaviors}
    rows: dict[tuple[str, str | None, str | None, str | None], list[str]] = {}
    for pattern in dict.fromkeys([*old, *new]):
        for row in _of_path(old.get(pattern), new.get(pattern)):
            rows.setdefault(row, []).append(pattern)
    by_path = (ContractChange(tuple(patterns), *row) for row, patterns in rows.items())
    return (*_of_distribution(before, after), *by_path)


_Row = tuple[str, str | None, str | None, str | None]


def _of_distribution(before: CacheContract, after: CacheContract) -> Iterable[ContractChange]:
    facts = (
        (
            "identity headers",
            _names(before.identity_headers),
            _names(after.identity_headers),
            "another caller's digest",
        ),
        ("header of cache tags", before.cache_tag_header, after.cache_tag_header, "purges by tag may miss"),
        ("kept seconds of errors", _errors(before.error_ttl_seconds), _errors(after.error_ttl_seconds), "kept errors"),
        ("order of paths", _order(before, after), _order(after, before), "the first path that matches wins"),
    )
    return (ContractChange((), fact, old, new, risk) for fact, old, new, risk in facts if old != new)


def _of_path(before: BehaviorContract | None, after: BehaviorContract | None) -> Iterable[_Row]:
    if before is None and after is not None:
        yield "class", _NOT_CACHED, after.cache_class, "answers are kept from now on" if after.is_cached else None
    elif after is None and before is not None:
        yield "class", before.cache_class, _NOT_CACHED, None
    elif before is not None and after is not None:
        for name in (field.name for field in fields(BehaviorContract)):
            old, new = getattr(before, name), getattr(after, name)
            if old != new:
                yield name.replace("_", " "), _shown(old), _shown(new), _risk(name, old, new)


def _risk(name: str, before: object, after: object) -> str | None:
    """Return what may go wrong; nothing where the change tells more apart, keeps shorter or forwards less."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return _risk_of_names(name, before, after)
    if isinstance(before, int) and isinstance(after, int) and name.endswith("_seconds"):
        return "answers are kept longer" if after > before else None
    if name == "is_per_caller":
        return "callers may share answers" if before and not after else None
    return None


def _risk_of_names(name: str, before: tuple[str, ...], after: tuple[str, ...]) -> str | None:
    if name.startswith("keyed_"):
        return "fewer answers are told apart" if set(before) - set(after) else None
    if name.startswith("unkeyed_"):
        return "the origin sees more than the key tells apart" if set(after) - set(before) else None
    return "more methods" if set(after) - set(before) else None


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "everything" if value == EVERYTHING else _names(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


def _errors(seconds_by_status: Mapping[int, int]) -> str:
    return ", ".join(f"{status}: {seconds} s" for status, seconds in sorted(seconds_by_status.items()))


def _order(one: CacheContract, other: CacheContract) -> str:
    """Return the patterns that both have, in the order of the one."""
    shared = {behavior.path_pattern for behavior in other.behaviors}
    return ", ".join(each.path_pattern for each in one.behaviors if each.path_pattern in shared)
