"""The requests of a run, from a seed: hot and cold paths, many callers, every odd token and header that we know of."""

from __future__ import annotations

import itertools
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from benchmarks.isolation.asked import Asked, cache_class_of
from benchmarks.isolation.callers import Callers, Token, callers, digest, tenant_of
from benchmarks.isolation.wording import AMBIGUOUS_PATHS, LANGUAGE_RANGES, QUERIES, forged_headers
from local.edge.messages import ViewerRequest
from strata.caching.classes import AUTH_HASH_HEADER, CACHED_PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from local.edge.messages import Headers

Chosen = TypeVar("Chosen")

UNLISTED: Final = ("/api/v1/payments-export", "/api/v1/audit-logs", "/api/v1/me", "/", "/api/v1/configuration")
_SHARED: Final = tuple(path for path, one in CACHED_PATHS.items() if not one.keyed_by_caller)
_PERSONAL: Final = tuple(path for path, one in CACHED_PATHS.items() if one.keyed_by_caller)
_RECENT: Final = 256
_ENCODINGS: Final = (None, None, "gzip, br", "br", "gzip;q=0.5", "identity")
_ADDRESSES: Final = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
#: Zipf's exponent of paths and of callers: few are hot, most are cold.
_EXPONENT: Final = 1.1
#: More than one such token would make a request longer than CloudFront takes.
_LONGEST_FORGED: Final = 4_000


@dataclass(frozen=True)
class Scale:
    """How many of each there are.

    Args:
        identities: callers.
        objects: below each collection of the API.
        hosts: names of the distribution that a star stands for.
    """

    identities: int
    objects: int
    hosts: int


class Traffic:
    """Makes requests; the same seed makes the same ones.

    Args:
        seed: of everything.
        scale: how many callers and objects.
        hosts: names under which the distribution is reached, without a port.
        tenant_claim: the claim that names a tenant.
        pepper: of the digest, for a caller who knows a victim's; None without a store.
        epochs: of the tenants, 0 for those that are missing; the run changes it.
    """

    def __init__(
        self,
        seed: int,
        scale: Scale,
        *,
        hosts: tuple[str, ...],
        tenant_claim: str | None,
        pepper: str | None,
        epochs: dict[str, int],
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.callers: Callers = callers(scale.identities)
        self._hosts = hosts
        self._tenant_claim = tenant_claim
        self._pepper = pepper
        self._epochs = epochs
        self._recent: deque[Asked] = deque(maxlen=_RECENT)
        self._identities = range(scale.identities)
        self._hot_identities = _zipf(scale.identities)
        self._objects = range(scale.objects)
        self._hot_objects = _zipf(scale.objects)
        self._kinds: dict[Callable[[], list[Asked]], float] = {
            self._read: 45,
            self._again: 30,
            self._write: 3,
            self._preflight: 2,
            self._without_a_token: 3,
            self._two_tokens: 2,
            self._expired: 2,
            self._unknown: 2,
            self._forged: 4,
            self._ambiguous: 2,
            self._past_the_edge: 1,
            self._pair: 2,
            self._joined_key: 2,
        }
        self._makers = tuple(self._kinds)
        self._weights = tuple(itertools.accumulate(self._kinds.values()))

    def batch(self, count: int) -> list[Asked]:
        """Return the next requests, at least so many, which are sent at the same time."""
        found: list[Asked] = []
        while len(found) < count:
            (make,) = self.random.choices(self._makers, cum_weights=self._weights)
            found += make()
        for asked in found:
            asked.epoch = self._epochs.get(asked.tenant, 0)
            if asked.plain:
                self._recent.append(asked)
        return found

    def path(self) -> str:
        """Return a path, more often a hot one."""
        chance = self.random.random()
        if chance < 0.12:  # noqa: PLR2004 - the share of paths that are never kept
            path = self.random.choice(UNLISTED)
            return f"{path.rstrip('/')}/{self.random.choice(self._objects)}" if self.random.random() < 0.6 else path  # noqa: PLR2004 - some
        collection = self.random.choice(_SHARED if chance < 0.32 else _PERSONAL)  # noqa: PLR2004 - shared ones' share
        (number,) = self.random.choices(self._objects, cum_weights=self._hot_objects)
        return f"{collection}/{number}" if number else collection

    def _identity(self) -> int:
        if self.random.random() < 0.5:  # noqa: PLR2004 - half of all: each caller comes now and then
            return self.random.choice(self._identities)
        return self.random.choices(self._identities, cum_weights=self._hot_identities)[0]

    def _caller(self) -> tuple[Token, ...]:
        return self.callers.valid[self._identity()]

    def _habit(self, identity: int | None, choices: Sequence[Chosen]) -> Chosen:
        """Return what a caller mostly has: their host, language, encoding, place; or any of them."""
        if identity is None or self.random.random() < 0.1:  # noqa: PLR2004 - now and then they have another one
            return self.random.choice(choices)
        return choices[identity % len(choices)]

    def _make(  # noqa: PLR0913 - what a request consists of
        self,
        kind: str,
        path: str,
        token: Token | None,
        *,
        method: str = "GET",
        query: str = "",
        host: str | None = None,
        headers: Headers = (),
        authorizations: tuple[str, ...] | None = None,
        body: bytes = b"",
        identity: int | None = None,
    ) -> Asked:
        host = host or self._habit(identity, self._hosts)
        values = authorizations if authorizations is not None else (token.value,) if token is not None else ()
        fields = (
            ("Host", host),
            *(("Authorization", value) for value in values),
            ("Accept-Language", self._habit(identity, tuple(LANGUAGE_RANGES))),
            *headers,
        )
        encoding = self._habit(identity, _ENCODINGS)
        if encoding is not None and not any(name == "Accept-Encoding" for name, _ in headers):
            fields = (*fields, ("Accept-Encoding", encoding))
        address = self._habit(identity, _ADDRESSES)
        request = ViewerRequest(method, path, query, fields, body, address)
        tenant = tenant_of(token, host, self._tenant_claim)
        return Asked(request, token, host, tenant, cache_class_of(path), kind)

    def _read(self) -> list[Asked]:
        path, identity = self.path(), self._identity()
        tokens = self.callers.valid[identity]
        token: Token | None = self.random.choice((tokens[0], tokens[0], *tokens))
        if not cache_class_of(path).keyed_by_caller and self.random.random() < 0.5:  # noqa: PLR2004 - half of them
            token = None
        asked = self._make(
            "read",
            path,
            token,
            method="HEAD" if self.random.random() < 0.05 else "GET",  # noqa: PLR2004 - some
            query=self.random.choice(QUERIES),
            headers=self._noise(),
            identity=identity,
        )
        asked.plain = True
        # Sometimes several at once: a page that asks for the same thing in two places.
        return [asked, *(replace(asked) for _ in range(self.random.choice((0, 0, 0, 1, 2))))]

    def _noise(self) -> Headers:
        """Return headers that must reach no answer: cookies of a session, and what only writes carry."""
        chance = self.random.random()
        if chance < 0.1:  # noqa: PLR2004 - some have cookies
            return (("Cookie", f"session=s{self.random.choice(self._identities)}"),)
        if chance < 0.2:  # noqa: PLR2004 - some have headers of writes
            return (("Idempotency-Key", f"k{self.random.random()}"), ("If-Match", '"forged"'))
        return ()

    def _again(self) -> list[Asked]:
        """Ask what was asked before: as it was, by somebody else, at another name, or with another query."""
        if not self._recent:
            return []
        before = self._recent[self.random.randrange(len(self._recent))]
        request, token = before.request, before.token
        others: tuple[Token | None, str | None, str]
        match self.random.randrange(8):
            case 0 | 1 | 2 | 3:
                return [replace(before, kind="again")]
            case 4:
                others = (token, None, request.query)
            case 5:
                others = (token, before.host, self.random.choice(QUERIES))
            case _:
                others = (self.random.choice(self._caller()), before.host, request.query)
        asked = self._make("again", request.path, others[0], method=request.method, query=others[2], host=others[1])
        asked.plain = True
        return [asked]

    def _write(self) -> list[Asked]:
        path = self.random.choice((*_PERSONAL, *UNLISTED))
        headers = (("Idempotency-Key", f"k{self.random.random()}"), ("Content-Type", "application/json"))
        method = self.random.choice(("POST", "PUT", "PATCH", "DELETE"))
        body = b"" if method == "DELETE" else b"{}"
        asked = self._make("write", path, self.random.choice(self._caller()), method=method, headers=headers, body=body)
        return [replace(asked, plain=True)]

    def _preflight(self) -> list[Asked]:
        headers = (("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "GET"))
        return [
            replace(self._make("preflight", self.path(), None, method="OPTIONS", headers=headers), is_preflight=True)
        ]

    def _without_a_token(self) -> list[Asked]:
        """Send no token, an empty one or blanks, to a path that somebody has an answer of."""
        path = self._somebodys_path()
        value = self.random.choice((None, None, "", " ", "\t "))
        token = None if value is None else Token(value, None)
        method = self.random.choice(("GET", "GET", "HEAD", "POST"))
        asked = self._make("without a token", path, token, method=method)
        refusal = 401 if asked.cache_class.keyed_by_caller and asked.cache_class.is_cached else None
        if refusal is None and method == "POST" and not asked.cache_class.keyed_by_caller:
            refusal = 403  # a method that the behavior does not let through
        return [replace(asked, refusal=refusal)]

    def _somebodys_path(self) -> str:
        recent = self._recent[self.random.randrange(len(self._recent))].request.path if self._recent else None
        return recent if recent is not None and self.random.random() < 0.7 else self.path()  # noqa: PLR2004 - mostly

    def _two_tokens(self) -> list[Asked]:
        first, second = self.random.choice(self._caller()).value, self.random.choice(self._caller()).value
        values = self.random.choice(
            ((first, second), (second, first), (first, first), (f"{first}, {second}",), (first, ""))
        )
        asked = self._make("two tokens", self._somebodys_path(), None, authorizations=values)
        return [replace(asked, refusal=400)]

    def _expired(self) -> list[Asked]:
        token = self.callers.expired[self.random.choice(self._identities)]
        return [replace(self._make("expired", self._somebodys_path(), token), refusal=401)]

    def _unknown(self) -> list[Asked]:
        """Send a token that no issuer made, on paths where its owner would have answers."""
        victim = self.random.choice(self._caller())
        value = self.random.choice((f"{victim.value}x", victim.value[:-1], "Bearer x.e30.y", "Bearer", "?"))
        found = self.callers.owners.get(value)
        token = Token(value, found, victim.tenant if value.startswith(victim.value) else None)
        if victim.tenant is not None and value == victim.value[:-1]:
            token = replace(token, tenant=victim.tenant)
        return [self._make("unknown token", self._somebodys_path(), token)]

    def _forged(self) -> list[Asked]:
        """Pose as somebody by headers that only the edge may set; with a token of one's own or none."""
        victim = self._recent[self.random.randrange(len(self._recent))] if self._recent else None
        if victim is None or victim.authorization is None or len(victim.authorization) > _LONGEST_FORGED:
            return []
        token = self.random.choice((None, self.random.choice(self._caller())))
        names = forged_headers(self.random, self._digest_of(victim), victim.authorization)
        path = victim.request.path
        asked = self._make("forged headers", path, token, query=victim.request.query, host=victim.host, headers=names)
        nobody = token is None and asked.cache_class.is_cached and asked.cache_class.keyed_by_caller
        return [replace(asked, refusal=401 if nobody else None, plain=token is not None)]

    def _digest_of(self, victim: Asked) -> str:
        epoch = self._epochs.get(victim.tenant, 0)
        return digest(victim.host, epoch, victim.authorization, self._pepper)

    def _ambiguous(self) -> list[Asked]:
        path = self.random.choice(AMBIGUOUS_PATHS)
        return [replace(self._make("ambiguous path", path, self.random.choice(self._caller())), refusal=400)]

    def _past_the_edge(self) -> list[Asked]:
        """Ask the origin itself, with everything that an attacker could make up."""
        victim = self.random.choice(self._caller())
        headers = (
            ("x-origin-authorization", victim.value),
            (AUTH_HASH_HEADER, digest("localhost", 0, victim.value, self._pepper)),
            *self.random.choice(((), (("x-origin-verify", "0" * 64),), (("x-origin-verify", ""),))),
        )
        return [replace(self._make("past the edge", self.path(), None, headers=headers), is_direct=True)]

    def _pair(self) -> list[Asked]:
        number = self.random.randrange(0, len(self.callers.pairs), 2)
        path, name = self.random.choice(_PERSONAL), self.random.choice(self._hosts)
        pair = self.callers.pairs[number : number + 2]
        found = [self._make("pair of keys", path, token, host=f"{name}{port}") for port, token in pair]
        self.random.shuffle(found)
        return [replace(asked, plain=True) for asked in found]

    def _joined_key(self) -> list[Asked]:
        """Ask for two objects whose key parts are one text when they are joined: ``/7br``, and ``/7`` in Brotli."""
        path, host = f"{self.random.choice(_PERSONAL)}/{self.random.choice(self._objects)}", self._hosts[0]
        token = self.random.choice(self._caller())
        plain = self._make("joined key", f"{path}br", token, host=host, headers=(("Accept-Encoding", "identity"),))
        compressed = self._make("joined key", path, token, host=host, headers=(("Accept-Encoding", "br"),))
        return [replace(asked, plain=True) for asked in self.random.sample([plain, compressed], 2)]


def _zipf(count: int) -> list[float]:
    """Return cumulative weights."""
    return list(itertools.accumulate(1 / (rank + 1) ** _EXPONENT for rank in range(count)))
