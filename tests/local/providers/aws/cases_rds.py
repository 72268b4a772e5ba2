"""RDS: subnet groups, parameter groups and instances that are real PostgreSQL servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.ports import free_port
from tests.local.providers.aws.cases_sns import topic_arn
from tests.local.providers.conformance import Case, World

if TYPE_CHECKING:
    from local.providers.resource import Properties

PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
INSTANCE = "aws:rds/instance:Instance"


def network(world: World) -> Properties:
    """Return a VPC's id, three subnets in as many zones, and two security groups; made once per world."""
    ec2 = world.client("ec2")
    found = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.77.0.0/16"]}])["Vpcs"]
    vpc = found[0]["VpcId"] if found else ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    if not found:
        for index, zone in enumerate("abc"):
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{index}.0/24", AvailabilityZone=f"{world.region}{zone}")
        for name in ("one", "two"):
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = sorted(ec2.describe_subnets(Filters=of_vpc)["Subnets"], key=lambda subnet: subnet["CidrBlock"])
    groups = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    return {
        "vpc": vpc,
        "subnets": [subnet["SubnetId"] for subnet in subnets],
        "groups": sorted(group["GroupId"] for group in groups if group["GroupName"] in {"one", "two"}),
    }


def _subnet_group(world: World, name: str = "subnets") -> str:
    inputs = {"subnetIds": network(world)["subnets"]}
    return str(world.create(SUBNET_GROUP, inputs, name).outputs["name"])


def _parameter_group(world: World, name: str = "parameters") -> str:
    parameters = [
        {"name": "max_locks_per_transaction", "value": "128", "applyMethod": "pending-reboot"},
        {"name": "rds.force_ssl", "value": "1"},
    ]
    inputs = {"family": "postgres18", "parameters": parameters}
    return str(world.create(PARAMETER_GROUP, inputs, name).outputs["name"])


def _key(world: World) -> str:
    return str(world.client("kms").create_key()["KeyMetadata"]["Arn"])


def _instance(world: World) -> str:
    identifier: str = world.create(INSTANCE, instance_inputs(world)).outputs["identifier"]
    return identifier


def instance_inputs(world: World) -> Properties:
    return {
        "engine": "postgres",
        "engineVersion": "18",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 20,
        "username": "strata_master",
        "manageMasterUserPassword": True,
        "skipFinalSnapshot": True,
    }


CASES = [
    Case(
        token=SUBNET_GROUP,
        inputs=lambda world: {"subnetIds": network(world)["subnets"][:2]},
        updates=[
            {"description": "where the database lives", "tags": {"tier": "data"}},
            lambda world: {"subnetIds": network(world)["subnets"]},
        ],
        replacements=[{"name": "elsewhere"}],
    ),
    Case(
        token=PARAMETER_GROUP,
        inputs={
            "family": "postgres18",
            "parameters": [
                {"name": "max_locks_per_transaction", "value": "256", "applyMethod": "pending-reboot"},
                {"name": "rds.force_ssl", "value": "1"},
                {"name": "shared_buffers", "value": "{DBInstanceClassMemory/32768}", "applyMethod": "pending-reboot"},
            ],
            "tags": {"tier": "data"},
        },
        updates=[
            {"parameters": [{"name": "work_mem", "value": "8192"}, {"name": "plan_cache_mode", "value": "auto"}]},
            {"parameters": None, "tags": None},
        ],
        replacements=[{"name": "another"}, {"family": "postgres17"}, {"description": "other words"}],
    ),
    Case(
        token=INSTANCE,
        inputs=instance_inputs,
        updates=[
            lambda world: {"parameterGroupName": _parameter_group(world)},
            lambda world: {"dbSubnetGroupName": _subnet_group(world), "vpcSecurityGroupIds": network(world)["groups"]},
            {"allocatedStorage": 40, "maxAllocatedStorage": 100},
            {"storageType": "io1", "iops": 1000},
            {"storageType": "gp3", "iops": 3000, "storageThroughput": 500},
            {"backupRetentionPeriod": 7, "backupWindow": "03:00-04:00", "maintenanceWindow": "sun:05:00-sun:06:00"},
            {"iamDatabaseAuthenticationEnabled": True, "multiAz": True, "copyTagsToSnapshot": True},
            {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 7},
            lambda world: {"performanceInsightsKmsKeyId": _key(world), "masterUserSecretKmsKeyId": _key(world)},
            {"monitoringInterval": 60, "monitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring"},
            {"enabledCloudwatchLogsExports": ["upgrade", "postgresql"], "autoMinorVersionUpgrade": False},
            {"applyImmediately": True, "allowMajorVersionUpgrade": False, "deleteAutomatedBackups": False},
            {"caCertIdentifier": "rds-ca-rsa4096-g1", "networkType": "IPV4", "licenseModel": "postgresql-license"},
            {"instanceClass": "db.m6g.large", "publiclyAccessible": True, "engineVersion": "18.6"},
            lambda _: {"port": free_port()},
            {"identifier": "another-name"},
            {"manageMasterUserPassword": None, "masterUserSecretKmsKeyId": None, "password": "a-password-for-all"},
            {"finalSnapshotIdentifier": "the-last-one"},
            {"deletionProtection": True},
            {"deletionProtection": False, "skipFinalSnapshot": False, "tags": {"tier": "data"}},
        ],
        replacements=[
            {"dbName": "other"},
            {"username": "another_master"},
            {"storageEncrypted": True},
            {"multiAz": None, "availabilityZone": "eu-west-1b"},
            lambda world: {"storageEncrypted": True, "kmsKeyId": _key(world)},
        ],
        excused={"engine": "PostgreSQL is the only engine that is modelled"},
    ),
    Case(
        token="aws:rds/eventSubscription:EventSubscription",
        inputs=lambda world: {"snsTopic": topic_arn(world)},
        updates=[
            lambda world: {"sourceType": "db-instance", "sourceIds": [_instance(world)]},
            {"eventCategories": ["failure", "low storage"]},
            {"eventCategories": ["failover", "failure"], "enabled": False},
            lambda world: {"snsTopic": topic_arn(world, "other")},
            {"tags": {"team": "data"}},
        ],
        replacements=[{"name": "another"}],
    ),
]
