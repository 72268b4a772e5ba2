"""CloudFront: which resource types and data sources the stand-in models."""

from __future__ import annotations

from local.providers.aws.cloudfront_data import GetCachePolicy, GetOriginRequestPolicy, GetResponseHeadersPolicy
from local.providers.aws.cloudfront_distribution import Distribution
from local.providers.aws.cloudfront_function import CloudFrontFunction
from local.providers.aws.cloudfront_key_value_store import KeyValueStore
from local.providers.aws.cloudfront_policies import CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy

RESOURCES = (CachePolicy, CloudFrontFunction, Distribution, KeyValueStore, OriginRequestPolicy, ResponseHeadersPolicy)
FUNCTIONS = (GetCachePolicy, GetOriginRequestPolicy, GetResponseHeadersPolicy)
