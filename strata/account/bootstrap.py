"""Set an account up, or say what would be done: each part is read, compared, and settled before the next one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from strata.account import bucket, github, key, roles
from strata.account.part import ITSELF, Outcome, Part, Result, same
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.account.calls import Account, Call
    from strata.account.settings import AccountSettings

#: A minute in all.
_PAUSES_SECONDS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class NotShownError(StrataError):
    """What was made cannot be read."""


def parts(account: Account, settings: AccountSettings) -> Iterator[Part]:
    """Yield every part of the account; later ones name the key, so those of the key are settled when they come."""
    yield from key.parts(account, settings)
    key_arn = key.key_arn(account)
    yield from bucket.parts(account, settings, key_arn)
    yield from github.parts(account, settings)
    yield from roles.parts(account, settings, key_arn)


def differences(account: Account, settings: AccountSettings) -> Iterator[Outcome]:
    """Yield for each part what a bootstrap would do; nothing is changed.

    Raises:
        ForeignThingError: something of ours was made by somebody else.
        AccountCallError: AWS refused to say what is there.
    """
    return _outcomes(account, settings, None)


def bootstrap(account: Account, settings: AccountSettings) -> Iterator[Outcome]:
    """Settle each part and yield what was done; a run that was killed is gone on with by the next one.

    Raises:
        ForeignThingError: something of ours was made by somebody else.
        AccountCallError: AWS refused a call.
        NotShownError: AWS made something and does not show it.
    """
    return _outcomes(account, settings, account.make)


def _outcomes(account: Account, settings: AccountSettings, make: Callable[[Call], None] | None) -> Iterator[Outcome]:
    created: set[str] = set()
    for part in parts(account, settings):
        outcome = _outcome(part, is_new=part.thing in created)
        if outcome.result == "created" and part.setting == ITSELF:
            created.add(part.thing)
        if make and outcome.calls:
            for call in outcome.calls:
                make(call)
            if outcome.result == "created":
                wait_until_shown(part)
        yield outcome


def wait_until_shown(part: Part, pauses_seconds: Sequence[float] = _PAUSES_SECONDS) -> None:
    """Wait until AWS shows what it has made: IAM and KMS answer some reads from copies that are seconds old.

    Raises:
        NotShownError: it does not, after a minute.
    """
    for pause in pauses_seconds:
        time.sleep(pause)
        if part.read() is not None:
            return
    raise NotShownError(
        f"AWS made a part and does not show it: {part.thing}, {part.setting}",
        next_command="strata account bootstrap (again, in a minute)",
    )


def _outcome(part: Part, *, is_new: bool) -> Outcome:
    if is_new and part.comes_with_thing:
        return Outcome(part.thing, part.setting, "created", None, part.wanted, ())
    found = part.read()
    if same(found, part.wanted):
        return Outcome(part.thing, part.setting, "unchanged", found, part.wanted, ())
    result: Result = "created" if found is None else "updated"
    return Outcome(part.thing, part.setting, result, found, part.wanted, tuple(part.settle(found)))
