"""What an answer varies by, held against what its cache key holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.caching.classes import AUTH_HASH_HEADER, IDENTITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from strata.caching.classes import CacheClass


def varied_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the header names of Vary fields, in lower case and each once; ``*`` stays as it is."""
    names = (name.strip().lower() for value in values for name in value.split(","))
    return tuple(dict.fromkeys(filter(None, names)))


def covered_names(cache_class: CacheClass) -> frozenset[str]:
    """Return the headers that an answer of this class may vary by.

    Those in the key; what the digest in the key stands for; and Accept-Encoding, which CloudFront normalises and keys
    by itself where a policy compresses. ``*`` is none of them.
    """
    identity = IDENTITY_HEADERS if cache_class.keyed_by_caller else ()
    return frozenset((*cache_class.keyed_headers, *identity, "accept-encoding"))


def class_names(cache_class: CacheClass) -> tuple[str, ...]:
    """Return what every answer of this class says that it varies by, whatever the handler said.

    CloudFront reads none of it (its key is in the policy); Fastly and every cache behind it do. They are told of the
    identity itself as well as of its digest, which only the edge sees.
    """
    identity = IDENTITY_HEADERS if AUTH_HASH_HEADER in cache_class.keyed_headers else ()
    return (*identity, *cache_class.keyed_headers)
