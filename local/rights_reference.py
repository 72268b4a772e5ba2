"""The page about what each role may do, from the table that its policies are made from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from strata.account.rights.roles import AREAS, DRIFT_LOGIN, INSIDE, PLANNING
from strata.account.rights.state import READ_EVERY_STATE, READ_STATE, WRITE_STATE
from strata.account.rights.unscoped import ON_EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from strata.account.rights.grant import Grant

_HEAD = """# Rights of the roles

`strata account bootstrap` makes these roles; [the guide](../guides/account-bootstrap.md) says who takes them.
`preview` reads the state of every stack and what planning asks AWS.
`drift` and `deploy` are one role for each environment.

Names in braces are filled in for the account and the environment. "Tagged as the stack's" means the tag `Stack`, which
every resource of a stack carries, with the environment's name.
"""


def render() -> str:
    """Return the page."""
    everywhere = (f"| `{action}` | {reason} |" for action, reason in ON_EVERYTHING.items())
    return "\n".join(
        [
            _HEAD,
            *_grants("State: preview", READ_EVERY_STATE),
            *_grants("State: drift", READ_STATE),
            *_grants("State: deploy", WRITE_STATE),
            *_grants("Planning: all three", PLANNING),
            *_grants("Inside the database: drift", DRIFT_LOGIN),
            *_grants("Inside resources: deploy", INSIDE),
            "## Resource types",
            "",
            "`drift` has the reads; `deploy` has both.",
            "",
            "| type | reads | writes |",
            "|---|---|---|",
            *_types(),
            "",
            "## On every resource of the account",
            "",
            "| action | why it is not narrower |",
            "|---|---|",
            *everywhere,
            "",
        ]
    )


def _grants(title: str, grants: Iterable[Grant]) -> Iterator[str]:
    yield from (f"## {title}", "", "| actions | on | when |", "|---|---|---|")
    for grant in grants:
        yield f"| {_codes(grant.actions)} | {_codes(_short(pattern) for pattern in grant.on)} | {_when(grant)} |"
    yield ""


def _types() -> Iterator[str]:
    for area in AREAS.values():
        for one in area:
            yield f"| `{one.type_token}` | {_actions(one.reads)} | {_actions(one.writes)} |"


def _actions(grants: Iterable[Grant]) -> str:
    """Return each action once, with what narrows it; tags say it shortest."""
    said = dict.fromkeys(f"`{action}`{_mark(grant)}" for grant in grants for action in grant.actions)
    return ", ".join(said) or "none"


def _mark(grant: Grant) -> str:
    return f" ({_when(grant)})" if grant.when else ""


def _when(grant: Grant) -> str:
    if grant.when is None:
        return ""
    return " and ".join(_condition(operator, key, value) for operator, key, value in grant.when.entries)


def _condition(operator: str, key: str, value: str | tuple[str, ...]) -> str:
    if key == "aws:RequestTag/Stack":
        return "made or tagged as the stack's"
    if key == "aws:ResourceTag/Stack":
        return "no other stack's" if operator.endswith("IfExists") else "tagged as the stack's"
    values = [value] if isinstance(value, str) else value
    return f"`{key}` is {' or '.join(f'`{_short(one)}`' for one in values)}"


def _short(pattern: str) -> str:
    """Return an ARN pattern without what all of them share."""
    return re.sub(r"^arn:\{partition\}:", "", pattern).replace("{{", "{").replace("}}", "}")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
