"""Purging the caches of CloudFront, Cloudflare and Fastly through one call.

A purge names paths and tags, never a caller: at a shared URL it removes the variants of all callers. One tenant's
answers alone become unreachable by a new epoch (`strata.caching.epochs`).
"""

from strata.caching.purge.cloudflare import Cloudflare
from strata.caching.purge.cloudfront import CloudFront
from strata.caching.purge.errors import (
    MissingSdkError,
    PurgeCredentialsError,
    PurgeDeadlineError,
    PurgeError,
    PurgeInputError,
    PurgeRefusedError,
    PurgeRunError,
    PurgeUnreachableError,
    SoftPurgeUnavailableError,
)
from strata.caching.purge.fastly import Fastly
from strata.caching.purge.items import PurgeItem
from strata.caching.purge.plan import Provider, PurgeBatch, PurgeCost, PurgePlan, plan_purge
from strata.caching.purge.result import PurgeProgress, PurgeResult
from strata.caching.purge.run import purge_cdn_cache

__all__ = [
    "CloudFront",
    "Cloudflare",
    "Fastly",
    "MissingSdkError",
    "Provider",
    "PurgeBatch",
    "PurgeCost",
    "PurgeCredentialsError",
    "PurgeDeadlineError",
    "PurgeError",
    "PurgeInputError",
    "PurgeItem",
    "PurgePlan",
    "PurgeProgress",
    "PurgeRefusedError",
    "PurgeResult",
    "PurgeRunError",
    "PurgeUnreachableError",
    "SoftPurgeUnavailableError",
    "plan_purge",
    "purge_cdn_cache",
]
