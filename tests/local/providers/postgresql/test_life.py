"""Every type of pulumi-postgresql goes through one whole life, as the engine would lead it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.providers.postgresql import registry
from local.providers.sdk import Sdk
from tests.local.providers import test_conformance as conformance
from tests.local.providers.conformance import Case, World, changed, resolve
from tests.local.providers.postgresql.cases import CASES

if TYPE_CHECKING:
    from local.providers.resource import Properties

TYPES = registry.resource_types()


def test_every_type_has_a_case_and_every_case_a_type():
    assert sorted(TYPES.keys() ^ {case.token for case in CASES}) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_life(case: Case, postgresql_world: World):
    plugin, world = postgresql_world.plugin, postgresql_world
    inputs: Properties = resolve(case.inputs, world)
    updates = [resolve(change, world) for change in case.updates]
    assert conformance._uncovered(TYPES[case.token], case, updates, list(case.replacements)) == []

    checked = plugin.check(case.token, inputs)
    assert checked.failures == []
    preview = plugin.preview_create(case.token, checked.inputs)
    assert {key: preview[key] for key in checked.inputs} == checked.inputs
    resource = plugin.create(case.token, inputs)
    conformance._assert_settled(plugin, resource, case)

    for change in updates:
        resource = conformance._update(plugin, resource, change, case)
    for change in case.replacements:
        diff = plugin.diff(resource, changed(resource.inputs, change))
        assert diff.replaces, f"{change} does not replace"

    plugin.delete(resource)
    if not case.token.endswith(("Grant", "DefaultPrivileges")):  # these are gone with their role, not before
        assert plugin.read(resource) is None
    plugin.delete(resource)


@pytest.mark.parametrize("token", sorted(TYPES))
def test_declarations_name_what_the_sdk_has(token: str):
    sdk, resource_type = Sdk("pulumi_postgresql"), TYPES[token]
    known = sdk.resource(token).inputs.keys()
    declared = {*resource_type.modelled, *resource_type.replaces, *resource_type.defaults, *resource_type.computed}
    assert sorted(declared - known) == []
    assert all(resource_type.replaces.values()), "each row of `replaces` names its source"
