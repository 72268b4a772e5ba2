"""Who calls in a run: tens of thousands of identities, each with tokens of several kinds, and whose each token is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Tenants by claim; among them names that a log line or a URL could misread.
TENANTS: Final = ("Büro & Söhne=1", "a%41&class=none", "42", *(f"tenant-{number}" for number in range(37)))
#: A head that many tokens share: longer than any prefix that somebody might think is enough.
_HEAD: Final = "k" * 96
_LONG_CHARACTERS: Final = 9_000
_LONG_EVERY: Final = 50
#: Not the same second as any clock of a run: 2001 and 2100.
_PAST, _FUTURE = 1_000_000_000, 4_102_444_800
_LOG_CHARACTERS: Final = 256


@dataclass(frozen=True, slots=True)
class Token:
    """One Authorization header.

    Args:
        value: as it is sent.
        owner: whom the origin knows it is of; None for one that it does not accept.
        tenant: what its claim says; None without a claim.
        has_expired: whether its ``exp`` is past.
    """

    value: str
    owner: str | None
    tenant: str | None = None
    has_expired: bool = False


@dataclass(frozen=True)
class Callers:
    """All identities of a run.

    Args:
        valid: tokens that the origin accepts, by identity; each of an identity is the same owner's.
        expired: one token of each identity that was good once.
        pairs: keys that differ from each other only by where Host, epoch and token begin, with the port of their Host.
        owners: whose each token is, by its value; what the origin knows.
    """

    valid: tuple[tuple[Token, ...], ...]
    expired: tuple[Token, ...]
    pairs: tuple[tuple[str, Token], ...]
    owners: Mapping[str, str]


@lru_cache(maxsize=4)  # of the sizes that runs have: all mutants share theirs
def callers(count: int) -> Callers:
    """Return so many identities."""
    valid = tuple(_tokens(number) for number in range(count))
    expired = tuple(_jwt(number, None, _PAST, "old") for number in range(count))
    pairs = tuple(pair for number in range(count // 20 + 1) for pair in _pair(number))
    every = [token for tokens in valid for token in tokens] + [token for _, token in pairs]
    return Callers(valid, expired, pairs, {token.value: token.owner for token in every if token.owner is not None})


def _tokens(number: int) -> tuple[Token, ...]:
    owner = f"u{number}"
    opaque = f"{_HEAD}{number}"
    found = [
        _jwt(number, owner, _FUTURE, "first"),
        _jwt(number, owner, _FUTURE, "refreshed"),
        Token(f"Bearer {opaque}", owner),
        Token(f"bearer {opaque}", owner),
        Token(f"Basic {_part({'user': owner})}", owner),
    ]
    if number % _LONG_EVERY == 0:
        found.append(Token(f"Bearer {'l' * _LONG_CHARACTERS}{number}", owner))
    return tuple(found)


def _jwt(number: int, owner: str | None, expires: int, generation: str) -> Token:
    tenant = TENANTS[number % len(TENANTS)]
    claims = {"tenant": tenant, "sub": f"u{number}", "exp": expires, "jti": generation}
    value = f"Bearer {_part({'alg': 'RS256'})}.{_part(claims)}.c2lnbmF0dXJl"
    return Token(value, owner, tenant, has_expired=expires == _PAST)


def _pair(number: int) -> tuple[tuple[str, Token], ...]:
    """Return two keys: ``host:1``, epoch 0, ``0K7`` and ``host:10``, epoch 0, ``K7`` are one text without lengths."""
    return (":1", Token(f"0K{number}", f"first{number}")), (":10", Token(f"K{number}", f"second{number}"))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def tenant_of(token: Token | None, host: str, tenant_claim: str | None) -> str:
    """Return the tenant that picks an epoch: by claim where one is configured, else by the Host without its port."""
    if tenant_claim is not None and token is not None and token.tenant is not None:
        return token.tenant
    return host.partition(":")[0].lower()


def log_line(cache_class: str, tenant: str) -> str:
    """Return what the function logs: like JavaScript's encodeURIComponent, with no half escape at the cut."""
    line = f"class={cache_class}&tenant={quote(tenant, safe=chr(39) + '-_.!~*()')}"[:_LOG_CHARACTERS]
    escape = line.rfind("%", len(line) - 2)
    return line if escape < 0 or len(line) < _LOG_CHARACTERS else line[:escape]


def digest(host: str, epoch: int, authorization: str | None, pepper: str | None) -> str:
    """Return what ``x-auth-hash`` must be: HMAC-SHA256, or SHA-256 without a pepper, over parts with their lengths."""
    parts = (host, str(epoch), authorization)
    text = "".join("-" if part is None else f"{len(part)}:{part}" for part in parts).encode()
    if pepper is None:
        return hashlib.sha256(text).hexdigest()
    return hmac.new(pepper.encode(), text, "sha256").hexdigest()
