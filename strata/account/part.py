"""A part of the account's setting: what it should be, how it is read, and which calls make it so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from strata.account.settings import TAGS
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from strata.account.calls import Call

#: The setting that is the thing's being there.
ITSELF: Final = "itself"
Result = Literal["created", "updated", "unchanged"]
#: Stands for an ARN that AWS makes, in a dry run before there is one.
UNKNOWN_KEY_ARN: Final = "<the ARN of alias/strata-state>"


class ForeignThingError(StrataError):
    """Something of that name is there, and was made by somebody else."""


@dataclass(frozen=True)
class Part:
    """One setting of one thing.

    Args:
        thing: such as ``bucket strata-state-123456789012-eu-central-1``.
        setting: such as ``versioning``; `ITSELF` is whether the thing is there.
        wanted: as JSON values.
        read: returns what is, in the shape of `wanted`; None when it was never set.
        settle: returns the calls that lead from what is to what is wanted.
        comes_with_thing: whether the call that makes the thing sets it too.
    """

    thing: str
    setting: str
    wanted: Any
    read: Callable[[], Any]
    settle: Callable[[Any], Sequence[Call]]
    comes_with_thing: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a part, or would become of it.

    Args:
        thing: as in `Part`.
        setting: as in `Part`.
        result: what was done: nothing, for one that is as wanted.
        found: what was there before.
        wanted: what is there now.
        calls: those that were made, or that a dry run would make.
    """

    thing: str
    setting: str
    result: Result
    found: Any
    wanted: Any
    calls: Sequence[Call]


def owned(tags: Mapping[str, str]) -> bool:
    """Say whether something with these tags was made by a bootstrap."""
    return all(tags.get(key) == value for key, value in TAGS.items())


def require_owned(thing: str, tags: Mapping[str, str], instead: str) -> None:
    """Refuse something that a bootstrap did not make.

    Raises:
        ForeignThingError: it lacks the tags.
    """
    if owned(tags):
        return
    wanted = ", ".join(f"{key}={value}" for key, value in TAGS.items())
    raise ForeignThingError(
        f"{thing} is there already and was not made by this command",
        where={"tags": ", ".join(f"{key}={value}" for key, value in sorted(tags.items())) or "none"},
        allowed=f"a thing with the tags {wanted}: set them to hand it over to this command, which then changes it",
        next_command=instead,
    )


def text(document: Mapping[str, Any]) -> str:
    """Return a document as AWS takes it."""
    return json.dumps(document, separators=(",", ":"))


def same(found: Any, wanted: Any) -> bool:
    """Say whether two settings mean the same: AWS may return a list of one as its item, and lists in any order."""
    return bool(_plain(found) == _plain(wanted))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        items = sorted((_plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return value
