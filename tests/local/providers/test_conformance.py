"""Every resource type goes through one whole life, as the engine would lead it."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest

from local.paths import CHECKOUT
from local.providers import paths
from local.providers.aws import registry
from local.providers.difference import is_empty
from local.providers.resource import UNKNOWN
from local.providers.sdk import Sdk
from tests.local.providers.conformance import Case, World, changed, resolve
from tests.local.providers.conftest import new_aws_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.providers.resource import Properties, ResourceType
    from tests.local.providers.plugin import Plugin, Resource


def _cases() -> Iterator[Case]:
    folder = CHECKOUT / "tests" / "local" / "providers" / "aws"
    for module in pkgutil.iter_modules([str(folder)]):
        if module.name.startswith("cases_"):
            yield from importlib.import_module(f"tests.local.providers.aws.{module.name}").CASES


CASES = {case.token: case for case in _cases()}
TYPES = registry.resource_types()


def test_every_registered_type_has_a_case_and_every_case_a_type() -> None:
    assert sorted(TYPES.keys() ^ CASES.keys()) == []


@pytest.mark.parametrize("token", sorted(TYPES))
def test_declarations_name_what_the_sdk_has(token: str) -> None:
    sdk, resource_type = Sdk("pulumi_aws"), TYPES[token]
    schema = sdk.resource(token)
    missing = [path for path in resource_type.modelled if not _exists(sdk, token, path.removesuffix(".*"))]
    tops = {path.partition(".")[0] for path in resource_type.modelled}
    declared = {
        *(path.partition(".")[0] for path in resource_type.replaces),
        *resource_type.defaults,
        *resource_type.computed,
        *(path.partition(".")[0] for path in resource_type.unordered),
        *(cause for causes in resource_type.recomputed.values() for cause in causes),
    }
    assert missing == []
    assert sorted(declared - tops - schema.outputs) == []
    assert sorted(resource_type.recomputed.keys() - schema.outputs) == []
    assert all(resource_type.replaces.values()), "each row of `replaces` names its source"


def _exists(sdk: Sdk, token: str, path: str) -> bool:
    known = sdk.resource(token).inputs
    for step in path.split("."):
        if step not in known:
            return False
        kind = known[step].kind
        while kind.element:
            kind = kind.element
        known = sdk.object_properties(kind.object_name) if kind.object_name else {}
    return True


def _uncovered(
    resource_type: ResourceType, case: Case, updates: list[Properties], replacements: list[Properties]
) -> list[str]:
    covered = {key for change in [*updates, *replacements] for key in change} | case.excused.keys()
    return sorted({path.partition(".")[0] for path in resource_type.modelled} - covered)


@pytest.mark.parametrize("case", CASES.values(), ids=str)
def test_life(case: Case, emulator_url: str, tmp_path: Path) -> None:
    # An account of its own, so that a life that ends early leaves nothing in the way of another.
    with new_aws_world(emulator_url, tmp_path) as world:
        _lead(case, world)
        world.clean_up()


def _lead(case: Case, world: World) -> None:
    plugin = world.plugin
    inputs = resolve(case.inputs, world)
    resource_type = TYPES[case.token]
    updates = [resolve(change, world) for change in case.updates]
    replacements = [resolve(change, world) for change in case.replacements]
    assert _uncovered(resource_type, case, updates, replacements) == []

    preview = _preview(plugin, resource_type, plugin.check(case.token, inputs).inputs)
    resource = plugin.create(case.token, inputs)
    assert resource.id
    assert _broken_promises(preview, resource) - case.unsteady.keys() == set()
    _assert_settled(plugin, resource, case)

    for change in updates:
        resource = _update(plugin, resource, change, case)

    for change in replacements:
        diff = plugin.diff(resource, changed(resource.inputs, change))
        assert diff.replaces, f"{change} does not replace"
        assert {path.partition(".")[0].partition("[")[0] for path in diff.replaces} <= set(change)

    plugin.delete(resource)
    assert bool(plugin.read(resource)) == bool(case.stays)
    plugin.delete(resource)


def _preview(plugin: Plugin, resource_type: ResourceType, inputs: Properties) -> Properties:
    preview = plugin.preview_create(resource_type.token, inputs)
    unknown = {key for key, value in preview.items() if value is UNKNOWN}
    assert {key: preview[key] for key in inputs} == inputs
    assert unknown <= Sdk("pulumi_aws").resource(resource_type.token).outputs
    return preview


def _broken_promises(preview: Properties, resource: Resource) -> set[str]:
    """Return the outputs that a preview knew and that came out otherwise."""
    known = {key: value for key, value in preview.items() if value is not UNKNOWN}
    return {key for key, value in known.items() if not is_empty(value) and resource.outputs.get(key) != value}


def _assert_settled(plugin: Plugin, resource: Resource, case: Case) -> None:
    """A refresh finds what the last call answered, as outputs and as inputs."""
    live = plugin.read(resource)
    assert live is not None
    assert {**live.outputs, **_unsteady(resource, case)} == resource.outputs
    assert plugin.diff(live, resource.inputs).kinds == {}


def _unsteady(resource: Resource, case: Case) -> Properties:
    return {key: resource.outputs[key] for key in case.unsteady if key in resource.outputs}


def _update(plugin: Plugin, resource: Resource, change: Properties, case: Case) -> Resource:
    wanted = plugin.check(case.token, changed(resource.inputs, change), resource.inputs)
    assert wanted.failures == []
    diff = plugin.diff(resource, wanted.inputs)
    assert diff.changed, f"{change} changes nothing"
    assert not diff.replaces, f"{change} replaces"
    preview = plugin.preview_update(resource, wanted.inputs)
    updated = plugin.update(resource, wanted.inputs)
    wrong = _broken_promises(preview, updated) - case.unsteady.keys()
    assert wrong == set(), f"the preview of {change} promised something else"
    _assert_settled(plugin, updated, case)
    return updated


def test_paths_of_replacements_are_dotted() -> None:
    assert all("[" not in path for each in TYPES.values() for path in each.replaces)
    assert paths.dotted(("origins", 0, "domainName")) == "origins.domainName"
