"""The edge cache: what is kept and for how long, and the tools that hold the edge to it.

What an API needs is here; everything else is imported from its own module, because it needs more than the standard
library.
"""

from strata.caching import cdn_cache
from strata.caching.middleware import CdnCacheMiddleware
from strata.caching.origin_verify import LOCKED_BY_NETWORK, live_secrets

__all__ = ["LOCKED_BY_NETWORK", "CdnCacheMiddleware", "cdn_cache", "live_secrets"]
