"""The JSON schemas that editors complete from, and the page that describes every key of a stack file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from infra.config.rules import ALWAYS, GUARD_RAILS
from infra.config.schema import BEYOND_A_SCHEMA, SECTIONS, purpose_schema, section_schema, stack_schema, tenants_schema
from infra.config.sections.base import Key, Section
from infra.config.sections.network import ExistingNetworkConfig, NewNetworkConfig
from infra.config.surroundings import ALLOWED_REGION
from infra.config.tenants_schema import tenant_list
from local.markdown import table
from local.paths import CHECKOUT
from strata.environments.names import ALLOWED_STACK_NAME, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SCHEMAS_FOLDER: Final = CHECKOUT / "schemas"
_HEADER: Final = ("key", "type", "default", "allowed", "what it does", "a change of it")
_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by the name of its file."""
    return {
        "stack.schema.json": stack_schema(),
        "tenants.schema.json": tenants_schema(has_pattern=False),
        "tenants-own-ids.schema.json": tenants_schema(has_pattern=True),
    }


def write_schemas(folder: Path = SCHEMAS_FOLDER) -> None:
    """Write every schema anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(written(schema), encoding="utf-8")


def written(schema: dict[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def config() -> str:
    """Return the page about the keys of a stack file."""
    return "\n".join(
        [
            "# Config",
            "",
            "Every key of a stack file below `config`. The models in `infra/config/sections/` are the source;",
            "`schemas/stack.schema.json` says the same to editors, which find it by the first lines of a stack file.",
            "`pulumi preview` reports every problem of a stack file at once, before it looks at any resource.",
            "",
            "A change of a key is one of these: *nothing* is deployed; *in place*; the instance needs a *restart*;",
            "a *replacement* of resources; or it is *refused*, by the preview or by AWS.",
            "",
            *_surroundings(),
            *_tenants(),
            *(line for name, model in SECTIONS.items() for line in _section(f"strata:{name}", model)),
            *_section("strata:network, to make one", NewNetworkConfig),
            *_section("strata:network, one that is there", ExistingNetworkConfig),
            *_rules(),
        ]
    )


def _surroundings() -> list[str]:
    region = "replacement of everything, refused while deletionProtection holds: another region is another stack"
    purpose = purpose_schema()
    allowed = ", ".join(purpose["enum"])
    does = "what the stack is for, and so which guard rails it has; byName takes it from the words of its name"
    rows = (
        ("`aws:region`", "text", "required", ALLOWED_REGION, "where everything is but what CloudFront needs", region),
        ("`strata:purpose`", "text", f"`{purpose['default']}`", allowed, does, "nothing but the guard rails"),
    )
    words = ((purpose, ", ".join(f"`{word}`" for word in sorted(telling))) for purpose, telling in WORDS.items())
    return [
        "## The stack",
        "",
        f"Its name is {ALLOWED_STACK_NAME}.",
        "",
        *table(_HEADER, rows),
        "",
        "Words of a name, between hyphens, that say a purpose; the first row that fits counts, so `prod-2` and",
        "`eu-prod` are production. A name that says nothing needs the key, and a stricter name cannot be talked out of",
        "its purpose.",
        "",
        *table(("purpose", "words"), words),
        "",
    ]


def _tenants() -> list[str]:
    entry = tenant_list(has_pattern=False)["items"]["anyOf"][1]
    rows = (
        (f"`{key}`", _default(key, one, entry["required"]), ", ".join(one.get("enum", ())), one["description"])
        for key, one in entry["properties"].items()
    )
    return [
        "## strata:tenants",
        "",
        "A list of at most 500 ids or mappings, or `{file: path}` of such a list, which any number may be in; the path",
        "is relative to the project. An entry that is new makes its partitions. An entry that is active cannot be",
        "removed: [the life of a tenant](../guides/tenants.md) has the two steps.",
        "",
        *table(("key of a mapping", "default", "one of", "what it does"), rows),
        "",
        "A file of tenants has `schemas/tenants.schema.json`, or `schemas/tenants-own-ids.schema.json` where",
        "`strata:partitions.idPattern` allows other ids.",
        "",
    ]


def _section(title: str, model: type[Section]) -> list[str]:
    return [f"## {title}", "", str(model.__doc__), "", *table(_HEADER, _rows(model, section_schema(model))), ""]


def _rows(model: type[Section], schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """Yield a row for each key, and then for the keys of a mapping below it."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        one, about = schema["properties"][key], next(said for said in field.metadata if isinstance(said, Key))
        default = _default(key, one, schema.get("required", []))
        yield f"`{prefix}{key}`", _type(one), default, field.description or "", about.does, about.change
        for nested in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(nested, type) and issubclass(nested, Section):
                yield from _rows(nested, one, f"{key}.")


def _type(schema: dict[str, Any]) -> str:
    types = schema.get("type") or {"int": "integer", "str": "string"}[type(schema["enum"][0]).__name__]
    named = [_TYPES[one] for one in ([types] if isinstance(types, str) else types) if one != "null"]
    return " or ".join(named)


def _default(key: str, schema: dict[str, Any], required: list[str]) -> str:
    if key in required:
        return "required"
    default = schema.get("default")
    return "" if default is None else f"`{json.dumps(default)}`"


def _rules() -> list[str]:
    return [
        "## Rules between keys",
        "",
        *(f"- {rule.says}" for rule in ALWAYS),
        "",
        "## Guard rails",
        "",
        *(line for purpose, rules in GUARD_RAILS.items() if rules for line in _rails(purpose, [r.says for r in rules])),
        "A refusal names the key to set and what is allowed there.",
        "",
        "## What an editor cannot see",
        "",
        "A file that a schema takes can still be refused by the preview: for the rules and rails above, and for these.",
        "",
        *(f"- {sentence}" for sentence in BEYOND_A_SCHEMA),
        "",
    ]


def _rails(purpose: str, sentences: list[str]) -> list[str]:
    return [f"In {purpose}:", "", *(f"- {sentence}" for sentence in sentences), ""]
