"""Property maps as they travel: plain values, the unknown sentinel, secrets and other signed objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # protobuf ships no types

from local.providers.resource import UNKNOWN, Properties, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

# Constants of the protocol: sdk/go/common/resource/plugin/rpc.go and sdk/go/common/resource/properties.go.
UNKNOWN_SENTINEL: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's public mark, no secret
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"

_UNKNOWN_SENTINELS: Final = frozenset(
    {
        UNKNOWN_SENTINEL,  # string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    },
)


def decode(properties: struct_pb2.Struct) -> Properties:
    """Return a property map as plain dictionaries and lists: secrets bare, nulls left out, unknowns as `UNKNOWN`."""
    return {key: value for key, item in properties.fields.items() if (value := _decode(item)) is not None}


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWN_SENTINELS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_object(decode(value.struct_value))
        case _:
            return None


def _decode_object(properties: Properties) -> Any:
    match properties.get(SIGNATURE_KEY):
        case s if s == SECRET_SIGNATURE:
            return properties.get("value")
        case s if s == OUTPUT_SIGNATURE:
            return properties.get("value", UNKNOWN)
        case s if s == RESOURCE_SIGNATURE:
            return properties.get("id") or properties["urn"]
        case _:
            return properties


def encode(properties: Mapping[str, Any], secret_keys: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Return a property map for the engine; the values of `secret_keys` are marked as secrets, None is left out."""
    fields = {
        key: _encode({SIGNATURE_KEY: SECRET_SIGNATURE, "value": value} if key in secret_keys else value)
        for key, value in properties.items()
        if value is not None
    }
    return struct_pb2.Struct(fields=fields)


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case Unknown():
            fields: Properties = {"string_value": UNKNOWN_SENTINEL}
        case None:
            fields = {"null_value": struct_pb2.NULL_VALUE}
        case bool():
            fields = {"bool_value": value}
        case int() | float():
            fields = {"number_value": value}
        case str():
            fields = {"string_value": value}
        case dict():
            fields = {"struct_value": encode(value)}
        case _:
            fields = {"list_value": struct_pb2.ListValue(values=[_encode(item) for item in value])}
    return struct_pb2.Value(**fields)


def contains_unknown(value: Any) -> bool:
    """Return whether a value is unknown, or holds an unknown at any depth."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN
