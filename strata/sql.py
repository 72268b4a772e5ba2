"""SQL from Jinja templates in which a value cannot appear unquoted.

A template writes ``{{ table | identifier }}`` or ``{{ tenant_id | literal }}``; any other interpolation is refused
when it is rendered, whatever its value. Quoting follows ``quote_ident`` (always quoted) and ``quote_literal`` under
``standard_conforming_strings = on``, which every connection of `strata.database` sets.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined

from strata.errors import StrataError
from strata.normalised_sql import normalised

#: Where PostgreSQL's objects are described, one per file.
TEMPLATES: Final = Path(__file__).resolve().parent.parent / "sql_templates"
#: Longest identifier in bytes (NAMEDATALEN - 1); PostgreSQL would cut a longer one short without an error.
MAXIMUM_IDENTIFIER_BYTES: Final = 63


class Sql(str):
    """Text that is SQL already: made by a quoting filter, safe to interpolate."""

    __slots__ = ()


class QuotingError(StrataError):
    """A value that SQL cannot hold, or that a template interpolates without a quoting filter."""


def identifier(name: str) -> Sql:
    """Return the name as a quoted identifier.

    Raises:
        QuotingError: the name is empty, longer than 63 bytes, or holds NUL.
    """
    if not name or "\0" in name or len(name.encode()) > MAXIMUM_IDENTIFIER_BYTES:
        raise QuotingError(
            "not an identifier",
            where={"name": ascii(name)},
            allowed=f"1 to {MAXIMUM_IDENTIFIER_BYTES} bytes of UTF-8 without NUL",
        )
    return Sql('"' + name.replace('"', '""') + '"')


def literal(value: str | int | bool | None) -> Sql:
    """Return the value as an SQL literal: text in quotes, numbers and booleans as they are, None as NULL.

    Raises:
        QuotingError: text that holds NUL.
    """
    match value:
        case None:
            return Sql("NULL")
        case bool():
            return Sql("true" if value else "false")
        case int():
            # A blank before a minus: two of them in a row would start a comment.
            return Sql(value if value >= 0 else f" {value}")
        case str() if "\0" not in value:
            return Sql("'" + value.replace("'", "''") + "'")
        case _:
            raise QuotingError(
                "not a literal", where={"value": ascii(value)}, allowed="text without NUL, integers, None"
            )


def render(template: str, **values: object) -> str:
    """Return the SQL of a template named by its path under ``sql_templates/``, without a trailing newline.

    Raises:
        QuotingError: a value cannot be quoted, or is interpolated without a quoting filter.
    """
    return environment().get_template(template).render(values).strip("\n")


def same_statements(one: str, other: str) -> bool:
    """Return whether two texts differ in nothing but comments and white space."""
    return one == other or normalised(one) == normalised(other)


@cache  # Compiled templates are the same for the life of a process.
def environment() -> Environment:
    """Return the Jinja environment that all templates are rendered in."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=_only_quoted,
        autoescape=False,  # noqa: S701 - HTML escapes mean nothing in SQL; _only_quoted is the fence here
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.globals.clear()  # No template uses them, and merging them took half of a rendering.
    jinja.filters["identifier"] = identifier
    jinja.filters["literal"] = literal
    return jinja


def _only_quoted(value: object) -> Sql:
    if isinstance(value, Sql):
        return value
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001 - Jinja's own way to say which name is missing
    raise QuotingError(
        "a template interpolates a value without quoting it",
        where={"type": type(value).__name__},
        allowed="{{ name | identifier }} or {{ value | literal }}",
    )
