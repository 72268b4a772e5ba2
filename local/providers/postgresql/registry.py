"""Which class models which token of pulumi-postgresql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.providers.postgresql.default_privileges import DefaultPrivileges
from local.providers.postgresql.extension import Extension
from local.providers.postgresql.grant import Grant
from local.providers.postgresql.role import GrantRole, Role
from local.providers.postgresql.schema import Schema
from local.providers.provider import NotModelledError

if TYPE_CHECKING:
    from local.providers.resource import ResourceType

RESOURCES: Final[tuple[type[ResourceType], ...]] = (DefaultPrivileges, Extension, Grant, GrantRole, Role, Schema)


def resource_type(token: str) -> ResourceType:
    """Return the resource type of a token, for example ``postgresql:index/role:Role``.

    Raises:
        NotModelledError: there is none.
    """
    types = resource_types()
    if token not in types:
        raise NotModelledError(token)
    return types[token]


def resource_types() -> dict[str, ResourceType]:
    """Return every resource type by its token."""
    return {each.token: each() for each in RESOURCES}
