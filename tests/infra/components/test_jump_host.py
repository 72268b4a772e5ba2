import json

import pytest

from infra.components.jump_host import IMAGE_PARAMETER, JumpHost, JumpHostArgs

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@pytest.fixture
def deployed(record):
    def made(*, makes_endpoints: bool):
        args = JumpHostArgs(
            region="eu-central-1",
            vpc_id="vpc-1",
            subnet_id="subnet-1",
            database_security_group_id="sg-database",
            database_port=5433,
            makes_endpoints=makes_endpoints,
        )
        return record(lambda: [JumpHost("jump-host", args).instance_id])

    return made


def flows(made, kind):
    """Return the rules as (group, other side, port)."""
    return {
        (
            rule.inputs["securityGroupId"],
            rule.inputs.get("referencedSecurityGroupId") or rule.inputs["cidrIpv4"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
        )
        for rule in made.all(kind)
    }


def test_nobody_is_let_into_the_jump_host(deployed):
    for makes_endpoints in (True, False):
        made = deployed(makes_endpoints=makes_endpoints)
        assert "jump-host-id" not in {rule.inputs["securityGroupId"] for rule in made.all(INGRESS)}
        groups = made.all("aws:ec2/securityGroup:SecurityGroup")
        assert not any({"ingress", "egress"} & set(group.inputs) for group in groups)


def test_in_a_vpc_without_a_way_out_the_agent_has_endpoints_and_nothing_else(deployed):
    made = deployed(makes_endpoints=True)
    assert flows(made, EGRESS) == {
        ("jump-host-id", "sg-database", 5433, 5433),
        ("jump-host-id", "jump-host-endpoints-id", 443, 443),
    }
    assert flows(made, INGRESS) == {
        ("sg-database", "jump-host-id", 5433, 5433),
        ("jump-host-endpoints-id", "jump-host-id", 443, 443),
    }
    endpoints = made.all(ENDPOINT)
    assert {one.inputs["serviceName"] for one in endpoints} == {
        f"com.amazonaws.eu-central-1.{service}" for service in ("ssm", "ssmmessages")
    }
    assert all(one.inputs["privateDnsEnabled"] and one.inputs["subnetIds"] == ["subnet-1"] for one in endpoints)
    instance = made.one("aws:ec2/instance:Instance")
    assert {one.name for one in endpoints} <= instance.depends_on, "the agent calls them as it starts"


def test_in_a_vpc_that_was_there_the_agent_goes_out_by_https_only(deployed):
    made = deployed(makes_endpoints=False)
    assert made.all(ENDPOINT) == []
    assert flows(made, EGRESS) == {
        ("jump-host-id", "sg-database", 5433, 5433),
        ("jump-host-id", "0.0.0.0/0", 443, 443),
    }


def test_the_instance_is_small_closed_and_encrypted(deployed):
    made = deployed(makes_endpoints=True)
    instance = made.one("aws:ec2/instance:Instance").inputs
    assert instance["instanceType"] == "t4g.nano"
    assert instance["associatePublicIpAddress"] is False
    assert instance["metadataOptions"]["httpTokens"] == "required"
    assert instance["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert instance["rootBlockDevice"]["encrypted"] is True
    assert "keyName" not in instance
    assert made.result == ["jump-host-instance-id"]


def test_a_newer_image_replaces_it_only_on_purpose(deployed):
    made = deployed(makes_endpoints=True)
    instance = made.one("aws:ec2/instance:Instance")
    assert instance.inputs["ami"] == f"image of {IMAGE_PARAMETER}"
    assert list(instance.request.ignoreChanges) == ["ami"]


def test_the_agent_may_do_what_session_manager_needs_and_no_more(deployed):
    made = deployed(makes_endpoints=True)
    attachment = made.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    trust = json.loads(made.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "ec2.amazonaws.com"}]
    assert not {one.type for one in made.resources if one.type.startswith("aws:iam/")} - {
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/instanceProfile:InstanceProfile",
    }
    profile = made.one("aws:iam/instanceProfile:InstanceProfile")
    assert "jump-host" in profile.depends_on
