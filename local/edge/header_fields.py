"""Header fields as the core works with them: lower-case names, each with its values in the order they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from local.edge.messages import Headers

#: Fields of one connection, never of a message: RFC 9110, 7.6.1, and CloudFront's table of request headers.
HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

Fields = dict[str, tuple[str, ...]]


def parse(headers: Headers) -> Fields:
    """Return the fields by lower-case name."""
    fields: Fields = {}
    for name, value in headers:
        lower = name.lower()
        fields[lower] = (*fields[lower], value) if lower in fields else (value,)
    return fields


def flatten(fields: Mapping[str, tuple[str, ...]]) -> Headers:
    """Return one pair for each value."""
    return tuple([(name, value) for name, values in fields.items() for value in values])


def lower_names(headers: Headers) -> Headers:
    """Return the same fields with lower-case names, without those of the connection."""
    named = connection_options(parse(headers)) | HOP_BY_HOP
    return tuple([(lower, value) for name, value in headers if (lower := name.lower()) not in named])


def connection_options(fields: Fields) -> frozenset[str]:
    """Return the lower-case names that a Connection header declares its own."""
    return frozenset(option.strip().lower() for value in fields.get("connection", ()) for option in value.split(","))


def first(headers: Headers, wanted: str) -> str | None:
    """Return the first value of a field, None where there is none; names are lower case."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


def combined(headers: Headers, wanted: str) -> str | None:
    """Return all values of a list field as one, None where there is none; names are lower case."""
    values = [value for name, value in headers if name == wanted]
    return ", ".join(values) if values else None


def without(headers: Headers, names: Collection[str]) -> Headers:
    """Return the fields that are not named; names are lower case."""
    return tuple([pair for pair in headers if pair[0] not in names])
