"""Changes of a stack file, for `EngineEnvironment.edit_config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], None]


def add_tenant(entry: str | dict[str, str]) -> Change:
    """Add an entry under strata:tenants."""

    def change(config: dict[str, Any]) -> None:
        config["strata:tenants"] = [*config["strata:tenants"], entry]

    return change


def remove_tenant(tenant_id: str) -> Change:
    """Remove the entry of a tenant."""

    def change(config: dict[str, Any]) -> None:
        config["strata:tenants"] = [entry for entry in config["strata:tenants"] if _id(entry) != tenant_id]

    return change


def _id(entry: str | dict[str, str]) -> str:
    return entry["id"] if isinstance(entry, dict) else entry
