"""CloudFront's policies, made from the cache contract."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from strata.caching.classes import (
    CACHE_TAG_HEADER,
    IDENTITY_HEADERS,
    RESERVED_HEADERS,
    SURROGATE_CONTROL_HEADER,
    SURROGATE_KEY_HEADER,
    UNKEYED_INPUTS,
)
from strata.caching.contract import EVERYTHING, BehaviorContract

#: AWS's own policies. A policy of ours with a maximum TTL of 0 could not name headers (InvalidRequest), and this one
#: also turns request collapsing off.
_CACHING_DISABLED: Final = "Managed-CachingDisabled"
_ALL_VIEWER_EXCEPT_HOST: Final = "Managed-AllViewerExceptHostHeader"
_TWO_YEARS_SECONDS: Final = 63_072_000
#: Headers for a CDN, not for callers: what an answer is tagged with says what else it depends on, and a cache between
#: the edge and the caller would keep by Surrogate-Control what is one caller's.
_CDN_HEADERS: Final = (CACHE_TAG_HEADER, SURROGATE_CONTROL_HEADER, SURROGATE_KEY_HEADER)
#: What a web page of `cdn.corsOrigins` may send beside what needs no permission, and what it may read.
CORS_REQUEST_HEADERS: Final = (
    *IDENTITY_HEADERS,
    "if-none-match",
    *(name for name in UNKEYED_INPUTS if name not in RESERVED_HEADERS),
)
CORS_RESPONSE_HEADERS: Final = ("etag", "location", "retry-after", "x-request-id")
#: How long a browser may remember a preflight's answer.
_CORS_MAX_AGE_SECONDS: Final = 600


@dataclass(frozen=True)
class BehaviorPolicies:
    """The ids of the policies of one cache behavior; an origin request policy of None forwards nothing more."""

    cache_policy_id: pulumi.Output[str]
    origin_request_policy_id: pulumi.Output[str] | None
    response_headers_policy_id: pulumi.Output[str]


@dataclass(frozen=True)
class EdgePoliciesArgs:
    """Inputs of `EdgePolicies`.

    Args:
        stack: the stack's name, for the comments that CloudFront shows.
        behaviors: one of each class in use; an account has room for 20 policies of each kind.
        cors_origins: origins of web pages that may call the API.
    """

    stack: str
    behaviors: Iterable[BehaviorContract]
    cors_origins: tuple[str, ...] = ()


class EdgePolicies(pulumi.ComponentResource):
    """The policies of each cache class; classes that agree share a policy.

    Outputs: ``by_class``, the policies by the name of the class.
    """

    def __init__(self, name: str, args: EdgePoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgePolicies", name, None, opts)
        self._stack = args.stack
        self._cors_origins = args.cors_origins
        self._child = pulumi.ResourceOptions(parent=self)
        self._invoke = pulumi.InvokeOptions(parent=self)
        self._shared: dict[tuple[type, object], pulumi.Output[str]] = {}
        self._names: set[tuple[type, str]] = set()
        self.by_class = {behavior.cache_class: self._policies(behavior) for behavior in args.behaviors}
        self.register_outputs({})

    def _policies(self, behavior: BehaviorContract) -> BehaviorPolicies:
        return BehaviorPolicies(
            self._cache_policy_id(behavior),
            self._origin_request_policy_id(behavior),
            self._response_headers_policy_id(behavior),
        )

    def _cache_policy_id(self, behavior: BehaviorContract) -> pulumi.Output[str]:
        if not behavior.is_cached:
            managed: pulumi.Output[str] = aws.cloudfront.get_cache_policy_output(
                name=_CACHING_DISABLED, opts=self._invoke
            ).id
            return managed
        made: pulumi.Output[str] = aws.cloudfront.CachePolicy(
            f"{self._name}-{behavior.cache_class.replace('_', '-')}",
            comment=f"strata {self._stack}: {behavior.cache_class}",
            min_ttl=behavior.min_ttl_seconds,
            default_ttl=behavior.default_ttl_seconds,
            max_ttl=behavior.max_ttl_seconds,
            parameters_in_cache_key_and_forwarded_to_origin=_cache_key(behavior),
            opts=self._child,
        ).id
        return made

    def _origin_request_policy_id(self, behavior: BehaviorContract) -> pulumi.Output[str] | None:
        inputs = (behavior.unkeyed_headers, behavior.unkeyed_query_strings, behavior.unkeyed_cookies)
        if not any(inputs):
            return None
        if inputs == (EVERYTHING, EVERYTHING, EVERYTHING):
            managed: pulumi.Output[str] = aws.cloudfront.get_origin_request_policy_output(
                name=_ALL_VIEWER_EXCEPT_HOST, opts=self._invoke
            ).id
            return managed
        what = "the caller's token, and what else" if behavior.is_per_caller else "what"
        content = _selections(
            "OriginRequestPolicy", behavior.unkeyed_headers, behavior.unkeyed_query_strings, behavior.unkeyed_cookies
        )
        comment = f"strata {self._stack}: {what} the origin sees outside the cache key"
        return self._shared_id(aws.cloudfront.OriginRequestPolicy, behavior, inputs, {"comment": comment, **content})

    def _response_headers_policy_id(self, behavior: BehaviorContract) -> pulumi.Output[str]:
        remove = aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs
        cache_control, methods = behavior.viewer_cache_control, behavior.allowed_methods
        whose = "one caller" if behavior.is_per_caller else "everybody"
        content = {
            "comment": f"strata {self._stack}: answers for {whose}",
            "security_headers_config": _security_headers(),
            "custom_headers_config": _cache_control(cache_control) if cache_control else None,
            "cors_config": _cors(self._cors_origins, methods) if self._cors_origins else None,
            "remove_headers_config": aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs(
                items=[remove(header=header) for header in _CDN_HEADERS]
            ),
        }
        return self._shared_id(aws.cloudfront.ResponseHeadersPolicy, behavior, (cache_control, methods), content)

    def _shared_id(
        self, policy: type, behavior: BehaviorContract, facts: object, content: Mapping[str, Any]
    ) -> pulumi.Output[str]:
        """Return the id of the one policy of a type with these facts: classes that agree on them share it.

        It is named after the first kind of class that it is for, ``caller`` or ``shared``, or else after the class.
        """
        if (policy, facts) not in self._shared:
            name = "caller" if behavior.is_per_caller else "shared"
            if (policy, name) in self._names:
                name = behavior.cache_class.replace("_", "-")
            self._names.add((policy, name))
            self._shared[policy, facts] = policy(f"{self._name}-{name}", **content, opts=self._child).id
        return self._shared[policy, facts]


def _cache_key(behavior: BehaviorContract) -> aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs:
    """Return what tells two answers of a class apart."""
    prefix = "CachePolicyParametersInCacheKeyAndForwardedToOrigin"
    return aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
        **_selections(prefix, behavior.keyed_headers, behavior.keyed_query_strings, behavior.keyed_cookies),
        enable_accept_encoding_brotli="br" in behavior.keyed_encodings,
        enable_accept_encoding_gzip="gzip" in behavior.keyed_encodings,
    )


def _selections(
    prefix: str, headers: tuple[str, ...], query_strings: tuple[str, ...], cookies: tuple[str, ...]
) -> Mapping[str, Any]:
    """Return the three parts that cache policies and origin request policies have in common."""
    return {
        "headers_config": _selection(prefix, "Headers", "header", headers),
        "query_strings_config": _selection(prefix, "QueryStrings", "query_string", query_strings),
        "cookies_config": _selection(prefix, "Cookies", "cookie", cookies),
    }


def _selection(prefix: str, part: str, noun: str, names: tuple[str, ...]) -> Any:
    config = getattr(aws.cloudfront, f"{prefix}{part}ConfigArgs")
    if not names:
        return config(**{f"{noun}_behavior": "none"})
    if names == EVERYTHING:
        return config(**{f"{noun}_behavior": "allViewer" if noun == "header" else "all"})
    items = getattr(aws.cloudfront, f"{prefix}{part}Config{part}Args")(items=sorted(names))
    return config(**{f"{noun}_behavior": "whitelist", f"{noun}s": items})


def _cache_control(value: str) -> aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs:
    item = aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs
    return aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(
        items=[item(header="cache-control", value=value, override=True)]
    )


def _cors(origins: tuple[str, ...], methods: tuple[str, ...]) -> aws.cloudfront.ResponseHeadersPolicyCorsConfigArgs:
    """Return what browsers are told; with credentials they take no wildcard, so everything is named."""
    prefix = "ResponseHeadersPolicyCorsConfigAccessControl"

    def listed(part: str, items: Iterable[str]) -> Any:
        return getattr(aws.cloudfront, f"{prefix}{part}Args")(items=list(items))

    return aws.cloudfront.ResponseHeadersPolicyCorsConfigArgs(
        access_control_allow_credentials=True,
        access_control_allow_headers=listed("AllowHeaders", CORS_REQUEST_HEADERS),
        access_control_allow_methods=listed("AllowMethods", methods),
        access_control_allow_origins=listed("AllowOrigins", origins),
        access_control_expose_headers=listed("ExposeHeaders", CORS_RESPONSE_HEADERS),
        access_control_max_age_sec=_CORS_MAX_AGE_SECONDS,
        # The origin does not see who asks, so it could only say the same to everybody.
        origin_override=True,
    )


def _security_headers() -> aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs:
    prefix = "ResponseHeadersPolicySecurityHeadersConfig"
    return aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
        strict_transport_security=getattr(aws.cloudfront, f"{prefix}StrictTransportSecurityArgs")(
            access_control_max_age_sec=_TWO_YEARS_SECONDS, include_subdomains=True, preload=True, override=True
        ),
        content_type_options=getattr(aws.cloudfront, f"{prefix}ContentTypeOptionsArgs")(override=True),
        frame_options=getattr(aws.cloudfront, f"{prefix}FrameOptionsArgs")(frame_option="DENY", override=True),
        referrer_policy=getattr(aws.cloudfront, f"{prefix}ReferrerPolicyArgs")(
            referrer_policy="no-referrer", override=True
        ),
    )
