"""Database references: a constant string that says where the connection parameters are kept.

``ssm:NAME`` names a parameter of AWS Systems Manager, which the stack writes; ``env:NAME`` an environment variable.
Both hold the same JSON object; no password is ever in it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

from strata import aws
from strata.errors import StrataError

REFERENCE_KINDS: Final = "ssm:NAME or env:NAME"


class DatabaseReferenceError(StrataError):
    """A database reference that leads nowhere, or to something else than connection parameters."""

    def __init__(self, reference: str, what: str, allowed: str, next_command: str | None = None) -> None:
        super().__init__(what, where={"reference": reference}, allowed=allowed, next_command=next_command)
        self.reference = reference


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
        sslrootcert: file with the certificate authorities to trust; libpq's own default when None.
    """

    host: str
    port: int
    database: str
    sslmode: str
    region: str
    owner_role: str
    deployer_role: str
    master_secret_arn: str
    sslrootcert: str | None = None


_KEYS: Final = ", ".join(field.name for field in fields(ConnectionParameters))


def resolve(reference: str) -> ConnectionParameters:
    """Return the connection parameters that the reference leads to.

    Raises:
        DatabaseReferenceError: unknown kind, nothing there, or not the JSON object it should be.
    """
    kind, _, name = reference.partition(":")
    if kind == "ssm" and name:
        return _parse(reference, _parameter(reference, name))
    if kind == "env" and name:
        return _parse(reference, _variable(reference, name))
    raise DatabaseReferenceError(reference, "not a database reference", REFERENCE_KINDS)


def _parameter(reference: str, name: str) -> str:
    try:
        return aws.parameter(name)
    except aws.AwsCallError as error:
        raise DatabaseReferenceError(
            reference, error.what, "a parameter that the stack has written", "pulumi up"
        ) from None


def _variable(reference: str, name: str) -> str:
    if name in os.environ:
        return os.environ[name]
    raise DatabaseReferenceError(reference, f"environment variable {name} is not set", f"a JSON object with {_KEYS}")


def _parse(reference: str, text: str) -> ConnectionParameters:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    problem = _problem(values)
    if problem:
        raise DatabaseReferenceError(reference, problem, f"a JSON object with {_KEYS}", "pulumi up")
    known = {field.name for field in fields(ConnectionParameters)}
    return ConnectionParameters(**{name: value for name, value in values.items() if name in known})


def _problem(values: Any) -> str | None:
    if not isinstance(values, dict):
        return "the reference does not hold a JSON object"
    wanted = get_type_hints(ConnectionParameters)
    wrong = [name for name, kind in wanted.items() if not _is(values.get(name), kind)]
    return f"missing or of the wrong type: {', '.join(wrong)}" if wrong else None


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)  # true is an int to Python, and no port
