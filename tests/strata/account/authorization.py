"""A small model of how IAM decides: an explicit denial, then an allowance, else a refusal.

It knows what the documents of Strata use and fails on anything else, so that nothing is passed over in silence
(IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

Context = Mapping[str, str]
Statement = Mapping[str, Any]


def allows(statements: Iterable[Statement], action: str, resource: str, context: Context | None = None) -> bool:
    """Say whether identity policies with these statements allow an action on a resource."""
    applying = [one for one in statements if _applies(one, action, resource, context or {})]
    return any(one["Effect"] == "Allow" for one in applying) and not any(one["Effect"] == "Deny" for one in applying)


def _applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}
    assert not unknown, unknown
    if not any(_like(pattern, action, re.IGNORECASE) for pattern in _listed(statement["Action"])):
        return False
    if "NotResource" in statement:
        if any(_like(pattern, resource) for pattern in _listed(statement["NotResource"])):
            return False
    elif not any(_like(pattern, resource) for pattern in _listed(statement["Resource"])):
        return False
    return all(
        _holds(operator, key, _listed(values), context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    if operator.endswith("IfExists"):
        return key not in context or _holds(operator.removesuffix("IfExists"), key, values, context)
    if key not in context:
        return False
    if operator in {"StringEquals", "ArnEquals"}:
        return context[key] in values
    if operator == "StringLike":
        return any(_like(_filled(value, context), context[key]) for value in values)
    raise AssertionError(f"unknown operator {operator}")


def _filled(value: str, context: Context) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: context[found[1]], value)


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    return bool(_compiled(pattern, flags).fullmatch(value))


@cache
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), flags | re.DOTALL)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
