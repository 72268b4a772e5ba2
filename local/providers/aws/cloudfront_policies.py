"""CloudFront's cache, origin request and response headers policies.

Rules are those of the CloudFront API and its quotas; the emulator accepts nearly anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.shapes import Shape, known, paths
from local.providers.resource import (
    UNKNOWN,
    Autoname,
    CheckFailure,
    Created,
    Properties,
    ProviderError,
    ResourceType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# CloudFront quotas, "Quotas on policies": 10 names of each kind per policy.
_NAMES_PER_POLICY = 10
# The same page: custom policies of one kind per account, unless AWS raised it.
POLICIES_PER_ACCOUNT = 20
# CloudFront Developer Guide, "Cache based on selected request headers" and the API's answer
# "The parameter Headers contains X that is not allowed".
_HEADERS_NOT_IN_KEY = frozenset(
    {"accept-encoding", "connection", "cookie", "expect", "proxy-authorization", "te", "trailer", "upgrade", "via"}
)
# The same page for origin request policies; Authorization is contested, the stand-in keeps to the strict reading.
_HEADERS_NOT_TO_ORIGIN = _HEADERS_NOT_IN_KEY | {"authorization"}

_NAMES = {
    "headersConfig": ("headerBehavior", "headers"),
    "cookiesConfig": ("cookieBehavior", "cookies"),
    "queryStringsConfig": ("queryStringBehavior", "queryStrings"),
}


def _selections(parent: str) -> dict[str, str]:
    prefix = f"{parent}." if parent else ""
    return {
        f"{prefix}{config}{suffix}": names
        for config, (behavior, listing) in _NAMES.items()
        for suffix, names in (("", behavior), (f".{listing}", "items"))
    }


def _items(parent: str) -> frozenset[str]:
    """Return the lists of a policy, which are all sets."""
    return frozenset(path for path in paths(_selections(parent)) if path.endswith(".items"))


def _selection_failures(config: Properties, place: str, refused: frozenset[str]) -> Iterator[CheckFailure]:
    """Hold each selection of names against its behavior, its count and the headers CloudFront refuses."""
    for name, (behavior_name, listing_name) in _NAMES.items():
        selection = config.get(name)
        if not isinstance(selection, dict):
            continue
        where = f"{place}{name}"
        behavior, listing = selection.get(behavior_name), selection.get(listing_name)
        if behavior is UNKNOWN or not known(listing):
            continue
        items = (listing or {}).get("items") or []
        if ("hitelist" in str(behavior) or behavior == "allExcept") != bool(items):
            rule = "takes no items" if items else "needs items"
            yield CheckFailure(f"{where}.{listing_name}.items", f"{behavior_name} {behavior} {rule}")
        if len(items) > _NAMES_PER_POLICY:
            reason = f"names {len(items)}; CloudFront takes at most {_NAMES_PER_POLICY} per policy"
            yield CheckFailure(f"{where}.{listing_name}.items", reason)
        for item in items if name == "headersConfig" else []:
            if item.lower() in refused:
                yield CheckFailure(f"{where}.{listing_name}.items", f"CloudFront does not allow the header {item} here")


class Policy(ResourceType):
    """What the three policies share: an id, an ETag for every change, and a name unique in the account."""

    autoname = Autoname("name", max_length=128)
    shape: ClassVar[Shape]
    noun: ClassVar[str]
    kind: ClassVar[str]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the policy; its id is CloudFront's own."""
        custom = [item for item in policies(provider.client("cloudfront"), self) if item["Type"] == "custom"]
        if len(custom) >= POLICIES_PER_ACCOUNT:
            reason = f"the account has {len(custom)} custom ones, and the quota is {POLICIES_PER_ACCOUNT}"
            raise ProviderError(f"creating {self.label(inputs)}: TooMany{self.kind.removesuffix('y')}ies: {reason}")
        answer = call(
            f"creating {self.label(inputs)}",
            getattr(provider.client("cloudfront"), f"create_{self.noun}"),
            **{f"{self.kind}Config": self.shape.to_service(inputs)},
        )
        return Created(answer[self.kind]["Id"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live policy."""
        answer = self._get(provider, resource_id)
        if answer is None:
            return None
        mirrored = self.shape.mirror(answer[self.kind][f"{self.kind}Config"], state)
        return {**mirrored, "arn": self.arn(provider, resource_id), "etag": answer["ETag"]}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Write the whole policy, as UpdateXPolicy wants it."""
        del old
        current = self._get(provider, resource_id)
        if current is None:
            raise ProviderError(f"updating {self.label(new)}: {resource_id} does not exist any more")
        call(
            f"updating {self.label(new)}",
            getattr(provider.client("cloudfront"), f"update_{self.noun}"),
            Id=resource_id,
            IfMatch=current["ETag"],
            **{f"{self.kind}Config": self.shape.to_service(new)},
        )
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the policy, unless a distribution still uses it."""
        answer = self._get(provider, resource_id)
        if answer is None:
            return
        users = distributions_with(provider, resource_id)
        if users:
            raise ProviderError(
                f"deleting {self.label(state)}: {self.kind}InUse: attached to cache behaviors of {', '.join(users)}"
            )
        client = provider.client("cloudfront")
        call(
            f"deleting {self.label(state)}",
            getattr(client, f"delete_{self.noun}"),
            Id=resource_id,
            IfMatch=answer["ETag"],
        )

    @classmethod
    def arn(cls, provider: Any, resource_id: str) -> str:
        """Return the ARN of a policy."""
        return f"arn:aws:cloudfront::{provider.account_id}:{cls.noun.replace('_', '-')}/{resource_id}"

    def label(self, properties: Properties) -> str:
        """Return the policy's kind and name for a message."""
        return f"{self.noun.replace('_', ' ')} {properties.get('name')}"

    def _get(self, provider: Any, resource_id: str) -> Any:
        what = f"reading {self.noun.replace('_', ' ')} {resource_id}"
        return find(what, getattr(provider.client("cloudfront"), f"get_{self.noun}"), Id=resource_id)


def policies(client: Any, policy: Policy | type[Policy]) -> list[Properties]:
    """Return the account's policies of one kind with the managed ones, each with its ``Type``."""
    listing = call(f"listing {policy.noun}", getattr(client, f"list_{policy.noun.removesuffix('y')}ies"))
    items: list[Properties] = listing[f"{policy.kind}List"].get("Items", [])
    return items


def distributions_with(provider: Any, reference: str) -> list[str]:
    """Return the ids of the distributions that name a policy, function or certificate in their configuration."""
    client = provider.client("cloudfront")
    listing = call("listing distributions", client.list_distributions)["DistributionList"]
    found = []
    for summary in listing.get("Items", []):
        config = find("reading a distribution", client.get_distribution_config, Id=summary["Id"])
        if config is not None and _mentions(config["DistributionConfig"], reference):
            found.append(summary["Id"])
    return sorted(found)


def _mentions(value: Any, reference: str) -> bool:
    if isinstance(value, dict):
        return any(_mentions(item, reference) for item in value.values())
    if isinstance(value, list):
        return any(_mentions(item, reference) for item in value)
    return bool(value == reference)


class CachePolicy(Policy):
    """``aws:cloudfront/cachePolicy:CachePolicy``: what is in the cache key, and for how many seconds."""

    token = "aws:cloudfront/cachePolicy:CachePolicy"  # noqa: S105 - a type token, no secret
    noun = "cache_policy"
    kind = "CachePolicy"
    # Defaults of aws_cloudfront_cache_policy in the Terraform registry, in seconds.
    defaults: ClassVar = {"minTtl": 0, "defaultTtl": 86400, "maxTtl": 31536000}
    shape = Shape(
        "cloudfront",
        "CachePolicyConfig",
        paths(
            {
                "": "name comment minTtl defaultTtl maxTtl",
                "parametersInCacheKeyAndForwardedToOrigin": "enableAcceptEncodingBrotli enableAcceptEncodingGzip",
            }
            | _selections("parametersInCacheKeyAndForwardedToOrigin")
        ),
        defaults={
            **defaults,
            "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingBrotli": False,
            "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingGzip": False,
        },
        unordered=_items("parametersInCacheKeyAndForwardedToOrigin"),
        # API reference, CreateCachePolicy: 0 to 3155760000 seconds; comment of up to 128 characters.
        limits={**dict.fromkeys(defaults, (0, 3155760000)), "comment": (0, 128), "name": (1, 128)},
    )
    modelled = shape.paths
    unordered = shape.unordered
    recomputed: ClassVar = {"etag": shape.properties}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of TTL order, of what may be keyed, and of names."""
        del provider
        key = inputs.get("parametersInCacheKeyAndForwardedToOrigin")
        key = key if isinstance(key, dict) else {}
        place = "parametersInCacheKeyAndForwardedToOrigin."
        return [
            *self.shape.failures(inputs),
            *_selection_failures(key, place, _HEADERS_NOT_IN_KEY),
            *self._ttl_failures({**self.defaults, **inputs}, key),
        ]

    @staticmethod
    def _ttl_failures(inputs: Properties, key: Properties) -> Iterator[CheckFailure]:
        low, default, high = inputs["minTtl"], inputs["defaultTtl"], inputs["maxTtl"]
        if not known([low, default, high]):
            return
        if not low <= default <= high:
            reason = f"minTtl {low}, defaultTtl {default}, maxTtl {high}; CloudFront wants them in ascending order"
            yield CheckFailure("minTtl" if low > default else "defaultTtl", reason)
        if high == 0:
            for name in sorted(_keyed(key)):
                # CreateCachePolicy: "The parameter HeaderBehavior is invalid for policy with caching disabled".
                yield CheckFailure(
                    f"parametersInCacheKeyAndForwardedToOrigin.{name}",
                    "a policy with maxTtl 0 disables caching and keys nothing; forward it by an origin request policy",
                )


def _keyed(key: Properties) -> Iterator[str]:
    """Return the names of what a cache policy puts into its key."""
    for config, (behavior, _) in _NAMES.items():
        selection = key.get(config)
        if isinstance(selection, dict) and selection.get(behavior) not in ("none", None, UNKNOWN):
            yield config
    for name in ("enableAcceptEncodingBrotli", "enableAcceptEncodingGzip"):
        if key.get(name) is True:
            yield name


class OriginRequestPolicy(Policy):
    """``aws:cloudfront/originRequestPolicy:OriginRequestPolicy``: what goes to the origin beside the cache key."""

    token = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"  # noqa: S105 - a type token, no secret
    noun = "origin_request_policy"
    kind = "OriginRequestPolicy"
    shape = Shape(
        "cloudfront",
        "OriginRequestPolicyConfig",
        paths({"": "name comment"} | _selections("")),
        unordered=_items(""),
        limits={"comment": (0, 128), "name": (1, 128)},
    )
    modelled = shape.paths
    unordered = shape.unordered
    recomputed: ClassVar = {"etag": shape.properties}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of selections and of headers that may not be listed."""
        del provider
        return [*self.shape.failures(inputs), *_selection_failures(inputs, "", _HEADERS_NOT_TO_ORIGIN)]


_CORS_LISTS = ("accessControlAllowHeaders", "accessControlAllowMethods", "accessControlAllowOrigins")
# CloudFront Developer Guide, "Custom headers" and "Remove headers" of response headers policies.
_HEADERS_NOT_SET = frozenset({"connection", "content-encoding", "content-length", "expect", "host", "keep-alive"}) | {
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
}
_PREFIXES_NOT_SET = ("x-amz-cf-", "x-edge-", "x-amzn-")


class ResponseHeadersPolicy(Policy):
    """``aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy``: headers set and removed on the way back."""

    token = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"  # noqa: S105 - a type token, no secret
    noun = "response_headers_policy"
    kind = "ResponseHeadersPolicy"
    shape = Shape(
        "cloudfront",
        "ResponseHeadersPolicyConfig",
        paths(
            {
                "": "name comment",
                "corsConfig": "accessControlAllowCredentials accessControlMaxAgeSec originOverride",
                **{f"corsConfig.{name}": "items" for name in (*_CORS_LISTS, "accessControlExposeHeaders")},
                "customHeadersConfig.items": "header override value",
                "removeHeadersConfig.items": "header",
                "securityHeadersConfig.contentSecurityPolicy": "contentSecurityPolicy override",
                "securityHeadersConfig.contentTypeOptions": "override",
                "securityHeadersConfig.frameOptions": "frameOption override",
                "securityHeadersConfig.referrerPolicy": "referrerPolicy override",
                "securityHeadersConfig.strictTransportSecurity": (
                    "accessControlMaxAgeSec includeSubdomains override preload"
                ),
                "securityHeadersConfig.xssProtection": "modeBlock override protection reportUri",
                "serverTimingHeadersConfig": "enabled samplingRate",
            }
        ),
        unordered=frozenset(
            {
                "customHeadersConfig.items",
                "removeHeadersConfig.items",
                *(f"corsConfig.{name}.items" for name in (*_CORS_LISTS, "accessControlExposeHeaders")),
            }
        ),
        # API reference: a policy's name and comment; 100 as the largest sampling rate, in percent.
        limits={"comment": (0, 128), "name": (1, 128), "serverTimingHeadersConfig.samplingRate": (0, 100)},
    )
    modelled = shape.paths
    unordered = shape.unordered
    recomputed: ClassVar = {"etag": shape.properties}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of CORS and of headers that CloudFront keeps to itself."""
        del provider
        return [
            *self.shape.failures(inputs),
            *self._cors_failures(inputs.get("corsConfig")),
            *_header_failures("customHeadersConfig", inputs.get("customHeadersConfig")),
            *_header_failures("removeHeadersConfig", inputs.get("removeHeadersConfig")),
        ]

    @staticmethod
    def _cors_failures(cors: Any) -> Iterator[CheckFailure]:
        for name in _CORS_LISTS if isinstance(cors, dict) and known(cors) else ():
            items = (cors.get(name) or {}).get("items") or []
            if not items:
                yield CheckFailure(f"corsConfig.{name}.items", "needs at least one item")
            # The Fetch standard, which the API repeats: no wildcard where credentials are allowed.
            if "*" in items and cors.get("accessControlAllowCredentials"):
                reason = "cannot be * while accessControlAllowCredentials is true"
                yield CheckFailure(f"corsConfig.{name}.items", reason)


def _header_failures(name: str, config: Any) -> Iterator[CheckFailure]:
    items = config.get("items") if isinstance(config, dict) else None
    if not isinstance(items, list) or not known([item.get("header") for item in items if isinstance(item, dict)]):
        return
    if len(items) > _NAMES_PER_POLICY:
        yield CheckFailure(f"{name}.items", f"names {len(items)}; CloudFront takes at most {_NAMES_PER_POLICY}")
    seen: set[str] = set()
    for index, item in enumerate(items):
        header = str(item.get("header")).lower()
        if header in _HEADERS_NOT_SET or header.startswith(_PREFIXES_NOT_SET):
            yield CheckFailure(
                f"{name}.items[{index}].header", f"CloudFront does not allow the header {item['header']}"
            )
        if header in seen:
            yield CheckFailure(f"{name}.items[{index}].header", f"{item['header']} is there twice")
        seen.add(header)
