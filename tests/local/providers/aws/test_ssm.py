"""Rules of Systems Manager parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.providers.plugin import CallError

if TYPE_CHECKING:
    from local.providers.resource import Properties
    from tests.local.providers.conformance import World

PARAMETER = "aws:ssm/parameter:Parameter"
GOOD = {"type": "String", "name": "/strata/dev/database", "value": "v"}


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"type": "Text"}, "type", "allowed are String, StringList, SecureString, not 'Text'"),
        ({"tier": "Gold"}, "tier", "allowed are Standard, Advanced, Intelligent-Tiering, not 'Gold'"),
        ({"name": "strata/dev"}, "name", "'strata/dev' has levels and must start with /"),
        ({"name": "/aws/x"}, "name", "'/aws/x' starts with aws or ssm, which Systems Manager keeps to itself"),
        (
            {"name": "a b"},
            "name",
            "'a b' is no parameter name: letters, digits, _.- and single / between levels",
        ),
        ({"name": "/a" * 16}, "name", f"{'/a' * 16!r} has more than 15 levels"),
        ({"value": ""}, "value", "is empty; Systems Manager refuses an empty value"),
        ({"value": "s3cret" * 700}, "value", "is 4200 bytes; tier Standard takes 4096"),
        ({"allowedPattern": "^x"}, "value", "does not match allowedPattern '^x'"),
        ({"insecureValue": "w"}, "value", "exactly one of value and insecureValue is needed, not 2"),
        ({"value": None}, "value", "exactly one of value and insecureValue is needed, not 0"),
        ({"keyId": "alias/x"}, "keyId", "only a SecureString is encrypted"),
        (
            {"value": None, "insecureValue": "w", "type": "SecureString"},
            "insecureValue",
            "cannot be used with type SecureString; use value",
        ),
    ],
)
def test_checks(world: World, change: Properties, place: str, reason: str) -> None:
    inputs = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    assert world.plugin.check(PARAMETER, inputs).failures == [(place, reason)]


def test_an_existing_parameter_is_not_taken_over(world: World) -> None:
    world.create(PARAMETER, GOOD)
    with pytest.raises(CallError, match=r"^creating parameter /strata/dev/database: ParameterAlreadyExists: "):
        world.plugin.create(PARAMETER, GOOD)


def test_an_existing_parameter_is_taken_over_when_the_program_says_so(world: World) -> None:
    world.create(PARAMETER, GOOD)
    taken = world.plugin.create(PARAMETER, {**GOOD, "value": "w", "overwrite": True, "tags": {"a": "b"}})
    assert (taken.outputs["value"], taken.outputs["tagsAll"]) == ("w", {"project": "strata", "a": "b"})


def test_tags_alone_make_no_new_version(world: World) -> None:
    made = world.create(PARAMETER, GOOD)
    assert world.plugin.update(made, {**made.inputs, "tags": {"a": "b"}}).outputs["version"] == 1


def test_a_parameter_does_not_fall_back_to_standard(world: World) -> None:
    made = world.create(PARAMETER, {**GOOD, "tier": "Advanced"})
    with pytest.raises(CallError, match=r"an Advanced parameter cannot become Standard; replace it$"):
        world.plugin.update(made, GOOD)
