import pulumi
import pytest

from infra.components.database import Database, DatabaseArgs, final_snapshot_identifier
from infra.config import DatabaseConfig, ExistingDatabaseConfig
from strata.partitions.lock_table import max_locks_per_transaction
from strata.partitions.tables import PARTITIONED_TABLES

EXISTING = ExistingDatabaseConfig(
    endpoint="there.example.com",
    port=6543,
    database="payments",
    resource_id="db-OLD",
    master_secret_arn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:there",
)


def deployed(record, **config):
    def program():
        args = DatabaseArgs(
            stack="dev",
            config=DatabaseConfig(**config),
            capacity=1_000,
            subnet_ids=["subnet-1", "subnet-2"],
            security_group_id="sg-0123abc",
        )
        database = Database("database", args)
        return [
            database.host,
            database.port,
            database.database_name,
            database.resource_id,
            database.master_secret_arn,
            pulumi.Output.from_input(database.instance is None),
        ]

    return record(program)


def parameters(made) -> dict[str, dict]:
    group = made.one("aws:rds/parameterGroup:ParameterGroup").inputs
    return {parameter["name"]: parameter for parameter in group["parameters"]}


def test_the_instance_is_encrypted_private_and_logs_in_without_a_password_of_ours(record):
    instance = deployed(record).one("aws:rds/instance:Instance").inputs
    assert instance["storageEncrypted"] is True
    assert instance["publiclyAccessible"] is False
    assert instance["manageMasterUserPassword"] is True
    assert instance["iamDatabaseAuthenticationEnabled"] is True
    assert "password" not in instance
    assert instance["vpcSecurityGroupIds"] == ["sg-0123abc"]


def test_the_instance_says_what_rds_keeps_of_it(record):
    made = deployed(record, backup_retention_days=14, multi_az=True, allocated_storage_gib=100)
    instance = made.one("aws:rds/instance:Instance").inputs
    assert instance["backupRetentionPeriod"] == 14
    assert instance["multiAz"] is True
    assert instance["allocatedStorage"] == 100
    assert instance["skipFinalSnapshot"] is False
    assert instance["finalSnapshotIdentifier"] == "strata-dev-final-0123abc"
    assert instance["copyTagsToSnapshot"] is True
    assert instance["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert instance["autoMinorVersionUpgrade"] is True


@pytest.mark.parametrize("deletion_protection", [True, False])
def test_deletion_protection_also_protects_the_resource(record, deletion_protection):
    instance = deployed(record, deletion_protection=deletion_protection).one("aws:rds/instance:Instance")
    assert instance.inputs["deletionProtection"] is deletion_protection
    assert instance.request.protect is deletion_protection


def test_the_parameter_group_follows_the_engine_and_the_capacity(record):
    made = deployed(record, engine_version="17.6")
    assert made.one("aws:rds/parameterGroup:ParameterGroup").inputs["family"] == "postgres17"
    found = parameters(made)
    assert found["plan_cache_mode"]["value"] == "force_custom_plan"
    locks = found["max_locks_per_transaction"]
    assert locks["value"] == str(max_locks_per_transaction(1_000, len(PARTITIONED_TABLES)))
    assert locks["applyMethod"] == "pending-reboot"


@pytest.mark.parametrize(
    ("instance_class", "locks"),
    [("db.t4g.micro", "512"), ("db.t4g.small", "256"), ("db.r7g.xlarge", "256"), ("db.z1d.large", "256")],
)
def test_a_small_class_gets_more_locks_for_each_of_its_few_connections(record, instance_class, locks):
    """With 112 connections, 256 would be half of what 1,000 tenants need."""
    assert parameters(deployed(record, instance_class=instance_class))["max_locks_per_transaction"]["value"] == locks


@pytest.mark.parametrize(("ssl_mode", "forced"), [("verify-full", "1"), ("require", "1"), ("disable", "0")])
def test_tls_is_forced_unless_the_stack_turns_it_off(record, ssl_mode, forced):
    assert parameters(deployed(record, ssl_mode=ssl_mode))["rds.force_ssl"]["value"] == forced


def test_an_instance_of_the_stack_and_an_existing_one_have_the_same_outputs(record):
    assert deployed(record).result == [
        "database.example.rds.amazonaws.com",
        5432,
        "strata",
        "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master",
        False,
    ]
    made = deployed(record, existing=EXISTING)
    assert [resource.type for resource in made.resources] == ["strata:infra:Database"]
    assert made.result == [
        "there.example.com",
        6543,
        "payments",
        "db-OLD",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:there",
        True,
    ]


def test_a_second_life_of_a_stack_names_its_final_snapshot_otherwise(record):
    made = record(lambda: [final_snapshot_identifier("dev", "sg-01"), final_snapshot_identifier("dev", "sg-02")])
    assert made.result == ["strata-dev-final-01", "strata-dev-final-02"]
