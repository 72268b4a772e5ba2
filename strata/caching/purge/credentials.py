"""Tokens of the providers: named by a reference, read when a purge runs, and kept out of every message and log."""

from __future__ import annotations

import logging
import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from strata.caching.purge.errors import PurgeInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE_KIND: Final = "env:NAME, an environment variable that holds the token"
_REFERENCE: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
#: RFC 6750, 2.1. What else a variable could hold would break the header, and the HTTP library's error would show it.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+", re.ASCII)
REDACTED: Final = "<redacted>"


@dataclass(frozen=True)
class Token:
    """A secret; `text` is for the SDK alone."""

    text: str = field(repr=False)

    def redact(self, text: str) -> str:
        """Return a text without the token: providers echo what they were sent."""
        return text.replace(self.text, REDACTED)

    @contextmanager
    def kept_out_of(self, *loggers: str) -> Iterator[None]:
        """Redact what these loggers are given meanwhile; the SDKs log answers and headers when told to debug."""

        def redact(record: logging.LogRecord) -> bool:
            message = record.getMessage()
            if self.text in message:
                record.msg, record.args = self.redact(message), ()
            return True

        with ExitStack() as stack:
            for logger in map(logging.getLogger, loggers):
                logger.addFilter(redact)
                stack.callback(logger.removeFilter, redact)
            yield


def check_reference(reference: str, provider: str) -> None:
    """Refuse a reference that is none; it is not shown, because it may be a token.

    Raises:
        PurgeInputError: it is not ``env:NAME``.
    """
    if not _REFERENCE.fullmatch(reference):
        raise PurgeInputError(
            "the token is given by reference", where={"provider": provider}, allowed=REFERENCE_KIND
        ) from None


def read_token(reference: str, provider: str) -> Token:
    """Return the token that a checked reference leads to.

    Raises:
        PurgeInputError: the variable is not set, or holds no token.
    """
    name = reference.removeprefix("env:")
    text = os.environ.get(name, "").strip()
    if not _TOKEN.fullmatch(text):
        raise PurgeInputError(
            f"environment variable {name} holds no token of {provider}",
            allowed="letters, digits and . _ ~ + / = -",
            next_command=f"export {name}=... (a token that may purge)",
        )
    return Token(text)
