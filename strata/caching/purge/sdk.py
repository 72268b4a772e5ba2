"""The SDKs of other providers: optional, and imported when a purge first needs them."""

from __future__ import annotations

import importlib
from typing import Any

from strata.caching.purge.errors import MissingSdkError


def load(module: str, extra: str) -> Any:
    """Return a module of an SDK.

    Raises:
        MissingSdkError: the SDK is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # The SDK is there, and broken: another matter, with another remedy.
    raise MissingSdkError(extra, extra)


def retry_after_seconds(headers: Any) -> float | None:
    """Return what a Retry-After header asks for, when it does so in seconds."""
    text = (headers or {}).get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
