"""Makes calls of every awkward kind from a seed: the same seed makes the same calls.

Left out is what njs 0.7.9 reads differently from every other JSON parser and no issuer of tokens writes: numbers with
leading zeros, which it takes, and nesting deeper than 32, which it refuses.
"""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any, Final

from strata.caching.classes import RESERVED_HEADERS
from strata.caching.edge_function import EdgeFunctionSettings
from strata.caching.key_value_store import SECRETS_KEY, epoch_key
from tests.edge_functions.engines import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW: Final = 1_800_000_000
TENANTS: Final = ("acme", "Büro AG", "😀" * 90, "a" * 300, "system", "\u2028", "42", "0", "", "%41&tenant=x")
SETTINGS: Final = (
    EdgeFunctionSettings("none", caller_required=False, has_store=False),
    EdgeFunctionSettings("static_data", caller_required=False, has_store=False, languages=("en", "de", "pt-BR")),
    EdgeFunctionSettings("none", caller_required=False, has_store=True, tenant_claim="tenant"),
    EdgeFunctionSettings("user_data", caller_required=True, has_store=True),
    EdgeFunctionSettings("user_data", True, True, "tenant", ("pt-BR", "pt", "en")),
    EdgeFunctionSettings("realtime", True, True, "https://example.com/ten'ant\u2028\"</script>"),
)
HOSTS: Final = ("api.example.com", "API.Example.COM:8443", "t1.example.com", "[::1]:8080", "host:", "a:b:1", "", None)
WORDS: Final = ("a", "Bearer", "é", "😀", "\u2028", "\ufffd", "\ud800", "\u00a0", "=", ",", " ", "\t", ".", "x=y", '"')
PIECES: Final = (
    *(
        "/",
        "//",
        "/api/v1/payments",
        "/.",
        "/..",
        "/...",
        "/.a",
        "/%2e",
        "/.%2E/",
        "/%2E%2e",
        "%2f",
        "%2F",
        "%5c",
        "\\",
    ),
    *(
        ";",
        "%3b",
        "%3B",
        "%00",
        "\0",
        "\x1f",
        "%1f",
        "%20",
        "\x7f",
        "%7F",
        "\x85",
        "é",
        "%C3%A9",
        "😀",
        "%",
        "%2",
        "%zz",
    ),
    *("%25", "%252e", "%252F", "%2525", "%25zz", "%c0%af", "%C1", "%C2", "%u002f", "a", ".css", "~", "+", "..", "."),
)
QUALITIES: Final = (
    "",
    ";q=1",
    ";q=0",
    ";q=0.5",
    "; q=0.9",
    ";q=.7",
    ";q=1.",
    ";q=x",
    ";q=-1",
    ";q=",
    ";level=1",
    ";q=0.5;q=1",
)
RANGES: Final = ("en", "de", "pt", "pt-br", "PT-BR", "en-GB", "fr", "*", "eng", "", "d e", "pt-BRx", "zh-Hant-TW")


def calls(seed: int, count: int) -> list[Call]:
    """Return calls, of all settings."""
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret
    return [_call(source) for _ in range(count)]


def _call(source: random.Random) -> Call:
    settings = source.choice(SETTINGS)
    event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {"ip": "192.0.2.1"}}
    store = _store(source)
    broken = tuple(source.sample(sorted(store or {SECRETS_KEY: ""}), 1)) if source.random() < 0.1 else ()
    now = source.choice((NOW * 1000, NOW * 1000 + 1, NOW * 1000 - 1))
    return Call(settings, {**event, "request": _request(source, settings)}, store, broken, now)


def _request(source: random.Random, settings: EdgeFunctionSettings) -> dict[str, Any]:
    return {
        "method": source.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "DELETE", "options")),
        "uri": _path(source),
        "querystring": source.choice(({}, {"limit": {"value": "5"}, "status": {"value": "a;b//"}})),
        "cookies": source.choice(({}, {"authorization": {"value": "Bearer c"}})),
        "headers": _headers(source, settings),
    }


def _path(source: random.Random) -> str:
    if source.random() < 0.7:
        return source.choice(("/api/v1/payments", "/api/v1/payments/p_1", "/", "/a.b/..c", "/%41%e2%82%ac"))
    return "/" * (source.random() < 0.9) + "".join(source.choices(PIECES, k=source.randint(1, 4)))


def _headers(source: random.Random, settings: EdgeFunctionSettings) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    host = source.choice(HOSTS)
    if host is not None:
        headers["host"] = {"value": host}
    for name in RESERVED_HEADERS:
        if source.random() < 0.2:
            forged = name if source.random() < 0.7 else name.replace("-", "_", source.randint(1, 2))
            headers[forged] = _field(source, ("forged", "", "a" * 64))
    if source.random() < 0.85:
        headers["authorization"] = _authorization(source, settings)
    if source.random() < 0.6:
        languages = (source.choice(RANGES) + source.choice(QUALITIES) for _ in range(source.choice((1, 2, 3, 20))))
        headers["accept-language"] = {"value": source.choice((",", ", ")).join(languages)}
    if source.random() < 0.3:
        headers["idempotency-key"] = _field(source, ("1", "é😀\u2028"))
    pairs = list(headers.items())
    source.shuffle(pairs)
    return dict(pairs)


def _field(source: random.Random, values: Sequence[str]) -> dict[str, Any]:
    value = source.choice(values)
    several = [{"value": value}, {"value": source.choice(values)}][: source.randint(1, 2)]
    return {"value": value, "multiValue": several} if source.random() < 0.3 else {"value": value}


def _authorization(source: random.Random, settings: EdgeFunctionSettings) -> dict[str, Any]:
    kind = source.random()
    if kind < 0.1:
        return _field(source, ("", " ", "\t ", "Bearer a", "Bearer b", "Basic YTpi", "\u00a0"))
    if kind < 0.15:
        return {"value": "Bearer " + "k" * source.randint(9_000, 9_200)}
    if kind < 0.35:
        return {"value": "".join(source.choices(WORDS, k=source.randint(1, 9)))}
    token = f"{source.choice(('Bearer ', 'bearer  ', 'BEARER ', 'Token ', 'Bearer'))}{_jwt(source, settings)}"
    return _field(source, (token, f"{token}, Bearer b", f"{token},x=y")) if kind < 0.5 else {"value": token}


def _jwt(source: random.Random, settings: EdgeFunctionSettings) -> str:
    payload = base64.urlsafe_b64encode(_claims(source, settings)).decode().rstrip("=")
    if source.random() < 0.1:
        payload = source.choice((payload[:-1], payload + "A", payload + "=", payload.replace("a", "+"), "", "A"))
    return source.choice(
        ("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", "eyJhbGciOiJub25lIn0.{}.", "{}.{}", "a.{}.b.c", ".{}.x")
    ).format(payload, payload)


def _claims(source: random.Random, settings: EdgeFunctionSettings) -> bytes:
    if source.random() < 0.1:
        texts = (
            b"null",
            b"5",
            b'"exp"',
            b"[]",
            b"{",
            b'{"exp":NaN}',
            b'{"exp":1}x',
            b"\xff",
            b'\xef\xbb\xbf{"exp":1}',
            b'{"tenant":"\xff\xc0"}',
            b'{"exp":1e999}',
            b'{"a":"\t"}',
            b'{"exp":1,}',
            b" {\n}\t",
            b'{"exp":' + b"9" * 5000 + b"}",
        )
        return source.choice(texts)
    claims: dict[str, Any] = {"sub": source.choice(("u1", "é"))}
    if source.random() < 0.7:
        times = (
            NOW,
            NOW + 1,
            NOW - 1,
            NOW + 0.0005,
            NOW + 3600,
            0,
            -1,
            1e300,
            -1e300,
            str(NOW - 1),
            None,
            True,
            [1],
            {},
            5e-324,
        )
        claims["exp"] = source.choice(times)
    if settings.tenant_claim and source.random() < 0.8:
        odd = (
            42,
            0,
            -0.0,
            1.0,
            1.5,
            2**53 - 1,
            2**53,
            1e21,
            None,
            True,
            ["acme"],
            {"a": 1},
            "\ud800",
            "a\ufffd",
            "\udc00😀",
        )
        claims[settings.tenant_claim] = source.choice(TENANTS + odd)
    return json.dumps(claims, ensure_ascii=source.random() < 0.5).encode(errors="surrogatepass")


def _store(source: random.Random) -> dict[str, str] | None:
    kind = source.random()
    if kind < 0.03:
        return None
    secrets = {"pepper": f"{source.getrandbits(256):064x}", "originVerify": f"{source.getrandbits(256):064x}"}
    epochs = {
        epoch_key(tenant): source.choice(("1", "27", "")) for tenant in source.sample(TENANTS, source.randint(0, 8))
    }
    if kind < 0.1:
        unusable = (
            "",
            "{",
            "null",
            "{}",
            "5",
            json.dumps({**secrets, "pepper": "a"}),
            json.dumps({"pepper": secrets["pepper"]}),
            json.dumps({**secrets, "originVerify": secrets["originVerify"].upper() + "A"}),
        )
        return {SECRETS_KEY: source.choice(unusable), **epochs}
    return epochs if kind < 0.12 else {SECRETS_KEY: json.dumps(secrets), **epochs}
