"""Calls to a service whose refusals become errors of the stand-in: one line, with the service's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

# NoSuchBucket, NotFoundException, OwnershipControlsNotFoundError, and the bare status of a HEAD request.
_MISSING = ("NoSuch", "NotFound", "404")


def call(what: str, method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a client's method.

    Args:
        what: the action and its resource, for example ``creating cache policy orders``.
        method: a bound method of a boto3 client.
        arguments: what the method takes.

    Raises:
        ProviderError: the service refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow, and not every process needs it

    try:
        return method(**arguments)
    except ClientError as error:
        details = error.response["Error"]
        raise ProviderError(f"{what}: {details.get('Code')}: {details.get('Message')}") from error
    except BotoCoreError as error:
        raise ProviderError(f"{what}: {error}") from error


def find(what: str, method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a client's method as `call` does, and return None when the service says that the thing does not exist."""
    try:
        return call(what, method, **arguments)
    except ProviderError as error:
        details = getattr(error.__cause__, "response", {}).get("Error", {})
        if any(mark in str(details.get("Code")) for mark in _MISSING):
            return None
        raise
