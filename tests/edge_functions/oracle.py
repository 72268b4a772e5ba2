"""What the edge function must answer, written from its contract in another language and another way.

It walks where the function matches: paths by character and segment, tokens by splitting, languages by sorting.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from strata.caching.classes import (
    AUTH_HASH_HEADER,
    IDENTITY_HEADERS,
    LANGUAGE_HEADER,
    ORIGIN_VERIFY_HEADER,
    RELAY_HEADER,
    RESERVED_HEADERS,
)
from strata.caching.key_value_store import SECRETS_KEY, epoch_key
from tests.edge_functions.engines import unicode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strata.caching.edge_function import EdgeFunctionSettings
    from tests.edge_functions.engines import Call, Result

HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
TOKEN_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
#: What ``trim`` of JavaScript removes.
SPACES = "".join(
    map(chr, (*range(9, 14), 32, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF))
)
LARGEST_EXACT_INTEGER = 2**53 - 1


def answer(call: Call) -> Result:
    """Return what the function returns and logs for one call."""
    settings = call.settings
    request: dict[str, Any] = unicode(dict(call.event["request"]))
    headers = {
        name: header for name, header in request["headers"].items() if name.replace("_", "-") not in RESERVED_HEADERS
    }
    token = value(headers, "authorization") or ""
    claims = claims_of(token)
    tenant = tenant_of(settings, claims, value(headers, "host") or "")
    log = [log_line(settings.cache_class, tenant)]
    refused = refusal_of(settings, {**request, "headers": headers}, token, claims, call.now_milliseconds)
    if refused:
        return {"value": refused, "log": log}
    secrets: Mapping[str, str] = {}
    epoch = "0"
    if settings.has_store:
        secrets = usable_secrets(call)
        if not secrets:
            return {"value": refusal(503, "key value store: no usable secrets"), "log": log}
        if epoch_key(tenant) in call.broken:
            return {"value": refusal(503, "key value store: no usable epoch"), "log": log}
        epoch = (call.store or {}).get(epoch_key(tenant), "0")
        headers[ORIGIN_VERIFY_HEADER] = {"value": secrets["originVerify"]}
    identity = [value(headers, name) for name in IDENTITY_HEADERS]
    headers[AUTH_HASH_HEADER] = {"value": digest(secrets.get("pepper"), value(headers, "host") or "", epoch, *identity)}
    if token:
        headers[RELAY_HEADER] = {"value": token}
    headers[LANGUAGE_HEADER] = {"value": language(settings.languages, value(headers, LANGUAGE_HEADER) or "")}
    return {"value": {**request, "headers": headers}, "log": log}


def value(headers: Mapping[str, Any], name: str) -> str | None:
    """Return a header's value, None where it is absent."""
    return headers[name]["value"] if name in headers else None


def digest(pepper: str | None, *parts: str | None) -> str:
    """Return the digest of parts, each behind its length in UTF-16 code units; an absent part is a dash."""
    text = "".join("-" if part is None else f"{len(part.encode('utf-16-le')) // 2}:{part}" for part in parts)
    if pepper is None:
        return hashlib.sha256(text.encode()).hexdigest()
    return hmac.new(pepper.encode(), text.encode(), hashlib.sha256).hexdigest()


def refusal(status: int, error: str) -> dict[str, Any]:
    """Return an answer that the function gives instead of the origin."""
    headers = {"cache-control": {"value": "no-store"}, "content-type": {"value": "application/json"}}
    if status == 401:
        headers["www-authenticate"] = {"value": "Bearer"}
    body = {"encoding": "text", "data": f'{{"error":"{error}"}}'}
    return {"statusCode": status, "headers": headers, "body": body}


def refusal_of(
    settings: EdgeFunctionSettings, request: Mapping[str, Any], token: str, claims: Mapping[str, Any], now: int
) -> dict[str, Any] | None:
    """Return the first refusal that applies."""
    if is_ambiguous(request["uri"]):
        return refusal(400, "ambiguous path")
    fields = request["headers"].get("authorization", {}).get("multiValue", [])
    if len(fields) > 1 or is_two_tokens(token):
        return refusal(400, "more than one Authorization")
    if settings.caller_required and request["method"] != "OPTIONS" and not token.strip(SPACES):
        return refusal(401, "no Authorization")
    expires = claims.get("exp")
    if isinstance(expires, float) and expires * 1000 <= now:
        return refusal(401, "token expired")
    return None


def is_ambiguous(path: str) -> bool:
    """Say whether a cache and an origin could read the path differently."""
    for index, character in enumerate(path):
        if character in ";\\" or ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F:
            return True
        if character == "%" and is_ambiguous_escape(path[index + 1 :]):
            return True
    segments = path.replace("%2e", ".").replace("%2E", ".").split("/")
    return any(segment in (".", "..") for segment in segments) or "" in segments[1:-1]


def is_ambiguous_escape(rest: str) -> bool:
    """Judge what follows a percent sign."""
    if not is_hex(rest[:2]):
        return True
    byte = int(rest[:2], 16)
    if byte < 0x20 or byte in (0x2F, 0x3B, 0x5C, 0x7F, 0xC0, 0xC1):
        return True
    return byte == 0x25 and is_hex(rest[2:4])


def is_hex(text: str) -> bool:
    return len(text) == 2 and set(text) <= HEX_DIGITS


def is_two_tokens(token: str) -> bool:
    """Say whether a comma is followed by a scheme and its credentials, and not by a parameter's name and value."""
    pieces = ([word for word in re.split("[ \t]+", piece) if word] for piece in token.split(",")[1:])
    return any(len(words) > 1 and "=" not in words[0] for words in pieces)


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the payload of a bearer token that is a JWT, numbers as JavaScript holds them; else nothing."""
    scheme, _, rest = token.partition(" ")
    parts = rest.lstrip(" ").split(".")
    if scheme.lower() != "bearer" or len(parts) != 3 or not all(set(part) <= TOKEN_CHARACTERS for part in parts):
        return {}
    if not parts[0] or not parts[1]:
        return {}
    payload = parts[1][: len(parts[1]) - (len(parts[1]) % 4 == 1)]
    try:
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode(errors="replace")
        claims = json.loads(text, parse_int=float, parse_constant=no_constant)
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def no_constant(name: str) -> float:
    raise ValueError(name)


def tenant_of(settings: EdgeFunctionSettings, claims: Mapping[str, Any], host: str) -> str:
    """Return the claim that names the tenant, when there is one, else the host's name."""
    claim = claims.get(settings.tenant_claim) if settings.tenant_claim else None
    if isinstance(claim, float) and claim.is_integer() and abs(claim) <= LARGEST_EXACT_INTEGER:
        return str(int(claim))
    if isinstance(claim, str) and "\ufffd" not in unicode(claim):
        return unicode(claim)
    name, colon, port = host.rpartition(":")
    return (name if colon and set(port) <= set("0123456789") else host).lower()


def log_line(cache_class: str, tenant: str) -> str:
    """Return what is logged: at most 256 characters, the last escape whole."""
    escaped = quote(tenant, safe="-_.!~*'()")
    line = f"class={cache_class}&tenant={escaped}"[:256]
    cut = line.rfind("%")
    return line[:cut] if cut > len(line) - 3 and cut >= 0 else line


def usable_secrets(call: Call) -> Mapping[str, str]:
    """Return pepper and origin-verify secret, or nothing unless the store has both."""
    if call.store is None or SECRETS_KEY in call.broken:
        return {}
    try:
        values = json.loads(call.store[SECRETS_KEY])
        secrets = {name: values[name] for name in ("pepper", "originVerify")}
    except (KeyError, ValueError, TypeError, IndexError):
        return {}
    usable = all(re.fullmatch("[0-9a-f]{64}", str(secret)) for secret in secrets.values())
    return secrets if usable else {}


def language(known: tuple[str, ...], sent: str) -> str:
    """Return the known language of the highest quality, the first one sent among equals, else the first known."""
    ranges = [item.split(";q=") for item in sent.lower().replace(" ", "").replace("\t", "").split(",")[:16]]
    wanted = [(quality(range_), one) for range_ in ranges for one in known if matches(range_[0], one)]
    best = max((pair for pair in wanted if pair[0] > 0), key=lambda pair: pair[0], default=None)
    return best[1] if best else known[0]


def matches(range_: str, one: str) -> bool:
    return range_ == one.lower() or range_.startswith(f"{one.lower()}-")


def quality(range_: list[str]) -> float:
    text = range_[1] if len(range_) > 1 and range_[1] else "1"
    return float(text) if re.fullmatch(r"\d+\.?\d*|\.\d+", text) else 0.0
