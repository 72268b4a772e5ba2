"""Property maps on the wire."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from local.providers.properties import (
    OUTPUT_SIGNATURE,
    RESOURCE_SIGNATURE,
    SECRET_SIGNATURE,
    SIGNATURE_KEY,
    contains_unknown,
    decode,
    encode,
)
from local.providers.resource import UNKNOWN

# Numbers travel as doubles, which hold every integer up to this.
LARGEST = 2**53
SCALARS = (
    st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(max_size=5) | st.floats(allow_nan=False) | st.just(UNKNOWN)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=10
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_what_is_encoded_is_decoded(properties: dict[str, Any]) -> None:
    assert decode(encode(properties)) == properties


def test_nulls_are_left_out_of_maps_and_kept_in_lists() -> None:
    assert decode(encode({"a": None, "b": [None, 1]})) == {"b": [None, 1]}


@pytest.mark.parametrize(
    ("signed", "plain"),
    [
        ({SIGNATURE_KEY: SECRET_SIGNATURE, "value": {"a": 1}}, {"a": 1}),
        ({SIGNATURE_KEY: OUTPUT_SIGNATURE, "value": "x", "secret": True}, "x"),
        ({SIGNATURE_KEY: OUTPUT_SIGNATURE}, UNKNOWN),
        ({SIGNATURE_KEY: RESOURCE_SIGNATURE, "urn": "urn:x", "id": "i"}, "i"),
        ({SIGNATURE_KEY: RESOURCE_SIGNATURE, "urn": "urn:x"}, "urn:x"),
    ],
)
def test_signed_objects_are_taken_apart(signed: dict[str, Any], plain: Any) -> None:
    assert decode(encode({"property": [signed]})) == {"property": [plain]}


def test_every_sentinel_is_unknown() -> None:
    # The engine sends the sentinel of a value's type where it knows the type.
    bool_sentinel = struct_pb2.Value(string_value="1c4a061d-8072-4f0a-a4cb-0ff528b18fe7")
    assert decode(struct_pb2.Struct(fields={"a": bool_sentinel})) == {"a": UNKNOWN}


def test_secret_keys_are_wrapped_and_unwrapped() -> None:
    struct = encode({"password": "p", "name": "n"}, frozenset({"password", "absent"}))
    wrapped = struct.fields["password"].struct_value.fields
    assert wrapped[SIGNATURE_KEY].string_value == SECRET_SIGNATURE
    assert decode(struct) == {"password": "p", "name": "n"}


@pytest.mark.parametrize(
    ("value", "expected"), [(UNKNOWN, True), ({"a": [UNKNOWN]}, True), ({"a": [1]}, False), (None, False)]
)
def test_an_unknown_is_found_at_any_depth(value: Any, expected: bool) -> None:
    assert contains_unknown(value) is expected
