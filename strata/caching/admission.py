"""What of a request reaches the app: the caller's own Authorization, and nothing that only the edge may say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.caching.classes import AUTH_HASH_HEADER, ORIGIN_VERIFY_HEADER, RELAY_HEADER, RESERVED_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.caching.origin_verify import Verifier

    Field = tuple[bytes, bytes]

#: Inputs of writes that reach the origin outside of the cache key: on a read they could change what others get.
WRITE_HEADERS: Final = ("content-type", "idempotency-key", "if-match")
READ_METHODS: Final = frozenset(("GET", "HEAD"))

_AUTHORIZATION: Final = b"authorization"
_COOKIE: Final = b"cookie"
_AUTH_HASH, _RELAY, _ORIGIN_VERIFY = (
    name.encode("ascii") for name in (AUTH_HASH_HEADER, RELAY_HEADER, ORIGIN_VERIFY_HEADER)
)
_RESERVED: Final = frozenset(name.encode("ascii") for name in RESERVED_HEADERS)
_WRITE: Final = frozenset(name.encode("ascii") for name in WRITE_HEADERS)
_RESERVED_AND_WRITE: Final = _RESERVED | _WRITE
_RELAYED: Final = _RESERVED | {_AUTHORIZATION}
_RELAYED_READ: Final = _RESERVED_AND_WRITE | {_AUTHORIZATION}
#: Hexadecimal digits of the digest that the edge function makes: a shorter one tells callers apart less well.
_DIGEST_CHARACTERS: Final = 64


@dataclass(slots=True)  # not frozen: one is made for each request, and that would cost three times as much
class Admission:
    """A request's headers as the app gets them, and what they say about the cache key.

    Args:
        headers: with the caller's Authorization and without reserved headers.
        is_read: whether an answer to it can be kept at all.
        is_from_edge: whether the request came through the edge.
        has_unknown_secret: whether it brought a secret that is none of the live ones.
        is_keyed_by_caller: whether the edge said that the cache key holds the caller's digest.
        has_cookie: whether the app sees a Cookie.
        names_caller: whether anything in the request says who calls.
    """

    headers: list[Field]
    is_read: bool
    is_from_edge: bool
    has_unknown_secret: bool
    is_keyed_by_caller: bool
    has_cookie: bool
    names_caller: bool


def admit(method: str, headers: Iterable[Field], verifier: Verifier) -> Admission:
    """Return what the app may see of a request; names are in lower case, as ASGI servers give them.

    The relay header replaces Authorization where the edge is proved to have sent it. Without that proof Authorization
    stays what the viewer sent. A reserved header that came twice proves nothing.
    """
    fields = list(headers)
    values = dict(fields)
    if len(values) != len(fields):
        values |= _repeated(fields)
    is_read = method in READ_METHODS
    is_from_edge = verifier.accepts(values.get(_ORIGIN_VERIFY, b""))
    relay = values.get(_RELAY)
    if is_from_edge and relay:
        dropped = _RELAYED_READ if is_read else _RELAYED
        kept = [field for field in fields if field[0] not in dropped]
        kept.append((_AUTHORIZATION, relay))
    else:
        dropped = _RESERVED_AND_WRITE if is_read else _RESERVED
        kept = [field for field in fields if field[0] not in dropped]
    return Admission(
        kept,
        is_read,
        is_from_edge,
        not is_from_edge and _ORIGIN_VERIFY in values,
        is_from_edge and len(values.get(_AUTH_HASH, b"")) == _DIGEST_CHARACTERS,
        _COOKIE in values,
        relay is not None or _AUTHORIZATION in values,
    )


def _repeated(fields: list[Field]) -> dict[bytes, bytes]:
    """Return the reserved headers that came more than once, as if they were empty."""
    times = Counter(name for name, _ in fields)
    return {name: b"" for name in _RESERVED if times[name] > 1}
