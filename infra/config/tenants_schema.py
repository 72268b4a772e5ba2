"""The JSON schema of a list of tenants, as far as a schema can say what `infra.config.tenants` checks."""

from collections.abc import Mapping
from typing import Any, Final

from infra.config.tenants import MOST_INLINE_TENANTS, REMOVALS, STATES
from strata.tenants import LONGEST_ID, MAXIMUM_TENANT_BYTES, READABLE, RESERVED_TENANT, allowed_id

_DOES: Final[Mapping[str, str]] = {
    "id": "The tenant's id, which names its partitions. A new one is another tenant.",
    "state": "active protects the tenant's partitions; offboarding lifts that, and changes nothing else.",
    "onRemove": "What removing the entry does with the rows: archive proves a copy before it drops them.",
    "confirm": "The tenant's id again, beside onRemove: drop, which keeps no copy.",
}


def tenant_id(*, has_pattern: bool) -> dict[str, Any]:
    """Return the schema of an id: the strict rule, or what a stack's own pattern cannot widen."""
    not_reserved = {"not": {"const": RESERVED_TENANT}}
    if has_pattern:
        allowed = f"1 to {MAXIMUM_TENANT_BYTES} bytes that match strata:partitions.idPattern as a whole"
        described = {"type": "string", "minLength": 1, "maxLength": MAXIMUM_TENANT_BYTES, **not_reserved}
        return {**described, "description": f"{_DOES['id']} Allowed: {allowed}."}
    pattern = {"type": "string", "pattern": f"^{READABLE}$", "maxLength": LONGEST_ID, **not_reserved}
    return {**pattern, "description": f"{_DOES['id']} Allowed: {allowed_id()}."}


def tenant_list(*, has_pattern: bool) -> dict[str, Any]:
    """Return the schema of a list of tenants."""
    return {
        "type": "array",
        "description": "Tenants, as ids or mappings. Adding one makes its partitions; an active one cannot be removed.",
        "items": {"anyOf": [tenant_id(has_pattern=has_pattern), _entry(has_pattern=has_pattern)]},
        "uniqueItems": True,
    }


def inline_tenants(*, has_pattern: bool) -> dict[str, Any]:
    """Return the schema of ``strata:tenants``: a list of limited length, or the file that holds one."""
    file = {"type": "string", "description": "The path of a list of tenants, relative to the project."}
    return {
        "description": "The tenants of the stack: a list, or {file: path} of one, which any number may be in.",
        "default": [],
        "anyOf": [
            {**tenant_list(has_pattern=has_pattern), "maxItems": MOST_INLINE_TENANTS},
            {"type": "object", "properties": {"file": file}, "required": ["file"], "additionalProperties": False},
        ],
    }


def _entry(*, has_pattern: bool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "id": tenant_id(has_pattern=has_pattern),
            "state": {"enum": list(STATES), "default": STATES[0], "description": _DOES["state"]},
            "onRemove": {"enum": list(REMOVALS), "default": REMOVALS[0], "description": _DOES["onRemove"]},
            "confirm": {"type": "string", "description": _DOES["confirm"]},
        },
        "required": ["id"],
        "additionalProperties": False,
        "if": {"properties": {"onRemove": {"const": "drop"}}, "required": ["onRemove"]},
        "then": {"required": ["confirm"]},
        "else": {"properties": {"confirm": False}},
    }
