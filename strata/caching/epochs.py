"""The tenants' epochs: a number in the identity digest of every caller of a tenant, and so in the cache key.

A new epoch gives all callers of one tenant new keys, at every path, and leaves the other tenants alone; an invalidation
can do neither, because it removes every caller's variant of a path. What was cached under the old epoch is not deleted:
nothing asks for it any more, and it leaves the cache with its maximum TTL.
"""

from __future__ import annotations

from typing import Final

from strata.caching.key_value_store import KeyValueStore, KeyValueStoreError, epoch_key

FIRST_EPOCH: Final = 0


def bump_tenant_epoch(store_arn: str, tenant: str) -> int:
    """Give a tenant a new epoch and return it: one higher than the present one.

    Two bumps at once give two epochs. A bump whose answer got lost is made again and may count twice: an epoch only
    has to be a new one. Edge locations go on with the old epoch until the change reaches them (see `key_value_store`),
    and may serve what is cached under it until then.

    Args:
        store_arn: the distribution's KeyValueStore.
        tenant: as the edge function names it: the tenant claim, or the host in lower case without its port.

    Raises:
        KeyValueStoreError: the store cannot be changed, or what it holds for the tenant is no epoch.
    """
    key = epoch_key(tenant)
    return int(KeyValueStore(store_arn).replace(key, lambda present: str(_epoch(store_arn, key, present) + 1)))


def tenant_epoch(store_arn: str, tenant: str) -> int:
    """Return a tenant's epoch.

    Raises:
        KeyValueStoreError: the store cannot be read, or what it holds for the tenant is no epoch.
    """
    key = epoch_key(tenant)
    return _epoch(store_arn, key, KeyValueStore(store_arn).get(key))


def _epoch(store_arn: str, key: str, text: str | None) -> int:
    if text is None:
        return FIRST_EPOCH
    if text.isascii() and text.isdecimal():
        return int(text)
    raise KeyValueStoreError(store_arn, "not an epoch", key=key, allowed="decimal digits, or no value at all")
