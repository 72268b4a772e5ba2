"""Calls to RDS of the emulator: refusals as one line, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from local.providers.aws.calls import call
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.providers.resource import Properties

#: RDS and Secrets Manager name what is missing at the end of the code, EC2 as a prefix of it.
_MISSING: Final = ("NotFound", "NotFoundFault", "NotFoundException")

__all__ = ["call", "client", "find", "live_tags", "set_tags", "tag_list"]


def client(provider: Any, properties: Properties, service: str = "rds") -> Any:
    """Return the boto3 client of the region that a resource is in."""
    return provider.client(service, properties.get("region"))


def find(what: str, method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a client's method, and return None when the service says that the thing does not exist.

    Raises:
        ProviderError: the service refused for another reason.
    """
    try:
        return call(what, method, **arguments)
    except ProviderError as error:
        details = getattr(error.__cause__, "response", {}).get("Error", {})
        if str(details.get("Code", "")).endswith(_MISSING):
            return None
        raise


def tag_list(provider: Any, inputs: Properties) -> list[dict[str, str]]:
    """Return the tags for a create call."""
    return as_list(provider.tags(inputs))


def live_tags(service: Any, arn: str) -> dict[str, str]:
    """Return the tags that a resource of RDS has."""
    answer = call(f"reading the tags of {arn}", service.list_tags_for_resource, ResourceName=arn)
    return as_map(answer["TagList"])


def set_tags(provider: Any, service: Any, arn: str, inputs: Properties) -> None:
    """Let a resource of RDS have the tags of the inputs and no other."""
    added, removed = changes(live_tags(service, arn), provider.tags(inputs))
    if added:
        call(f"tagging {arn}", service.add_tags_to_resource, ResourceName=arn, Tags=as_list(added))
    if removed:
        call(f"removing tags of {arn}", service.remove_tags_from_resource, ResourceName=arn, TagKeys=removed)
