"""What is read from the SDK's source is what the imported SDK says of itself."""

import importlib
from typing import Any

import pytest

from local.providers.aws import registry
from local.providers.sdk import Kind, Sdk, UnknownTokenError

SDK = Sdk("pulumi_aws")


# The SDK deprecates some of its own classes while it is imported.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("token", sorted(registry.resource_types()))
def test_names_and_requiredness_are_those_of_the_imported_class(token: str) -> None:
    types = importlib.import_module("pulumi._types")
    folder, name = SDK.resource_classes[token]
    arguments = importlib.import_module(f"pulumi_aws.{folder}")
    cls: Any = getattr(arguments, f"{name}InitArgs", None) or getattr(arguments, f"{name}Args")
    python_to_camel = types.input_type_py_to_pulumi_names(cls)
    defaults = cls.__init__.__kwdefaults__ or {}
    required = {camel for python, camel in python_to_camel.items() if python not in defaults}
    inputs = SDK.resource(token).inputs
    assert sorted(inputs) == sorted(python_to_camel.values())
    assert {each.name for each in inputs.values() if each.required} == required


def test_kinds_and_nesting() -> None:
    inputs = SDK.resource("aws:cloudfront/distribution:Distribution").inputs
    assert inputs["enabled"].kind == Kind("boolean")
    assert inputs["aliases"].kind == Kind("list", Kind("string"))
    assert inputs["tags"].kind == Kind("map", Kind("string"))
    origins = inputs["origins"].kind.element
    assert origins == Kind("object", object_name="cloudfront:DistributionOriginArgs")
    nested = SDK.object_properties("cloudfront:DistributionOriginArgs")
    assert nested["domainName"].required
    assert nested["customOriginConfig"].kind.name == "object"


def test_enums_are_strings() -> None:
    assert SDK.resource("aws:ssm/parameter:Parameter").inputs["type"].kind == Kind("string")


def test_secrets_are_those_that_the_sdk_marks() -> None:
    assert SDK.resource("aws:rds/instance:Instance").secrets == {"password", "passwordWo"}


def test_functions_of_the_root_and_of_a_service() -> None:
    assert sorted(SDK.function("aws:index/getRegion:getRegion")) == ["endpoint", "id", "name", "region"]
    assert sorted(SDK.function("aws:cloudfront/getCachePolicy:getCachePolicy")) == ["id", "name"]


def test_a_flat_package_without_services() -> None:
    assert SDK.version != Sdk("pulumi_postgresql").version
    assert "login" in Sdk("pulumi_postgresql").resource("postgresql:index/role:Role").inputs


@pytest.mark.parametrize("token", ["aws:s3/bucket:Bukket", "aws:nothing/bucket:Bucket"])
def test_unknown_tokens(token: str) -> None:
    with pytest.raises(UnknownTokenError, match=f"has no resource type {token}"):
        SDK.resource(token)
    with pytest.raises(UnknownTokenError, match=f"has no function {token}"):
        SDK.function(token)
