"""Rules that CloudFront holds a distribution to and the emulator does not; each answers the broken ones.

Sources: CloudFront API reference (DistributionConfig and its parts), CloudFront quotas, and the Developer Guide's
"Distribution settings". Unknown values break no rule: they are checked again when they are known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.providers.aws.shapes import known
from local.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

# Quotas, "General quotas on distributions": cache behaviors per distribution, the default one included.
BEHAVIORS_LIMIT = 75
_HIGH_PORTS = range(1024, 65536)
_METHOD_SETS = (
    {"GET", "HEAD"},
    {"GET", "HEAD", "OPTIONS"},
    {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"},
)
_PATH_PATTERN = re.compile(r"[A-Za-z0-9_\-.*$/~\"'@:+&?]{1,255}")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_IP_ADDRESS = re.compile(r"[0-9.]+|.*:.*")
_ALIAS = re.compile(r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")
_US_EAST_1_CERTIFICATE = re.compile(r"arn:aws:acm:us-east-1:\d{12}:certificate/.+")
_WEB_ACL = re.compile(r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/[^/]+/[^/]+|[0-9a-f-]{36}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# "Add custom headers to origin requests": names that CloudFront does not let a distribution add.
_HEADERS_NOT_ADDED = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "request-range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    }
)
_PREFIXES_NOT_ADDED = ("x-amz-", "x-edge-")


def distribution_failures(inputs: Properties) -> Iterator[CheckFailure]:
    """Return every broken rule of a distribution's configuration."""
    yield from _origins(inputs)
    yield from _behaviors(inputs)
    yield from _names(inputs)
    yield from _viewer_certificate(inputs.get("viewerCertificate"))
    yield from _geo_restriction(inputs.get("restrictions"))
    yield from _error_responses(inputs.get("customErrorResponses"))


def _objects(value: Any) -> list[tuple[int, Properties]]:
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[tuple[int, str]]:
    return [(i, item) for i, item in enumerate(value) if isinstance(item, str)] if isinstance(value, list) else []


def _twice(entries: list[tuple[int, str]], place: str, what: str) -> Iterator[CheckFailure]:
    seen: set[str] = set()
    for index, text in entries:
        if text.lower() in seen:
            yield CheckFailure(place.format(index), f"{what} {text} is there twice")
        seen.add(text.lower())


def _origins(inputs: Properties) -> Iterator[CheckFailure]:
    origins = _objects(inputs.get("origins"))
    identifiers = [(i, o["originId"]) for i, o in origins if isinstance(o.get("originId"), str)]
    yield from _twice(identifiers, "origins[{}].originId", "the origin id")
    for index, origin in origins:
        yield from _origin(origin, f"origins[{index}]")


def _origin(origin: Properties, place: str) -> Iterator[CheckFailure]:
    domain, path = origin.get("domainName"), origin.get("originPath")
    if isinstance(domain, str) and (_IP_ADDRESS.fullmatch(domain) or not _HOST.fullmatch(domain)):
        yield CheckFailure(f"{place}.domainName", f"{domain!r} is not a host name; CloudFront takes no URL, port or IP")
    if isinstance(path, str) and path and (not path.startswith("/") or path.endswith("/")):
        yield CheckFailure(f"{place}.originPath", f"{path!r} has to begin with / and not to end with it")
    if origin.get("customOriginConfig") and origin.get("s3OriginConfig"):
        yield CheckFailure(f"{place}.s3OriginConfig", "cannot stand beside customOriginConfig")
    custom = origin.get("customOriginConfig")
    custom = custom if isinstance(custom, dict) else {}
    for name in ("httpPort", "httpsPort"):
        port = custom.get(name)
        if isinstance(port, int) and port not in (80, 443) and port not in _HIGH_PORTS:
            reason = f"{port} is not a port that CloudFront takes; allowed: 80, 443, 1024 to 65535"
            yield CheckFailure(f"{place}.customOriginConfig.{name}", reason)
    shield = origin.get("originShield")
    if isinstance(shield, dict) and shield.get("enabled") is True and not shield.get("originShieldRegion"):
        yield CheckFailure(f"{place}.originShield.originShieldRegion", "needed while originShield is enabled")
    yield from _custom_headers(origin.get("customHeaders"), f"{place}.customHeaders")


def _custom_headers(headers: Any, place: str) -> Iterator[CheckFailure]:
    names = [(i, h["name"]) for i, h in _objects(headers) if isinstance(h.get("name"), str)]
    yield from _twice(names, place + "[{}].name", "the header")
    for index, name in names:
        if name.lower() in _HEADERS_NOT_ADDED or name.lower().startswith(_PREFIXES_NOT_ADDED):
            yield CheckFailure(f"{place}[{index}].name", f"CloudFront does not allow the custom header {name}")


def _behaviors(inputs: Properties) -> Iterator[CheckFailure]:
    ordered = _objects(inputs.get("orderedCacheBehaviors"))
    if len(ordered) + 1 > BEHAVIORS_LIMIT:
        reason = f"{len(ordered) + 1} behaviors with the default one; CloudFront takes at most {BEHAVIORS_LIMIT}"
        yield CheckFailure("orderedCacheBehaviors", reason)
    targets = _targets(inputs)
    if isinstance(inputs.get("defaultCacheBehavior"), dict):
        yield from _behavior(inputs["defaultCacheBehavior"], "defaultCacheBehavior", targets)
    for index, behavior in ordered:
        yield from _behavior(behavior, f"orderedCacheBehaviors[{index}]", targets)
    patterns = [(i, b["pathPattern"]) for i, b in ordered if isinstance(b.get("pathPattern"), str)]
    seen: set[str] = set()
    for index, pattern in patterns:
        place = f"orderedCacheBehaviors[{index}].pathPattern"
        if not _PATH_PATTERN.fullmatch(pattern):
            yield CheckFailure(place, f"{pattern!r} is not a path pattern: 1 to 255 of A-Z a-z 0-9 _-.*$/~\"'@:+&?")
        # Path patterns are case-sensitive, and one with and one without the leading slash are the same.
        if pattern.lstrip("/") in seen:
            yield CheckFailure(place, f"the path pattern {pattern} is there twice")
        seen.add(pattern.lstrip("/"))


def _targets(inputs: Properties) -> set[str] | None:
    """Return what a behavior may target, or None when an id is not known yet."""
    places = [o for name in ("origins", "originGroups") for _, o in _objects(inputs.get(name))]
    identifiers: list[Any] = [place.get("originId") for place in places]
    return set(identifiers) if known(identifiers) and inputs.get("origins") is not UNKNOWN else None


def _behavior(behavior: Properties, place: str, targets: set[str] | None) -> Iterator[CheckFailure]:
    target = behavior.get("targetOriginId")
    if targets is not None and isinstance(target, str) and target not in targets:
        reason = f"no origin or origin group has the id {target!r}; there are {', '.join(sorted(targets))}"
        yield CheckFailure(f"{place}.targetOriginId", reason)
    if not behavior.get("cachePolicyId"):
        yield CheckFailure(f"{place}.cachePolicyId", "a cache behavior needs a cache policy")
    yield from _methods(behavior, place)
    yield from _functions(behavior.get("functionAssociations"), f"{place}.functionAssociations")


def _methods(behavior: Properties, place: str) -> Iterator[CheckFailure]:
    allowed, cached = behavior.get("allowedMethods"), behavior.get("cachedMethods")
    if not isinstance(allowed, list) or not isinstance(cached, list) or not known([allowed, cached]):
        return
    if set(allowed) not in _METHOD_SETS:
        sets = "; ".join(", ".join(sorted(one)) for one in _METHOD_SETS)
        yield CheckFailure(f"{place}.allowedMethods", f"has to be one of the sets {sets}")
    if set(cached) not in _METHOD_SETS[:2] or not set(cached) <= set(allowed):
        reason = "has to be GET, HEAD or GET, HEAD, OPTIONS, and within allowedMethods"
        yield CheckFailure(f"{place}.cachedMethods", reason)


def _functions(associations: Any, place: str) -> Iterator[CheckFailure]:
    events = [(i, a["eventType"]) for i, a in _objects(associations) if isinstance(a.get("eventType"), str)]
    yield from _twice(events, place + "[{}].eventType", "the event type")


def _names(inputs: Properties) -> Iterator[CheckFailure]:
    aliases = _texts(inputs.get("aliases"))
    yield from _twice(aliases, "aliases[{}]", "the alias")
    for index, alias in aliases:
        if not _ALIAS.fullmatch(alias):
            yield CheckFailure(
                f"aliases[{index}]", f"{alias!r} is not a domain name, with * at most as its first label"
            )
    certificate = inputs.get("viewerCertificate")
    if (
        inputs.get("aliases")
        and isinstance(certificate, dict)
        and certificate.get("cloudfrontDefaultCertificate") is True
    ):
        yield CheckFailure("aliases", "an alias needs a certificate of its own: viewerCertificate.acmCertificateArn")
    acl, root = inputs.get("webAclId"), inputs.get("defaultRootObject")
    if isinstance(acl, str) and acl and not _WEB_ACL.fullmatch(acl):
        yield CheckFailure("webAclId", f"{acl!r} is not the ARN of a global web ACL in us-east-1")
    if isinstance(root, str) and root.startswith("/"):
        yield CheckFailure("defaultRootObject", f"{root!r} must not begin with /")


def _viewer_certificate(certificate: Any) -> Iterator[CheckFailure]:
    if not isinstance(certificate, dict):
        return
    sources = [name for name in ("acmCertificateArn", "iamCertificateId") if certificate.get(name)]
    default = certificate.get("cloudfrontDefaultCertificate")
    if len(sources) + (default is True) != 1 and known([default]):
        reason = "needs exactly one of acmCertificateArn, iamCertificateId and cloudfrontDefaultCertificate"
        yield CheckFailure("viewerCertificate", reason)
    arn = certificate.get("acmCertificateArn")
    if isinstance(arn, str) and arn and not _US_EAST_1_CERTIFICATE.fullmatch(arn):
        yield CheckFailure("viewerCertificate.acmCertificateArn", f"{arn} is not a certificate in us-east-1")
    yield from _protocol(certificate, sources)


def _protocol(certificate: Properties, sources: list[str]) -> Iterator[CheckFailure]:
    version, method = certificate.get("minimumProtocolVersion"), certificate.get("sslSupportMethod")
    place = "viewerCertificate.minimumProtocolVersion"
    if sources and not method:
        yield CheckFailure("viewerCertificate.sslSupportMethod", f"needed beside {sources[0]}")
    if not sources and version not in (None, "TLSv1") and known([version]):
        yield CheckFailure(place, f"{version} needs a certificate of its own; the default one has TLSv1")
    if version == "SSLv3" and method == "sni-only":
        yield CheckFailure(place, "SSLv3 needs the sslSupportMethod vip")


def _geo_restriction(restrictions: Any) -> Iterator[CheckFailure]:
    geo = restrictions.get("geoRestriction") if isinstance(restrictions, dict) else None
    if not isinstance(geo, dict):
        return
    place = "restrictions.geoRestriction.locations"
    locations, kind = geo.get("locations"), geo.get("restrictionType")
    if known([locations, kind]) and bool(locations) == (kind == "none"):
        yield CheckFailure(place, f"restrictionType {kind} {'takes no' if locations else 'needs'} locations")
    for index, location in _texts(locations):
        if not _COUNTRY.fullmatch(location):
            yield CheckFailure(f"{place}[{index}]", f"{location!r} is not a country code of two capitals (ISO 3166-1)")


def _error_responses(responses: Any) -> Iterator[CheckFailure]:
    entries = _objects(responses)
    codes = [(i, str(r["errorCode"])) for i, r in entries if isinstance(r.get("errorCode"), int)]
    yield from _twice(codes, "customErrorResponses[{}].errorCode", "the error code")
    for index, response in entries:
        place, page = f"customErrorResponses[{index}]", response.get("responsePagePath")
        if bool(page) != bool(response.get("responseCode")):
            yield CheckFailure(place, "responseCode and responsePagePath need each other")
        if isinstance(page, str) and page and not page.startswith("/"):
            yield CheckFailure(f"{place}.responsePagePath", f"{page!r} has to begin with /")
