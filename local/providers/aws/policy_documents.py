"""Resource policies in JSON: what AWS refuses about their form, and whom they admit.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from local.providers.resource import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.providers.resource import Properties

_ELEMENTS = frozenset(
    {
        *("Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal", "Resource", "Sid"),
    }
)
_OPERATORS = frozenset(
    {
        *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *("StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan"),
        *("NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals"),
        *("DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals"),
        *("IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null"),
    }
)
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+")
_ARN = re.compile(r"arn:aws[a-z-]*:[^:]*:[^:]*:[^:]*:.+")
_PRINCIPALS = {
    "AWS": re.compile(r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/.+)"),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
    "Federated": re.compile(r".+"),
    "Service": re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?"),
}


def parse(policy: Any) -> Properties | None:
    """Return a policy given as JSON text or as a document, or None when it is neither."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return None
    return policy if isinstance(policy, dict) else None


def text(policy: Any) -> str:
    """Return a policy given as text or as a document as JSON text."""
    return policy if isinstance(policy, str) else json.dumps(policy)


def same(live: Any, said: Any) -> bool:
    """Return whether two policies are the same document in other words."""
    return said is not None and parse(live) == parse(said)


def statements(document: Properties) -> list[Properties]:
    """Return the statements; one alone need not be a list."""
    return [item for item in listed(document.get("Statement")) if isinstance(item, dict)]


def listed(value: Any) -> list[Any]:
    """Return what IAM takes as one or as several, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def failures(policy: Any, service: str, resources: tuple[str, ...]) -> Iterator[str]:
    """Return what AWS would call malformed in a resource policy.

    Args:
        policy: JSON text or document.
        service: the prefix that every action has, for example ``s3``.
        resources: patterns of the resources that the policy may speak of.
    """
    document = parse(policy)
    if document is None:
        yield "MalformedPolicy: is not a JSON object"
        return
    if document.get("Version") not in ("2012-10-17", "2008-10-17", None):
        yield f"MalformedPolicy: Version {document['Version']!r}; allowed: 2012-10-17, 2008-10-17"
    if not statements(document):
        yield "MalformedPolicy: has no Statement"
    identifiers = [item["Sid"] for item in statements(document) if item.get("Sid")]
    for sid in sorted({sid for sid in identifiers if identifiers.count(sid) > 1}):
        yield f"MalformedPolicy: the Sid {sid} is there twice"
    for index, statement in enumerate(statements(document)):
        name = statement.get("Sid") or f"statement {index}"
        yield from (f"MalformedPolicy: {name}: {reason}" for reason in _statement(statement, service, resources))


def _statement(statement: Properties, service: str, resources: tuple[str, ...]) -> Iterator[str]:
    for element in sorted(statement.keys() - _ELEMENTS):
        yield f"no such element: {element}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect {statement.get('Effect')!r}; allowed: Allow, Deny"
    for one, other in (("Action", "NotAction"), ("Principal", "NotPrincipal"), ("Resource", "NotResource")):
        if (one in statement) == (other in statement):
            yield f"needs exactly one of {one} and {other}"
    for action in listed(statement.get("Action")) + listed(statement.get("NotAction")):
        if action is not UNKNOWN and not (_ACTION.fullmatch(action) and action.partition(":")[0] in ("*", service)):
            yield f"Action {action!r} is not an action of {service}"
    for resource in listed(statement.get("Resource")) + listed(statement.get("NotResource")):
        if resource is not UNKNOWN and not any(fnmatchcase(resource, pattern) for pattern in resources):
            yield f"Resource {resource!r} is not one of {', '.join(resources)}"
    yield from _principals(statement.get("Principal", statement.get("NotPrincipal")))
    yield from _conditions(statement.get("Condition"))


def _principals(principal: Any) -> Iterator[str]:
    if principal in (None, "*", UNKNOWN):
        return
    if not isinstance(principal, dict):
        yield f"Principal {principal!r} is neither * nor an object"
        return
    for kind, values in principal.items():
        if kind not in _PRINCIPALS:
            yield f"Principal has no kind {kind!r}; allowed: {', '.join(_PRINCIPALS)}"
            continue
        for value in listed(values):
            if value is not UNKNOWN and not _PRINCIPALS[kind].fullmatch(str(value)):
                yield f"Principal {kind} {value!r} is not valid"


def _conditions(condition: Any) -> Iterator[str]:
    for operator, keys in (condition or {}).items():
        base = operator.rpartition(":")[2].removesuffix("IfExists")
        if base not in _OPERATORS:
            yield f"no such condition operator: {operator}"
        for key, values in keys.items() if isinstance(keys, dict) else ():
            for value in listed(values) if base.startswith("Arn") else []:
                if isinstance(value, str) and not _ARN.fullmatch(value) and "*" not in value:
                    yield f"Condition {operator} {key}: {value!r} is not an ARN"


def admits(policy: Any, principal: str, action: str, resource: str) -> bool:
    """Return whether some Allow statement names a principal with an action on a resource; conditions are not weighed.

    Args:
        policy: JSON text or document.
        principal: an ARN, an account or a service name.
        action: for example ``s3:PutObject``.
        resource: an ARN.
    """
    return any(
        statement.get("Effect") == "Allow"
        and principal in _named(statement.get("Principal"))
        and any(fnmatchcase(action, pattern) for pattern in listed(statement.get("Action")))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement.get("Resource")))
        for statement in statements(parse(policy) or {})
    )


def is_public(policy: Any) -> bool:
    """Return whether a statement lets anybody in without a condition: what Block Public Policy refuses at least."""
    return any(
        statement.get("Effect") == "Allow"
        and "*" in _named(statement.get("Principal"))
        and not statement.get("Condition")
        for statement in statements(parse(policy) or {})
    )


def _named(principal: Any) -> list[Any]:
    if isinstance(principal, dict):
        return [value for values in principal.values() for value in listed(values)]
    return listed(principal)
