"""Tokens and the classes that model them."""

import pytest

from local.providers.aws import registry
from local.providers.provider import NotModelledError


def test_types_are_found_by_token_and_are_one_object() -> None:
    found = registry.resource_type("aws:ec2/vpc:Vpc")
    assert found.token == "aws:ec2/vpc:Vpc"
    assert found is registry.resource_type("aws:ec2/vpc:Vpc")
    assert registry.function("aws:index/getRegion:getRegion").token == "aws:index/getRegion:getRegion"


@pytest.mark.parametrize("token", ["aws:sqs/queue:Queue", "aws:ec2/launchTemplate:LaunchTemplate", "aws:provider/x:X"])
def test_what_is_not_modelled(token: str) -> None:
    with pytest.raises(NotModelledError, match=f"^not modelled by the local provider: {token}$"):
        registry.resource_type(token)
    with pytest.raises(NotModelledError, match=f"^not modelled by the local provider: {token}$"):
        registry.function(token)


def test_every_token_leads_to_the_module_that_has_it() -> None:
    assert {token: registry.resource_type(token) for token in registry.resource_types()} == registry.resource_types()
    assert {token: registry.function(token) for token in registry.functions()} == registry.functions()
