"""An instance is a real server; what the emulator loses is made again from its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local import postgres
from local.providers.aws import rds_secret
from local.providers.aws.provider import Aws
from local.providers.aws.rds_instance import Instance
from local.providers.resource import ProviderError, ResourceInitError
from tests.local.providers.aws.cases_rds import INSTANCE, PARAMETER_GROUP, SUBNET_GROUP, instance_inputs, network
from tests.local.providers.conformance import World, changed
from tests.local.providers.conftest import new_aws_world
from tests.local.providers.plugin import CallError, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local.providers.plugin import Resource


NOWHERE = "arn:aws:kms:eu-west-1:1:key/nowhere"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the environment that the world's plugin works in."""
    return tmp_path


@pytest.fixture
def aws_world(emulator_url: str, home: Path) -> Iterator[World]:
    """Return an account and an environment of the test's own, in which no server is left running."""
    try:
        with new_aws_world(emulator_url, home) as world:
            yield world
            world.clean_up()
    finally:
        postgres.stop_all(home)


def _make(world: World, **inputs: Any) -> Resource:
    return world.create(INSTANCE, {**instance_inputs(world), "dbName": "strata", **inputs})


def _folder(home: Path, resource: Resource) -> Path:
    return home / "postgres" / str(resource.outputs["identifier"])


def _secret(world: World, resource: Resource) -> dict[str, str]:
    [described] = resource.outputs["masterUserSecrets"]
    answer = world.client("secretsmanager").get_secret_value(SecretId=described["secretArn"])
    return dict(json.loads(answer["SecretString"]))


def _login(resource: Resource, username: str, password: str) -> psycopg.Connection:
    outputs = resource.outputs
    return psycopg.connect(
        host=outputs["address"],
        port=outputs["port"],
        dbname="strata",
        user=username,
        password=password,
        autocommit=True,
    )


def _read(world: World, resource: Resource) -> Resource:
    live = world.plugin.read(resource)
    assert live is not None
    return live


def _refusal(world: World, token: str, inputs: dict[str, Any]) -> str:
    with pytest.raises(CallError) as refused:
        world.create(token, inputs)
    return refused.value.message


def test_instance_answers_sql_with_the_password_of_its_secret(aws_world):
    resource = _make(aws_world)
    outputs = resource.outputs
    assert outputs["endpoint"] == f"127.0.0.1:{outputs['port']}"
    assert outputs["engineVersionActual"] == "18.6"
    assert outputs["resourceId"] == resource.id
    assert outputs["arn"].endswith(f":db:{outputs['identifier']}")
    [secret] = outputs["masterUserSecrets"]
    assert secret["secretStatus"] == "active"
    assert ":secret:rds!db-" in secret["secretArn"]
    login = _secret(aws_world, resource)
    with _login(resource, **login) as master:
        assert master.execute("SELECT session_user, current_database()").fetchone() == ("strata_master", "strata")
    assert login["password"] not in json.dumps(outputs)


def test_emulator_knows_the_instance_and_its_tags(aws_world):
    resource = _make(aws_world, tags={"tier": "data"})
    rds = aws_world.client("rds")
    [record] = rds.describe_db_instances(DBInstanceIdentifier=resource.outputs["identifier"])["DBInstances"]
    assert (record["MasterUsername"], record["Endpoint"]["Port"]) == ("strata_master", resource.outputs["port"])
    tags = rds.list_tags_for_resource(ResourceName=record["DBInstanceArn"])["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "strata", "tier": "data"}


def test_parameter_group_is_really_applied(aws_world, home):
    static = {"name": "max_locks_per_transaction", "value": "256", "applyMethod": "pending-reboot"}
    formula = {"name": "shared_buffers", "value": "{DBInstanceClassMemory/32768}", "applyMethod": "pending-reboot"}
    parameters = [static, formula, {"name": "rds.force_ssl", "value": "1"}]
    group = aws_world.create(PARAMETER_GROUP, {"family": "postgres18", "parameters": parameters}, "group")
    resource = _make(aws_world, parameterGroupName=group.outputs["name"])
    instance = postgres.describe(_folder(home, resource))
    assert instance.parameters == {"max_locks_per_transaction": "256"}
    assert _show(instance, "max_locks_per_transaction") == "256"

    later = [{**static, "value": "512"}, {"name": "work_mem", "value": "8192"}]
    aws_world.plugin.update(group, changed(group.inputs, {"parameters": later}))
    assert _show(instance, "work_mem") == "8MB"
    assert _show(instance, "max_locks_per_transaction") == "256"
    assert postgres.pending_parameters(instance) == ("max_locks_per_transaction",)
    postgres.restart(_folder(home, resource))
    assert _show(instance, "max_locks_per_transaction") == "512"


def _show(instance: postgres.Instance, name: str) -> str:
    with postgres.connect(instance) as connection:
        [(value,)] = connection.execute(f"SHOW {name}".encode()).fetchall()
        return str(value)


def test_server_that_is_down_runs_again_after_a_refresh(aws_world, home):
    resource = _make(aws_world)
    postgres.stop(_folder(home, resource))
    assert _read(aws_world, resource).outputs == resource.outputs
    assert postgres.is_running(_folder(home, resource))


def test_lost_record_is_registered_again_from_the_folder(aws_world):
    resource = _make(aws_world, backupRetentionPeriod=7, tags={"tier": "data"})
    rds, identifier = aws_world.client("rds"), resource.outputs["identifier"]
    rds.delete_db_instance(DBInstanceIdentifier=identifier, SkipFinalSnapshot=True)
    assert _read(aws_world, resource).outputs == resource.outputs
    [record] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    assert record["BackupRetentionPeriod"] == 7


def test_record_whose_parameter_group_was_lost_too_joins_it_later(aws_world):
    group = aws_world.create(PARAMETER_GROUP, {"family": "postgres18", "name": "orders"}, "group")
    resource = _make(aws_world, parameterGroupName="orders")
    rds, identifier = aws_world.client("rds"), resource.outputs["identifier"]
    rds.delete_db_instance(DBInstanceIdentifier=identifier, SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName="orders")
    assert aws_world.plugin.read(group) is None
    _read(aws_world, resource)
    rds.create_db_parameter_group(DBParameterGroupName="orders", DBParameterGroupFamily="postgres18", Description="x")
    _read(aws_world, resource)
    [record] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    assert [one["DBParameterGroupName"] for one in record["DBParameterGroups"]] == ["orders"]


def test_lost_secret_is_made_again_with_a_password_that_works(aws_world):
    resource = _make(aws_world)
    old = _secret(aws_world, resource)
    [described] = resource.outputs["masterUserSecrets"]
    aws_world.client("secretsmanager").delete_secret(SecretId=described["secretArn"], ForceDeleteWithoutRecovery=True)
    live = _read(aws_world, resource)
    with _login(live, **_secret(aws_world, live)) as master:
        assert master.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _login(live, **old)


def test_change_behind_the_engines_back_shows_in_a_refresh(aws_world):
    resource = _make(aws_world, backupRetentionPeriod=7)
    aws_world.client("rds").modify_db_instance(
        DBInstanceIdentifier=resource.outputs["identifier"], BackupRetentionPeriod=1, ApplyImmediately=True
    )
    live = _read(aws_world, resource)
    assert aws_world.plugin.diff(live, resource.inputs).kinds == {"backupRetentionPeriod": "UPDATE"}


def test_instance_whose_folder_is_gone_is_gone(aws_world, home):
    resource = _make(aws_world)
    postgres.remove(_folder(home, resource))
    assert aws_world.plugin.read(resource) is None


def test_protected_instance_is_not_deleted(aws_world, home):
    resource = _make(aws_world, deletionProtection=True)
    with pytest.raises(CallError) as refused:
        aws_world.plugin.delete(resource)
    assert refused.value.message == (
        f"deleting DB instance {resource.outputs['identifier']}: InvalidParameterCombination: "
        "cannot delete a protected DB instance; set deletionProtection to false, deploy, and delete then"
    )
    assert postgres.is_running(_folder(home, resource))
    aws_world.made[0] = aws_world.plugin.update(resource, {**resource.inputs, "deletionProtection": False})


def test_final_snapshot_holds_the_data(aws_world, home):
    resource = _make(aws_world, skipFinalSnapshot=False, finalSnapshotIdentifier="the-last")
    with _login(resource, **_secret(aws_world, resource)) as master:
        master.execute("CREATE TABLE kept AS SELECT 7 AS number")
    aws_world.plugin.delete(resource)
    assert not _folder(home, resource).exists()
    snapshots = aws_world.client("rds").describe_db_snapshots(DBSnapshotIdentifier="the-last")["DBSnapshots"]
    assert len(snapshots) == 1

    snapshot = home / "postgres-snapshots" / "the-last"
    instance = postgres.start(snapshot)
    try:
        with postgres.connect(instance, "strata") as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    finally:
        postgres.stop(snapshot)

    second = _make_again(aws_world, resource)
    with pytest.raises(CallError, match="DBSnapshotAlreadyExists: the-last exists already"):
        aws_world.plugin.delete(second)
    aws_world.plugin.delete(aws_world.plugin.update(second, {**second.inputs, "skipFinalSnapshot": True}))


def _make_again(world: World, resource: Resource) -> Resource:
    world.made.clear()
    return world.plugin.create(INSTANCE, resource.inputs, "again")


def test_second_instance_of_an_identifier_is_refused(aws_world):
    resource = _make(aws_world, identifier="orders")
    with pytest.raises(CallError) as refused:
        aws_world.plugin.create(INSTANCE, resource.inputs, "second")
    assert refused.value.message == ("creating DB instance orders: DBInstanceAlreadyExists: choose another identifier")


def test_instance_that_a_killed_run_left_is_taken_over(aws_world, home, emulator_url):
    resource = _make(aws_world, identifier="orders")
    credentials = aws_world.client("sts").get_caller_identity()["Account"]
    environment = {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ACCESS_KEY_ID": credentials,
        "AWS_SECRET_ACCESS_KEY": "local",
        "STRATA_HOME": str(home),
    }
    with running("local.providers.aws", environment) as next_run:
        next_run.configure({"region": aws_world.region})
        again = next_run.create(INSTANCE, {**resource.inputs, "backupRetentionPeriod": 3})
        assert (again.id, again.outputs["backupRetentionPeriod"]) == (resource.id, 3)
        with pytest.raises(CallError, match="DBInstanceAlreadyExists"):
            next_run.create(INSTANCE, {**resource.inputs, "dbName": "other"}, "other")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            {"parameterGroupName": "nowhere"},
            "DB instance orders: DBParameterGroupNotFound: parameterGroupName: nowhere does not exist",
        ),
        (
            {"dbSubnetGroupName": "nowhere"},
            "DB instance orders: DBSubnetGroupNotFoundFault: dbSubnetGroupName: nowhere does not exist",
        ),
        (
            {"vpcSecurityGroupIds": ["sg-0123456789abcdef0"]},
            "DB instance orders: InvalidParameterValue: vpcSecurityGroupIds: sg-0123456789abcdef0 do not exist",
        ),
        (
            {"storageEncrypted": True, "kmsKeyId": NOWHERE},
            f"DB instance orders: KMSKeyNotAccessibleFault: kmsKeyId: {NOWHERE} does not exist",
        ),
    ],
)
def test_reference_to_nothing_is_refused(aws_world, home, inputs, words):
    assert _refusal(aws_world, INSTANCE, {**instance_inputs(aws_world), "identifier": "orders", **inputs}) == words
    assert not (home / "postgres").exists()


def test_parameter_group_of_another_family_is_refused(aws_world):
    aws_world.create(PARAMETER_GROUP, {"family": "postgres17", "name": "older"}, "group")
    inputs = {**instance_inputs(aws_world), "identifier": "orders", "parameterGroupName": "older"}
    assert _refusal(aws_world, INSTANCE, inputs) == (
        "DB instance orders: InvalidParameterCombination: parameterGroupName: older is of family postgres17, "
        "the engine's is postgres18"
    )


def test_security_group_of_another_vpc_is_refused(aws_world):
    ec2 = aws_world.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    stranger = ec2.create_security_group(GroupName="stranger", Description="x", VpcId=other)["GroupId"]
    subnets = aws_world.create(SUBNET_GROUP, {"subnetIds": network(aws_world)["subnets"]}, "subnets")
    inputs = {
        **instance_inputs(aws_world),
        "identifier": "orders",
        "dbSubnetGroupName": subnets.outputs["name"],
        "vpcSecurityGroupIds": [stranger],
    }
    assert f"vpcSecurityGroupIds: {stranger} are not in the VPC" in _refusal(aws_world, INSTANCE, inputs)


def test_subnet_group_needs_subnets_that_exist_in_two_zones(aws_world):
    subnets = network(aws_world)["subnets"]
    missing = {"name": "here", "subnetIds": [subnets[0], "subnet-0123456789abcdef0"]}
    assert _refusal(aws_world, SUBNET_GROUP, missing) == (
        "subnet group here: InvalidSubnet: subnetIds: subnet-0123456789abcdef0 do not exist"
    )
    assert _refusal(aws_world, SUBNET_GROUP, {"name": "here", "subnetIds": subnets[:1]}) == (
        "subnet group here: DBSubnetGroupDoesNotCoverEnoughAZs: the subnets are in eu-west-1a only, "
        "RDS needs at least 2 zones"
    )


def test_groups_in_use_are_not_deleted(aws_world):
    group = aws_world.create(PARAMETER_GROUP, {"family": "postgres18"}, "group")
    subnets = aws_world.create(SUBNET_GROUP, {"subnetIds": network(aws_world)["subnets"]}, "subnets")
    names = {"parameterGroupName": group.outputs["name"], "dbSubnetGroupName": subnets.outputs["name"]}
    _make(aws_world, **names)
    with pytest.raises(CallError, match="InvalidDBParameterGroupState: one or more database instances"):
        aws_world.plugin.delete(group)
    with pytest.raises(CallError, match="InvalidDBSubnetGroupStateFault: the instance .* uses it"):
        aws_world.plugin.delete(subnets)


def test_storage_does_not_shrink(aws_world):
    resource = _make(aws_world, identifier="orders", allocatedStorage=40)
    with pytest.raises(CallError) as refused:
        aws_world.plugin.update(resource, {**resource.inputs, "allocatedStorage": 20})
    assert refused.value.message == (
        "modifying DB instance orders: InvalidParameterCombination: allocatedStorage cannot shrink from 40 to 20 GiB"
    )


def test_own_password_works_and_is_in_no_file_of_the_environment(aws_world, home):
    password = "a-password-nobody-may-see"
    resource = _make(aws_world, manageMasterUserPassword=False, password=password)
    assert resource.outputs["masterUserSecrets"] == []
    with _login(resource, "strata_master", password) as master:
        assert master.execute("SELECT 1").fetchone() == (1,)
    postgres.stop(_folder(home, resource))
    found = [path for path in home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert found == []


def test_instance_without_its_secret_is_half_made_and_the_next_update_mends_it(
    aws_world, home, emulator_url, monkeypatch
):
    account = aws_world.client("sts").get_caller_identity()["Account"]
    for name, value in {
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "STRATA_HOME": str(home),
    }.items():
        monkeypatch.setenv(name, value)
    provider = Aws()
    provider.configure({"region": aws_world.region})
    inputs = provider.effective_inputs({**instance_inputs(aws_world), "identifier": "orders"})
    with monkeypatch.context() as broken:
        broken.setattr(rds_secret, "create", _no_secrets)
        with pytest.raises(ResourceInitError) as half_made:
            Instance().create(provider, inputs)
    assert half_made.value.reasons == ["Secrets Manager is away"]

    outputs = Instance().update(provider, half_made.value.resource_id, half_made.value.outputs, inputs)
    assert len(outputs["masterUserSecrets"]) == 1
    Instance().delete(provider, half_made.value.resource_id, outputs)


def _no_secrets(*arguments: object) -> str:
    raise ProviderError("Secrets Manager is away")
