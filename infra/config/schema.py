"""JSON schemas of a stack file and of a file of tenants, made from the models that the program parses with.

They are of draft 7, which the YAML extension of VS Code and PyCharm both read, and hold no references: an editor then
shows one description for each key. What a schema cannot say is in `BEYOND_A_SCHEMA`; `infra.config.load` checks it all.
"""

from collections.abc import Mapping
from typing import Any, Final

from infra.config.problems import keys_of
from infra.config.sections.alarms import AlarmsConfig
from infra.config.sections.base import Section
from infra.config.sections.database import DatabaseConfig
from infra.config.sections.edge import AccessLogsConfig, ApiConfig, CdnConfig
from infra.config.sections.network import ExistingNetworkConfig, NewNetworkConfig
from infra.config.sections.partitions import PartitionsConfig
from infra.config.surroundings import ALLOWED_PURPOSE, REGION
from infra.config.tenants_schema import inline_tenants, tenant_list
from strata.environments.names import BY_NAME, PURPOSES

#: The model of each section; the network has two.
SECTIONS: Final[Mapping[str, type[Section]]] = {
    "partitions": PartitionsConfig,
    "database": DatabaseConfig,
    "api": ApiConfig,
    "cdn": CdnConfig,
    "accessLogs": AccessLogsConfig,
    "alarms": AlarmsConfig,
}
#: What `load` refuses and no schema can, beside the rules between keys (`infra.config.rules`).
BEYOND_A_SCHEMA: Final = (
    "The stack's name fits into names on AWS, and does not say another purpose than `strata:purpose`.",
    "`strata:api` has `originDomain` unless `cdn.enabled` is false.",
    "`partitions.idPattern` is a regular expression of Python's, and every tenant id matches it.",
    "A tenant's id is at most 1,024 bytes long, and no two ids look alike.",
    "`confirm` is the tenant's own id.",
    "`tenants.file` can be read and is a list; its own schema describes it.",
    "`network.cidr` names the first address of its range.",
    "A whole number is written without `.0`, and a version with a dot in quotes.",
)
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_PULUMI_KEYS: Final[Mapping[str, str]] = {
    "secretsprovider": "What encrypts the stack's secrets, written by pulumi stack init.",
    "encryptedkey": "The key of the stack's secrets, encrypted by the provider, written by pulumi stack init.",
    "encryptionsalt": "The salt of the passphrase of the stack's secrets, written by pulumi stack init.",
}


def stack_schema() -> dict[str, Any]:
    """Return the schema of a stack file."""
    config = {
        "type": "object",
        "description": "Keys of other namespaces than strata are those of Pulumi's providers.",
        "properties": {
            "aws:region": {
                "type": "string",
                "pattern": f"^{REGION}$",
                "description": "The region of the stack, for example eu-central-1. A change: replacement of "
                "everything, refused while deletionProtection holds; another region is another stack.",
            },
            "strata:purpose": purpose_schema(),
            "strata:tenants": inline_tenants(has_pattern=True),
            **{f"strata:{name}": section_schema(model) for name, model in SECTIONS.items()},
            "strata:network": network_schema(),
        },
        "patternProperties": {"^(?!strata:)": {}},
        "additionalProperties": False,
        "required": ["aws:region"],
        # The strict rule of ids is that of a stack without a pattern of its own.
        "if": {
            "properties": {"strata:partitions": {"required": ["idPattern"], "properties": {"idPattern": _TEXT}}},
            "required": ["strata:partitions"],
        },
        "else": {"properties": {"strata:tenants": inline_tenants(has_pattern=False)}},
    }
    return {
        "$schema": _DRAFT,
        "title": "A stack file of Strata",
        "type": "object",
        "properties": {
            "config": config,
            **{key: {"type": "string", "description": what} for key, what in _PULUMI_KEYS.items()},
        },
        "required": ["config"],
        "additionalProperties": False,
    }


def tenants_schema(*, has_pattern: bool) -> dict[str, Any]:
    """Return the schema of a file of tenants, for stacks with or without a pattern of their own for ids."""
    return {"$schema": _DRAFT, "title": "Tenants of a stack of Strata", **tenant_list(has_pattern=has_pattern)}


_TEXT: Final = {"type": "string"}


def purpose_schema() -> dict[str, Any]:
    """Return the schema of ``strata:purpose``."""
    return {
        "enum": [BY_NAME, *PURPOSES],
        "default": BY_NAME,
        "description": "What the stack is for, and so which guard rails it has; byName takes it from the words of the "
        f"stack's name. Allowed: {ALLOWED_PURPOSE}. A change: nothing but the guard rails.",
    }


def section_schema(model: type[Section]) -> dict[str, Any]:
    """Return the schema of a section, with one description for each key."""
    raw = model.model_json_schema()
    plain: dict[str, Any] = _plain(raw, raw.get("$defs", {}))
    return plain


def network_schema() -> dict[str, Any]:
    """Return the schema of ``strata:network``: a VPC to make, or one that is there."""
    new, there = section_schema(NewNetworkConfig), section_schema(ExistingNetworkConfig)
    return {
        **new,
        "description": "The VPC of the database: one to make (cidr, zones), or one that is there (the other keys).",
        "properties": {**new["properties"], **there["properties"]},
        "if": {"anyOf": [{"required": [key]} for key in keys_of(ExistingNetworkConfig)]},
        "then": {"required": there["required"], "properties": dict.fromkeys(keys_of(NewNetworkConfig), False)},
    }


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a part of pydantic's schema without references and titles, its texts put together."""
    if isinstance(node, list):
        return [_plain(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = {
            **definitions[node["$ref"].removeprefix("#/$defs/")],
            **{key: value for key, value in node.items() if key != "$ref"},
        }
    kept = {
        key: _plain(value, definitions)
        for key, value in node.items()
        if key not in {"title", "$defs", "does", "change"}
    }
    if "does" in node:
        does = node["does"][:1].upper() + node["does"][1:]
        kept["description"] = f"{does}. Allowed: {node['description']}. A change: {node['change']}."
    return _with_null(kept)


def _with_null(node: dict[str, Any]) -> dict[str, Any]:
    """Return a choice between a value and nothing as that value's own schema, which may be null."""
    arms = node.get("anyOf", [])
    if len(arms) != 2 or arms[1] != {"type": "null"}:  # noqa: PLR2004 - a value, or nothing
        return node
    value = dict(arms[0])
    if "enum" in value:
        value["enum"] = [*value["enum"], None]
    return {**value, **{key: one for key, one in node.items() if key != "anyOf"}, "type": [value["type"], "null"]}
