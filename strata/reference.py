"""References: a constant string that says where the parameters of a database or of an edge are kept.

``ssm:NAME`` names a parameter of AWS Systems Manager, which the stack writes; ``env:NAME`` an environment variable.
Both hold the same JSON object; nothing secret is ever in it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, get_args, get_origin, get_type_hints

from strata import aws
from strata.errors import StrataError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Parameters = TypeVar("Parameters", bound=DataclassInstance)

REFERENCE_KINDS: Final = "ssm:NAME or env:NAME"


class StackReferenceError(StrataError):
    """A reference that leads nowhere, or to something else than the parameters it should."""

    #: What the reference is called in messages.
    noun: ClassVar[str]

    def __init__(self, reference: str, what: str, allowed: str, next_command: str | None = None) -> None:
        super().__init__(what, where={"reference": reference}, allowed=allowed, next_command=next_command)
        self.reference = reference


class DatabaseReferenceError(StackReferenceError):
    """A database reference that leads nowhere, or to something else than connection parameters."""

    noun = "database reference"


@dataclass(frozen=True)
class ConnectionParameters:
    """Where a database is and which roles it has.

    Args:
        host: host name or address.
        port: TCP port.
        database: name of the database.
        sslmode: as libpq spells it; ``verify-full`` on AWS.
        region: AWS region, for tokens and the master's secret.
        owner_role: role without login that owns schemas and tables.
        deployer_role: role that logs in by IAM token and may act as the owner.
        master_secret_arn: Secrets Manager secret with the master's name and password.
        layout: of the partitions, ``list`` or ``bucketed``.
        archive_bucket: where the rows of tenants that leave are kept.
        sslrootcert: file with the certificate authorities to trust; libpq's own default when None.
        jump_host_id: the instance through which the database is reached from outside its network; None without one.
    """

    host: str
    port: int
    database: str
    sslmode: str
    region: str
    owner_role: str
    deployer_role: str
    master_secret_arn: str
    layout: str
    archive_bucket: str
    sslrootcert: str | None = None
    jump_host_id: str | None = None


def resolve(reference: str) -> ConnectionParameters:
    """Return the connection parameters that the reference leads to.

    Raises:
        DatabaseReferenceError: unknown kind, nothing there, or not the JSON object it should be.
    """
    return resolve_as(ConnectionParameters, reference, DatabaseReferenceError)


def resolve_as(shape: type[Parameters], reference: str, error: type[StackReferenceError]) -> Parameters:
    """Return the parameters of some kind that the reference leads to.

    Args:
        shape: dataclass with a field per key of the JSON object: text, numbers, either or None, or tuples of them.
        reference: ``ssm:NAME`` or ``env:NAME``.
        error: what is raised, one class per shape.

    Raises:
        StackReferenceError: as `error`: unknown kind, nothing there, or not the JSON object it should be.
    """
    kind, _, name = reference.partition(":")
    if kind == "ssm" and name:
        return _parse(shape, reference, _parameter(reference, name, error), error)
    if kind == "env" and name:
        return _parse(shape, reference, _variable(shape, reference, name, error), error)
    raise error(reference, f"not {_article(error.noun)}", REFERENCE_KINDS)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _parameter(reference: str, name: str, error: type[StackReferenceError]) -> str:
    try:
        return aws.parameter(name)
    except aws.AwsCallError as refusal:
        raise error(reference, refusal.what, "a parameter that the stack has written", "pulumi up") from None


def _variable(shape: type[Parameters], reference: str, name: str, error: type[StackReferenceError]) -> str:
    if name in os.environ:
        return os.environ[name]
    raise error(reference, f"environment variable {name} is not set", _allowed(shape))


def _parse(shape: type[Parameters], reference: str, text: str, error: type[StackReferenceError]) -> Parameters:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    problem = _problem(shape, values)
    if problem:
        raise error(reference, problem, _allowed(shape), "pulumi up")
    known = {field.name for field in fields(shape)}
    return shape(**{name: _frozen(value) for name, value in values.items() if name in known})


def _allowed(shape: type[DataclassInstance]) -> str:
    return "a JSON object with " + ", ".join(field.name for field in fields(shape))


def _problem(shape: type[DataclassInstance], values: Any) -> str | None:
    if not isinstance(values, dict):
        return "the reference does not hold a JSON object"
    wanted = get_type_hints(shape)
    wrong = [name for name, kind in wanted.items() if not _is(values.get(name), kind)]
    return f"missing or of the wrong type: {', '.join(wrong)}" if wrong else None


def _is(value: Any, kind: Any) -> bool:
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(_is(item, get_args(kind)[0]) for item in value)
    return isinstance(value, kind) and not isinstance(value, bool)  # true is an int to Python, and no port


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
