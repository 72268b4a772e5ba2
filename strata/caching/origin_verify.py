"""The secret that only the edge and its origin know, and who is believed because of it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Collection
from enum import Enum
from hmac import compare_digest
from typing import Final

from strata.errors import StrataError

#: 128 bits in hex, less than what the stack makes: whatever is shorter was made by hand.
MIN_SECRET_CHARACTERS: Final = 32
#: The current one, and the previous one until the next rotation.
MAX_SECRETS: Final = 2
#: How often an unknown secret may send the origin to look for new ones.
RELOAD_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class OriginLock(Enum):
    """What else than a secret keeps everybody but the edge from the origin."""

    NETWORK = "network"


#: For an origin that nobody but CloudFront can reach (a VPC origin): every request comes through the edge.
LOCKED_BY_NETWORK: Final = OriginLock.NETWORK

#: One or two live secrets; or what fetches them, called at the start and when a request brings an unknown one.
OriginVerify = Collection[str] | Callable[[], Collection[str]] | OriginLock


class OriginVerifyError(StrataError):
    """Secrets that cannot be the origin's: none, too many, or too short. They are never in the message."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            allowed=f"1 or {MAX_SECRETS} secrets of at least {MIN_SECRET_CHARACTERS} ASCII characters, a function that "
            "returns them, or LOCKED_BY_NETWORK",
        )


def live_secrets(secret_string: str) -> tuple[str, ...]:
    """Return the secrets out of the stack's secret in Secrets Manager, the current one first.

    Raises:
        OriginVerifyError: when the text is not that secret.
    """
    try:
        found = json.loads(secret_string)["origin_verify"]
    except (ValueError, TypeError, KeyError):
        # Without the cause: it would quote the text, which is secret.
        raise OriginVerifyError("the secret has no origin_verify") from None
    return tuple(found)


class Verifier:
    """Knows the live secrets, and looks for new ones when an unknown one comes.

    Args:
        origin_verify: the secrets, what fetches them, or that the network locks the origin.

    Raises:
        OriginVerifyError: for secrets that cannot be the origin's.
    """

    def __init__(self, origin_verify: OriginVerify) -> None:
        self._is_locked = isinstance(origin_verify, OriginLock)
        self._load = origin_verify if callable(origin_verify) else None
        self._reloading = threading.Lock()
        self._reload_after = time.monotonic() + RELOAD_SECONDS
        self._secrets: tuple[bytes, ...] = ()
        if not isinstance(origin_verify, OriginLock):
            self._secrets = _checked(origin_verify() if callable(origin_verify) else origin_verify)

    def accepts(self, sent: bytes) -> bool:
        """Say whether the edge proves itself by this, in a time that does not tell how much of it is right."""
        for secret in self._secrets:
            if compare_digest(sent, secret):
                return True
        return self._is_locked

    async def reload(self) -> bool:
        """Fetch the secrets anew: the edge may know of a rotation before its origin does.

        In a thread, and at most once in `RELOAD_SECONDS`; who comes meanwhile waits for it.

        Returns:
            Whether there may be other secrets than before.
        """
        if self._load is None or time.monotonic() < self._reload_after:
            return False
        await asyncio.to_thread(self._reload, self._load)
        return True

    def _reload(self, load: Callable[[], Collection[str]]) -> None:
        with self._reloading:
            if time.monotonic() < self._reload_after:
                return
            try:
                self._secrets = _checked(load())
            except Exception:  # noqa: BLE001 - whatever the caller's function raises
                # The secrets that are known stay: an edge that still sends one of them is served.
                _log.exception("could not fetch the origin's secrets anew")
            finally:
                self._reload_after = time.monotonic() + RELOAD_SECONDS


def _checked(secrets: Collection[str]) -> tuple[bytes, ...]:
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise OriginVerifyError(f"{len(secrets)} secrets for the origin")
    if not all(len(secret) >= MIN_SECRET_CHARACTERS and secret.isascii() for secret in secrets):
        raise OriginVerifyError("a secret for the origin is too short")
    return tuple(secret.encode("ascii") for secret in secrets)
