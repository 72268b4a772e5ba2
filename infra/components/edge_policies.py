"""CloudFront's policies, made from the table of cache classes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from strata.caching.classes import AUTH_HASH_HEADER, UNKEYED_INPUTS, CacheClass

#: AWS's own policies. A policy of ours with a maximum TTL of 0 could not name headers (InvalidRequest), and this one
#: also turns request collapsing off.
_CACHING_DISABLED: Final = "Managed-CachingDisabled"
_ALL_VIEWER_EXCEPT_HOST: Final = "Managed-AllViewerExceptHostHeader"
_TWO_YEARS_SECONDS: Final = 63_072_000
#: Headers for a CDN, not for callers: what an answer is tagged with says what else it depends on.
_TAG_HEADERS: Final = ("cache-tag", "surrogate-key")


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
        cache_classes: the classes that a behavior uses; an account has room for 20 cache policies.
    """

    stack: str
    cache_classes: Iterable[CacheClass]


class EdgePolicies(pulumi.ComponentResource):
    """The policies of each cache class.

    Outputs: ``by_class``, the policies by the name of the class.
    """

    def __init__(self, name: str, args: EdgePoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgePolicies", name, None, opts)
        self._stack = args.stack
        self._child = pulumi.ResourceOptions(parent=self)
        self._invoke = pulumi.InvokeOptions(parent=self)
        self._caller_headers = self._make_response_headers_policy("caller", "private, no-store")
        self._shared_headers = self._make_response_headers_policy("shared", None)
        self._caller_request = self._make_origin_request_policy()
        self.by_class = {cache_class.name: self._policies(cache_class) for cache_class in args.cache_classes}
        self.register_outputs({})

    def _policies(self, cache_class: CacheClass) -> BehaviorPolicies:
        if not cache_class.is_cached:
            return BehaviorPolicies(
                aws.cloudfront.get_cache_policy_output(name=_CACHING_DISABLED, opts=self._invoke).id,
                aws.cloudfront.get_origin_request_policy_output(name=_ALL_VIEWER_EXCEPT_HOST, opts=self._invoke).id,
                self._caller_headers.id,
            )
        cache_policy_id = self._make_cache_policy(cache_class).id
        if cache_class.keyed_by_caller:
            return BehaviorPolicies(cache_policy_id, self._caller_request.id, self._caller_headers.id)
        return BehaviorPolicies(cache_policy_id, None, self._shared_headers.id)

    def _make_cache_policy(self, cache_class: CacheClass) -> aws.cloudfront.CachePolicy:
        return aws.cloudfront.CachePolicy(
            f"{self._name}-{cache_class.name.replace('_', '-')}",
            comment=f"strata {self._stack}: {cache_class.purpose}",
            min_ttl=0,
            default_ttl=0,
            max_ttl=cache_class.max_ttl_seconds,
            parameters_in_cache_key_and_forwarded_to_origin=_cache_key(cache_class),
            opts=self._child,
        )

    def _make_origin_request_policy(self) -> aws.cloudfront.OriginRequestPolicy:
        return aws.cloudfront.OriginRequestPolicy(
            f"{self._name}-caller",
            comment=f"strata {self._stack}: the caller's token, outside the cache key",
            headers_config=aws.cloudfront.OriginRequestPolicyHeadersConfigArgs(
                header_behavior="whitelist",
                headers=aws.cloudfront.OriginRequestPolicyHeadersConfigHeadersArgs(items=sorted(UNKEYED_INPUTS)),
            ),
            # Forwarded cookies would turn request collapsing off, and have CloudFront keep and replay Set-Cookie.
            cookies_config=aws.cloudfront.OriginRequestPolicyCookiesConfigArgs(cookie_behavior="none"),
            query_strings_config=aws.cloudfront.OriginRequestPolicyQueryStringsConfigArgs(query_string_behavior="none"),
            opts=self._child,
        )

    def _make_response_headers_policy(
        self, kind: str, viewer_cache_control: str | None
    ) -> aws.cloudfront.ResponseHeadersPolicy:
        remove = aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs
        return aws.cloudfront.ResponseHeadersPolicy(
            f"{self._name}-{kind}",
            comment=f"strata {self._stack}: answers for {'one caller' if viewer_cache_control else 'everybody'}",
            security_headers_config=_security_headers(),
            custom_headers_config=_cache_control(viewer_cache_control) if viewer_cache_control else None,
            remove_headers_config=aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs(
                items=[remove(header=header) for header in _TAG_HEADERS]
            ),
            opts=self._child,
        )


def _cache_key(cache_class: CacheClass) -> aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs:
    """Return what tells two answers of a class apart: the caller if it is theirs, and the query parameters."""
    prefix = "CachePolicyParametersInCacheKeyAndForwardedToOrigin"
    headers_config = getattr(aws.cloudfront, f"{prefix}HeadersConfigArgs")
    headers = getattr(aws.cloudfront, f"{prefix}HeadersConfigHeadersArgs")
    query_strings_config = getattr(aws.cloudfront, f"{prefix}QueryStringsConfigArgs")
    query_strings = getattr(aws.cloudfront, f"{prefix}QueryStringsConfigQueryStringsArgs")
    by_caller = headers_config(header_behavior="whitelist", headers=headers(items=[AUTH_HASH_HEADER]))
    return aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
        headers_config=by_caller if cache_class.keyed_by_caller else headers_config(header_behavior="none"),
        query_strings_config=query_strings_config(
            query_string_behavior="whitelist", query_strings=query_strings(items=list(cache_class.query_strings))
        ),
        cookies_config=getattr(aws.cloudfront, f"{prefix}CookiesConfigArgs")(cookie_behavior="none"),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
    )


def _cache_control(value: str) -> aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs:
    item = aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs
    return aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(
        items=[item(header="cache-control", value=value, override=True)]
    )


def _security_headers() -> aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs:
    prefix = "ResponseHeadersPolicySecurityHeadersConfig"
    return aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
        strict_transport_security=getattr(aws.cloudfront, f"{prefix}StrictTransportSecurityArgs")(
            access_control_max_age_sec=_TWO_YEARS_SECONDS, include_subdomains=True, override=True
        ),
        content_type_options=getattr(aws.cloudfront, f"{prefix}ContentTypeOptionsArgs")(override=True),
        frame_options=getattr(aws.cloudfront, f"{prefix}FrameOptionsArgs")(frame_option="DENY", override=True),
        referrer_policy=getattr(aws.cloudfront, f"{prefix}ReferrerPolicyArgs")(
            referrer_policy="no-referrer", override=True
        ),
    )
