"""The table of rights is about this program: its types, the names it gives, and its project."""

from __future__ import annotations

import pytest

from strata.account.rights.roles import AREAS
from strata.account.settings import PROJECT
from tests.policy.planning import AWS_STACKS, CHECKOUT, plan


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_every_type_that_the_program_registers_has_a_row(stack: str) -> None:
    """The rows of the table are the types of the plans; a type that is new needs one in `strata/account/rights/`."""
    tokens = {one.type_token for types in AREAS.values() for one in types}
    planned = {one.type for one in plan(stack).resources if one.type.startswith("aws:")}
    assert planned <= tokens


def test_names_of_the_stack_are_those_that_rights_are_narrowed_to() -> None:
    """A resource that is renamed would be one that its role may not touch."""
    named = {(one.type, one.name) for one in plan("prod").resources}
    assert {
        ("aws:iam/role:Role", "database-monitoring"),
        ("aws:rds/parameterGroup:ParameterGroup", "database-parameters"),
        ("aws:rds/subnetGroup:SubnetGroup", "database-subnets"),
        ("aws:s3/bucket:Bucket", "archive-bucket"),
        ("aws:s3/bucket:Bucket", "access-logs-bucket"),
        ("aws:secretsmanager/secret:Secret", "edge-secrets-secret"),
    } <= named
    (instance,) = [one for one in plan("prod").resources if one.type == "aws:rds/instance:Instance"]
    assert instance.properties["identifier"] == "strata-prod"
    for token in ("sns/topic:Topic", "cloudwatch/metricAlarm:MetricAlarm", "rds/eventSubscription:EventSubscription"):
        names = [one.properties["name"] for one in plan("prod").resources if one.type == f"aws:{token}"]
        assert names
        assert all(name.startswith("strata-prod-") for name in names)
    buckets = {name for token, name in named if token == "aws:s3/bucket:Bucket"}
    assert buckets == {"archive-bucket", "access-logs-bucket"}
    functions = [name for token, name in named if token == "aws:cloudfront/function:Function"]
    assert functions
    assert all(name.startswith("edge-viewer-request-") for name in functions)


def test_the_project_is_the_one_in_the_paths_of_the_state() -> None:
    assert f"name: {PROJECT}\n" in (CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8")
