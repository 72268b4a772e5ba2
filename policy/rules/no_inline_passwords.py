"""No inline passwords: state is read by more people than the database."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource

#: A property whose name says that it holds a secret; one that ends in Arn, Id or Name only says where it is.
_SECRET_NAME: Final = re.compile(
    r"(password|passphrase|secret(String|Binary|_?key)|private_?key|access_?key|api_?key|auth_?token|credentials?)"
    r"(Wo)?$",
    re.IGNORECASE,
)
#: Headers whose values open doors.
_SECRET_HEADER: Final = re.compile(r"auth|cookie|secret|token|verify|key", re.IGNORECASE)
#: What a secret looks like wherever it stands.
_SECRET_VALUES: Final = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an access key of AWS": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+]*://[^\s/:@]+:[^\s/:@]+@"),
    "a password": re.compile(r"\b(password|passwd|PGPASSWORD)\s*[=:]\s*['\"]?[^\s'\"$<{]{6,}", re.IGNORECASE),
}
#: Resources that are a secret in state, whatever their properties say.
_SECRET_TYPES: Final = {
    "random:index/randomPassword:RandomPassword": "the password that it makes is kept in state",
    "aws:secretsmanager/secretVersion:SecretVersion": "the value of a secret would be kept in state",
    "aws:iam/accessKey:AccessKey": "the key that it makes is kept in state",
}


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type in _SECRET_TYPES:
        yield f"{_SECRET_TYPES[resource.type]}; allowed: AWS, or a dynamic resource, makes the value and keeps it"
    if resource.type == "aws:ssm/parameter:Parameter" and resource.get("type") == "SecureString":
        yield "the value of a SecureString would be kept in state; allowed: a secret that is filled outside the stack"
    for origin in resource.blocks("origins"):
        for header in origin.get("customHeaders") or ():
            if _SECRET_HEADER.search(str(header.get("name"))):
                yield f"origins.customHeaders holds {header.get('name')}; allowed: the edge function sets it"
    for path, text in resource.texts():
        yield from _text(path, text)


def _text(path: str, text: str) -> Iterator[str]:
    """Yield what is wrong with one text; what it holds is never repeated."""
    if _SECRET_NAME.search(path) and text:
        yield f"{path} holds a secret; allowed: a reference to one, and logins by IAM token"
        return
    for what, pattern in _SECRET_VALUES.items():
        if any(pattern.search(form) for form in _forms(path, text)):
            yield f"{path} holds {what}; allowed: a reference to one"


def _forms(path: str, text: str) -> Iterator[str]:
    """Yield a text, and what it says where it is encoded."""
    yield text
    if path.endswith("Base64"):
        yield base64.b64decode(text).decode(errors="replace")


RULE = ResourceRule(
    name="no-inline-passwords",
    description="No password, key or token is among the inputs of a resource, and so in state.",
    remedy="name where the secret is (an ARN), let RDS keep the master password, let people log in by IAM token",
    check=_check,
)
