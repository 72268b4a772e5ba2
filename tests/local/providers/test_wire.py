"""The engine's calls, over gRPC to a real plugin process whose one type does what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.providers.properties import SIGNATURE_KEY, encode
from local.providers.protocol import provider_pb2
from local.providers.resource import UNKNOWN
from tests.local.providers.plugin import CallError, Plugin, Resource, running, urn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "aws:ssm/parameter:Parameter"
INPUTS = {"type": "String", "name": "n", "value": "hunter2-secret", "tags": {"team": "payments"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def plugin(home: Path) -> Iterator[Plugin]:
    with running("tests.local.providers.fake_plugin", {"STRATA_HOME": str(home)}) as plugin:
        plugin.configure({"region": "eu-west-1", "defaultTags": '{"tags": {"project": "strata"}}'})
        yield plugin


def test_handshake_declines_secrets_so_that_plain_values_arrive(plugin: Plugin) -> None:
    answer = plugin.call("Handshake", provider_pb2.ProviderHandshakeRequest())
    assert [answer.accept_secrets, answer.accept_resources, answer.accept_outputs] == [False] * 3


def test_plugin_info_has_the_version_of_the_sdk(plugin: Plugin) -> None:
    assert plugin.call("GetPluginInfo", provider_pb2.ConfigureRequest()).version == "7.51.1"


def test_a_preview_knows_inputs_defaults_and_what_follows_and_nothing_else(plugin: Plugin) -> None:
    preview = plugin.preview_create(TOKEN, {**INPUTS, "description": UNKNOWN})
    assert {key: preview[key] for key in ("name", "dataType", "region", "tagsAll", "description")} == {
        "name": "n",
        "dataType": "text",
        "region": "eu-west-1",
        "tagsAll": {"project": "strata", "team": "payments"},
        "description": UNKNOWN,
    }
    assert preview["version"] is UNKNOWN
    assert preview["arn"] is UNKNOWN


def test_unknown_tags_make_all_tags_unknown(plugin: Plugin) -> None:
    assert plugin.preview_create(TOKEN, {**INPUTS, "tags": UNKNOWN})["tagsAll"] is UNKNOWN


def test_a_secret_output_is_marked(plugin: Plugin) -> None:
    request = provider_pb2.CreateRequest(urn=urn(TOKEN, "thing"), properties=encode(INPUTS))
    properties = plugin.call("Create", request).properties
    assert SIGNATURE_KEY in properties.fields["value"].struct_value.fields
    assert properties.fields["name"].string_value == "n"


def test_an_update_keeps_what_is_computed_and_makes_unknown_what_it_recomputes(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, INPUTS)
    described = plugin.preview_update(resource, {**INPUTS, "description": "d"})
    valued = plugin.preview_update(resource, {**INPUTS, "value": "other"})
    assert (described["version"], valued["version"]) == (1, UNKNOWN)
    assert plugin.update(resource, {**INPUTS, "value": "other"}).outputs["version"] == 2


def test_an_input_that_is_left_out_leaves_the_outputs(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, {**INPUTS, "description": "d"})
    assert "description" not in plugin.update(resource, INPUTS).outputs


def test_a_value_equal_to_the_default_is_no_change(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, INPUTS)
    assert not plugin.diff(resource, {**INPUTS, "dataType": "text"}).changed


def test_a_replacing_change_deletes_first_where_the_name_cannot_exist_twice(plugin: Plugin) -> None:
    diff = plugin.diff(plugin.create(TOKEN, INPUTS), {**INPUTS, "name": "other"})
    assert (diff.kinds, diff.replaces, diff.delete_before_replace) == ({"name": "UPDATE_REPLACE"}, ["name"], True)


def test_ignored_changes_are_none(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, INPUTS)
    assert not plugin.diff(resource, {**INPUTS, "name": "other"}, ignore=("name",)).changed


def test_an_unknown_value_is_a_change(plugin: Plugin) -> None:
    diff = plugin.diff(plugin.create(TOKEN, INPUTS), {**INPUTS, "value": UNKNOWN})
    assert diff.kinds == {"value": "UPDATE"}


def test_a_moved_region_replaces(plugin: Plugin) -> None:
    diff = plugin.diff(plugin.create(TOKEN, INPUTS), {**INPUTS, "region": "us-east-1"})
    assert (diff.kinds, diff.replaces) == ({"region": "UPDATE_REPLACE"}, ["region"])


def test_naming_the_region_it_is_in_is_no_change(plugin: Plugin) -> None:
    assert not plugin.diff(plugin.create(TOKEN, INPUTS), {**INPUTS, "region": "eu-west-1"}).changed


def test_a_refresh_shows_drift_as_a_difference(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, INPUTS)
    plugin.update(resource, {**INPUTS, "value": "somebody else", "description": "by hand"})
    live = plugin.read(resource)
    assert live is not None
    assert plugin.diff(live, INPUTS).kinds == {"description": "DELETE", "value": "UPDATE"}


def test_what_is_gone_has_no_id(plugin: Plugin) -> None:
    resource = plugin.create(TOKEN, INPUTS)
    plugin.delete(resource)
    assert plugin.read(resource) is None


def test_an_import_reads_by_id_alone(plugin: Plugin) -> None:
    plugin.create(TOKEN, INPUTS)
    found = plugin.read(Resource(TOKEN, "thing", "n", {}, {}))
    assert found is not None
    assert found.inputs == {key: INPUTS[key] for key in INPUTS}


def test_a_half_made_resource_is_told_with_its_outputs(plugin: Plugin) -> None:
    with pytest.raises(CallError) as caught:
        plugin.create(TOKEN, {**INPUTS, "description": "half-made"})
    assert caught.value.half_made.id == "n"
    assert list(caught.value.half_made.reasons) == ["its door is missing; the key is [secret]"]
    assert caught.value.half_made.properties.fields["version"].number_value == 1
    assert SIGNATURE_KEY in caught.value.half_made.properties.fields["value"].struct_value.fields


def test_a_refusal_is_one_line_and_leaves_no_doubt_about_the_resource(plugin: Plugin) -> None:
    with pytest.raises(CallError) as caught:
        plugin.create(TOKEN, {**INPUTS, "description": "refused"})
    assert (caught.value.code, str(caught.value)) == (
        "FAILED_PRECONDITION",
        "creating n: AccessDenied: not with [secret]",
    )


def test_an_unexpected_error_is_one_line_and_a_log_without_secrets(plugin: Plugin, home: Path) -> None:
    with pytest.raises(CallError) as caught:
        plugin.create(TOKEN, {**INPUTS, "description": "broken"})
    log = home / "logs" / "provider-aws.log"
    assert (caught.value.code, str(caught.value)) == (
        "INTERNAL",
        f"unexpected KeyError in Create of {TOKEN} 'thing': '[secret]' (traceback: {log})",
    )
    assert "Traceback (most recent call last)" in log.read_text()
    assert "hunter2" not in log.read_text()


def test_an_unmodelled_type_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(CallError, match=r"not modelled by the local provider: aws:sqs/queue:Queue$"):
        plugin.check("aws:sqs/queue:Queue", {})


def test_a_type_that_the_sdk_does_not_have_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(CallError, match=r"pulumi_aws 7.51.1 has no resource type aws:foo/bar:Baz$"):
        plugin.check("aws:foo/bar:Baz", {})


def test_an_unmodelled_function_is_refused_by_name(plugin: Plugin) -> None:
    with pytest.raises(CallError, match=r"not modelled by the local provider: aws:iam/getPolicy:getPolicy$"):
        plugin.invoke("aws:iam/getPolicy:getPolicy", {})


def test_a_function_answers_without_nulls(plugin: Plugin) -> None:
    assert plugin.invoke("aws:index/getRegion:getRegion", {"name": "eu-west-2"}) == {"name": "eu-west-2"}


def test_a_functions_arguments_are_checked(plugin: Plugin) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getRegion:getRegion", args=encode({"nane": "x"}))
    failures = plugin.call("Invoke", request).failures
    rule = "no such property in the installed SDK 7.51.1; did you mean 'name'?"
    assert [(each.property, each.reason) for each in failures] == [("", f"nane: {rule}")]


def test_a_failed_check_names_the_place_where_the_engine_does_not_print_its_value(plugin: Plugin) -> None:
    request = provider_pb2.CheckRequest(urn=urn(TOKEN, "thing"), news=encode({**INPUTS, "value": 3}))
    failures = plugin.call("Check", request).failures
    reason = "value: takes a string, not a number"
    assert [(each.property, each.reason) for each in failures] == [("", reason)]


def test_cancel_is_answered(plugin: Plugin) -> None:
    plugin.cancel()
