"""Names that the provider makes when the program leaves them out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from local.providers.resource import Autoname, Properties, ResourceType

_HEX_DIGITS: Final = 7


def named(
    resource_type: ResourceType, urn: str, random_seed: bytes, old_inputs: Properties, inputs: Properties
) -> Properties:
    """Return the inputs with a name: the program's, else that of the existing resource, else a new one.

    The new one is the logical name and seven hex digits, as Pulumi's own providers make it; they come from the
    engine's seed, so preview and update agree.
    """
    rule = resource_type.autoname
    if rule is None or inputs.get(rule.property) is not None:
        return inputs
    if not _is_spelled_differently(rule, inputs):
        name = old_inputs.get(rule.property) or _new_name(rule, urn.rpartition("::")[2], random_seed)
        return {**inputs, rule.property: name}
    return inputs


def _is_spelled_differently(rule: Autoname, inputs: Properties) -> bool:
    """Return whether the program gives the name by prefix, for example ``bucketPrefix`` or ``namePrefix``."""
    return inputs.get(f"{rule.property}Prefix") is not None


def _new_name(rule: Autoname, logical_name: str, random_seed: bytes) -> str:
    digits = hashlib.sha256(random_seed + logical_name.encode()).hexdigest()[:_HEX_DIGITS]
    name = f"{logical_name[: rule.max_length - _HEX_DIGITS - 1]}-{digits}"
    return name.lower() if rule.lower else name
