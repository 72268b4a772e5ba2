"""Which class models which token: one module per AWS service, imported when the first of its tokens is used."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Final

from local.providers import aws
from local.providers.provider import NotModelledError

if TYPE_CHECKING:
    from types import ModuleType

    from local.providers.resource import Function, ResourceType

# Functions of the SDK's root module belong to no service.
_MODULE_OF: Final = {"index": "functions"}


def resource_type(token: str) -> ResourceType:
    """Return the resource type of a token, for example ``aws:ssm/parameter:Parameter``.

    Raises:
        NotModelledError: no module has it.
    """
    resources = _resources(_service(token))
    if token not in resources:
        raise NotModelledError(token)
    return resources[token]


def function(token: str) -> Function:
    """Return the function of a token.

    Raises:
        NotModelledError: no module has it.
    """
    functions = _functions(_service(token))
    if token not in functions:
        raise NotModelledError(token)
    return functions[token]


def resource_types() -> dict[str, ResourceType]:
    """Return every resource type by its token."""
    return {token: each for service in _services() for token, each in _resources(service).items()}


def functions() -> dict[str, Function]:
    """Return every function by its token."""
    return {token: each for service in _services() for token, each in _functions(service).items()}


def _services() -> list[str]:
    """Return the modules that may hold types: an underscore marks a part of one."""
    return [module.name for module in pkgutil.iter_modules(aws.__path__) if "_" not in module.name]


def _service(token: str) -> str:
    prefix = token.split(":")[1].partition("/")[0]
    return _MODULE_OF.get(prefix, prefix)


@cache
def _resources(service: str) -> dict[str, ResourceType]:
    return {each.token: each() for each in getattr(_module(service), "RESOURCES", ())}


@cache
def _functions(service: str) -> dict[str, Function]:
    return {each.token: each() for each in getattr(_module(service), "FUNCTIONS", ())}


def _module(service: str) -> ModuleType | None:
    if not any(module.name == service for module in pkgutil.iter_modules(aws.__path__)):
        return None
    return importlib.import_module(f"{aws.__name__}.{service}")
