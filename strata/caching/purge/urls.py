"""The address under which viewers see a cache: what a path is joined to for providers that purge by URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from strata.caching.purge.errors import PurgeInputError


def host_and_scheme(public_url: str | None, provider: str) -> tuple[str, str]:
    """Return the authority and the scheme of a public URL.

    Raises:
        PurgeInputError: it is missing, or more than scheme and host.
    """
    parts = urlsplit(public_url or "")
    if parts.scheme in {"http", "https"} and parts.netloc and parts.path in {"", "/"} and _is_bare(parts):
        return parts.netloc.lower(), parts.scheme
    raise PurgeInputError(
        f"purging paths on {provider} needs the public URL of the cache",
        where={"public_url": public_url and public_url.rpartition("@")[2]},  # before it may stand a password
        allowed="https://HOST, as viewers write it; or tags, which need none",
    )


def _is_bare(parts: Any) -> bool:
    return not (parts.query or parts.fragment or "@" in parts.netloc)
