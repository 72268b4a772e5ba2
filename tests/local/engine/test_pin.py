"""The pin agrees with itself and with the SDK."""

from __future__ import annotations

from importlib import metadata

import pytest

from local.engine.pin import is_at_least, parse_version, pinned


def test_the_cli_has_the_sdks_version() -> None:
    assert pinned().version == metadata.version("pulumi")


def test_the_cache_key_names_version_and_sources() -> None:
    pin = pinned()
    assert pin.cache_key == f"{pin.version}-{pin.digest}"
    assert len(pin.digest) == 12


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("v3.259.0\n", (3, 259, 0)),
        ("go1.26.6", (1, 26, 6)),
        ("1.25", (1, 25)),
        ("v3.260.0-alpha.x1", None),
        ("go version unknown", None),
        ("", None),
    ],
)
def test_versions_are_compared_as_numbers(text: str, numbers: tuple[int, ...] | None) -> None:
    assert parse_version(text) == numbers


@pytest.mark.parametrize(
    ("found", "wanted", "fits"),
    [
        ("v3.259.0", "3.259.0", True),
        ("v3.260.1", "3.259.0", True),
        ("v4.0.0", "3.259.0", True),
        ("v3.99.0", "3.259.0", False),
        ("v3.260.0-dev.1", "3.259.0", False),
        ("go1.26", "1.25.11", True),
    ],
)
def test_at_least(found: str, wanted: str, fits: bool) -> None:
    assert is_at_least(found, wanted) is fits
