"""Set an account up, or say what would be done: each part is read, compared, and settled before the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.account import bucket, github, key, roles
from strata.account.part import ITSELF, Outcome, Part, Result, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.account.calls import Account, Call
    from strata.account.settings import AccountSettings


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
    return _outcomes(account, settings, lambda _: None)


def bootstrap(account: Account, settings: AccountSettings) -> Iterator[Outcome]:
    """Settle each part and yield what was done; a run that was killed is gone on with by the next one.

    Raises:
        ForeignThingError: something of ours was made by somebody else.
        AccountCallError: AWS refused a call.
    """
    return _outcomes(account, settings, account.make)


def _outcomes(account: Account, settings: AccountSettings, make: Callable[[Call], None]) -> Iterator[Outcome]:
    created: set[str] = set()
    for part in parts(account, settings):
        outcome = _outcome(part, is_new=part.thing in created)
        if outcome.result == "created" and part.setting == ITSELF:
            created.add(part.thing)
        for call in outcome.calls:
            make(call)
        yield outcome


def _outcome(part: Part, *, is_new: bool) -> Outcome:
    if is_new and part.comes_with_thing:
        return Outcome(part.thing, part.setting, "created", None, part.wanted, ())
    found = part.read()
    if same(found, part.wanted):
        return Outcome(part.thing, part.setting, "unchanged", found, part.wanted, ())
    result: Result = "created" if found is None else "updated"
    return Outcome(part.thing, part.setting, result, found, part.wanted, tuple(part.settle(found)))
