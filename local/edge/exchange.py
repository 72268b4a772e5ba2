"""A request on its way through the edge: the viewer's, as the function left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.edge.values import value_type

if TYPE_CHECKING:
    from local.edge.header_fields import Fields


@value_type
class EdgeRequest:
    """What the cache key and the origin request are made of.

    Args:
        method: upper case.
        path: raw, after the function.
        query: raw, after the function.
        fields: headers by lower-case name; cookies under ``cookie``, one value for each header.
        body: the viewer's.
        client_ip: the viewer's address.
        scheme: what the viewer spoke.
        id: of this request, for ``X-Amz-Cf-Id`` and the event.
    """

    method: str
    path: str
    query: str
    fields: Fields
    body: bytes
    client_ip: str
    scheme: str
    id: str

    def field(self, name: str) -> str | None:
        """Return a header's first value, None without one; the name is lower case."""
        values = self.fields.get(name)
        return values[0] if values else None


def query_parts(query: str) -> list[tuple[str, str]]:
    """Return each parameter's name and its raw text, in order; nothing is decoded."""
    return [(part.partition("=")[0], part) for part in query.split("&")] if query else []


def cookie_parts(values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each cookie's name and its raw ``name=value``, in order."""
    parts = (part.strip() for value in values for part in value.split(";"))
    return [(part.partition("=")[0], part) for part in parts if part]
