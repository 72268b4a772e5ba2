"""RDS writes what the machine does, as a role that may write that and nothing else."""

import json

import pulumi

from infra.components.database import Database, DatabaseArgs
from infra.config import DatabaseConfig


def deployed(record):
    def program():
        args = DatabaseArgs("dev", DatabaseConfig(), 1_000, ["subnet-1", "subnet-2"], "sg-0123abc", (), "key-arn")
        return [pulumi.Output.from_input(Database("database", args).host)]

    return record(program)


def test_the_instance_is_monitored_by_the_minute_as_its_own_role(record):
    made = deployed(record)
    instance = made.one("aws:rds/instance:Instance")
    assert instance.inputs["monitoringInterval"] == 60
    assert instance.inputs["monitoringRoleArn"] == "arn:aws:mock:eu-central-1:123456789012:database-monitoring"
    # Without its rights the role is refused when the instance names it.
    assert "database-monitoring" in instance.depends_on


def test_only_rds_takes_the_role(record):
    trust = json.loads(deployed(record).one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}


def test_the_role_has_the_policy_of_aws_for_it_and_no_other(record):
    (attachment,) = deployed(record).all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs == {
        "role": "database-monitoring",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    }


def test_performance_insights_has_a_key_of_ours(record):
    assert deployed(record).one("aws:rds/instance:Instance").inputs["performanceInsightsKmsKeyId"] == "key-arn"
