"""What the canary asks, in which order, and what it keeps of each answer: never the body, never a token."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from strata.caching.canary.ask import CanaryError, Edge
from strata.caching.classes import AUTH_HASH_HEADER, CACHED_PATHS, RELAY_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from strata.caching.canary.ask import Answer, Identity

_OK: Final = range(200, 300)
_FEWEST_IDENTITIES: Final = 2


@dataclass(frozen=True)
class Observation:
    """One answer, without its body.

    Args:
        path: that was asked for, with its query.
        turn: the round, from 1; in each one every identity asks, then forgers, then nobody.
        identity: who asked; None for nobody.
        forged: the reserved header that was sent along; None without one.
        at_seconds: since the path's first request of this run.
        status: of the answer.
        x_cache: the header as it came; None without one.
        age_seconds: the header ``Age``; None without one.
        cache_control: what the viewer was told.
        body_digest: the first 16 hexadecimal digits of the body's SHA-256.
        body_bytes: its length.
        holds_no_data: an empty body, or JSON without one value: an empty list looks the same for everybody.
        markers: the identities whose marker is in the body.
    """

    path: str
    turn: int
    identity: str | None
    forged: str | None
    at_seconds: float
    status: int
    x_cache: str | None
    age_seconds: int | None
    cache_control: str | None
    body_digest: str
    body_bytes: int
    holds_no_data: bool
    markers: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        """Whether the status is 2xx."""
        return self.status in _OK

    @property
    def is_hit(self) -> bool:
        """Whether the answer came from a cache, revalidated or not."""
        return (self.x_cache or "").lower().startswith(("hit", "refreshhit"))

    @property
    def asker(self) -> str:
        """Who asked, for a reader."""
        who = self.identity or "nobody"
        return f"{who} with a forged {self.forged}" if self.forged else who


@dataclass(frozen=True)
class _Probe:
    identity: Identity | None
    forged: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def run_canary(url: str, paths: Sequence[str], identities: Sequence[Identity], repeat: int = 3) -> list[Observation]:
    """Ask for each path in turns: A, B, a forger, nobody, then A, B, ... again, so that each fills and reads the cache.

    Args:
        url: where the distribution answers.
        paths: paths whose answers belong to the caller, each with its query.
        identities: two or more.
        repeat: how many turns.

    Raises:
        CanaryError: identities that are one, a path for everybody, or no answer.
    """
    _check_identities(identities)
    for path in paths:
        _check_path(path)
    edge = Edge.from_url(url)
    return [observation for path in paths for observation in _watch(edge, path, identities, repeat)]


def _watch(edge: Edge, path: str, identities: Sequence[Identity], repeat: int) -> Iterator[Observation]:
    started = time.monotonic()
    for turn in range(1, repeat + 1):
        # The last turn ends with each identity once more: what a forger asked is judged by the answers around it.
        last = [_as(identity) for identity in identities] if turn == repeat else []
        for probe in [*_turn(identities), *last]:
            at_seconds = time.monotonic() - started
            answer = edge.ask(path, {"accept": "application/json", "accept-encoding": "identity", **probe.headers})
            yield _observation(path, turn, probe, at_seconds, answer, identities)


def _turn(identities: Sequence[Identity]) -> list[_Probe]:
    digest = secrets.token_hex(32)
    return [
        *(_as(identity) for identity in identities),
        *(_as(identity, AUTH_HASH_HEADER, digest) for identity in identities),
        _Probe(None),
        _Probe(None, AUTH_HASH_HEADER, {AUTH_HASH_HEADER: digest}),
        # A relay header that is believed makes a caller of whoever sends it, without the check at the edge.
        _Probe(None, RELAY_HEADER, {RELAY_HEADER: identities[0].authorization}),
    ]


def _as(identity: Identity, forged: str | None = None, value: str = "") -> _Probe:
    headers = {"authorization": identity.authorization}
    return _Probe(identity, forged, {**headers, forged: value} if forged else headers)


def _observation(
    path: str, turn: int, probe: _Probe, at_seconds: float, answer: Answer, identities: Sequence[Identity]
) -> Observation:
    age = answer.headers.get("age", "")
    return Observation(
        path=path,
        turn=turn,
        identity=probe.identity.name if probe.identity else None,
        forged=probe.forged,
        at_seconds=at_seconds,
        status=answer.status,
        x_cache=answer.headers.get("x-cache"),
        age_seconds=int(age) if age.isascii() and age.isdigit() else None,
        cache_control=answer.headers.get("cache-control"),
        body_digest=hashlib.sha256(answer.body).hexdigest()[:16],
        body_bytes=len(answer.body),
        holds_no_data=_holds_no_data(answer.body),
        markers=tuple(known.name for known in identities if known.marker and known.marker.encode() in answer.body),
    )


def _holds_no_data(body: bytes) -> bool:
    if not body.strip():
        return True
    try:
        return not _has_value(json.loads(body))
    except (ValueError, RecursionError):
        return False


def _has_value(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_value(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_has_value(inner) for inner in value)
    return bool(value)


def _check_identities(identities: Sequence[Identity]) -> None:
    if len(identities) < _FEWEST_IDENTITIES:
        raise CanaryError("one identity cannot see another's answer", allowed="--identity env:NAME twice or more")
    for what in ("authorization", "name"):
        if len({getattr(identity, what) for identity in identities}) < len(identities):
            names = ", ".join(identity.name for identity in identities)
            raise CanaryError("the identities are one and the same", where={"identities": names})
    markers = [identity.marker for identity in identities if identity.marker]
    if any(a in b for index, a in enumerate(markers) for other, b in enumerate(markers) if index != other):
        raise CanaryError("a marker is a part of another one", allowed="text that only one caller's answers hold")


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise CanaryError("not a path", where={"path": path}, allowed="a path with its leading slash")
    bare = path.partition("?")[0]
    for cached, cache_class in CACHED_PATHS.items():
        if not cache_class.keyed_by_caller and (bare == cached or bare.startswith(f"{cached}/")):
            own = ", ".join(known for known, its_class in CACHED_PATHS.items() if its_class.keyed_by_caller)
            raise CanaryError(
                f"answers of class {cache_class.name} are the same for everybody, so there is nothing to leak",
                where={"path": path},
                allowed=f"paths whose answers belong to the caller: {own}",
            )
