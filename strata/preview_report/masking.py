"""A second fence around secrets: the engine masks what it knows to be one, a report also what looks like one."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

#: What the engine writes in place of a secret.
SECRET: Final = "[secret]"  # noqa: S105 - the engine's own mask
#: Properties that hold a secret whoever wrote them; an ARN or a reference of one is none.
_SECRET_NAME: Final = re.compile(
    r"(?i)(password|passphrase|secretString|secretBinary|privateKey|accessKeySecret|authToken)(_?wo)?$"
)
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]+(?=@)")

Masked = TypeVar("Masked")


def masked(value: Masked) -> Masked:
    """Return a JSON value with secrets masked: by the name of their property, and passwords within URLs."""
    return _masked(value)  # type: ignore[no-any-return]  # a JSON value keeps its type


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: SECRET if _is_secret(key, inner) else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return _URL_PASSWORD.sub(r"\1:***", value) if isinstance(value, str) else value


def _is_secret(name: str, value: object) -> bool:
    return isinstance(value, str) and bool(value) and bool(_SECRET_NAME.search(name))
