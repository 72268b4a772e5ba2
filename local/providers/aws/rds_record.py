"""The emulator's record of a DB instance, kept in line with the instance's folder, for whoever asks RDS's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from local.providers.aws import rds_calls
from local.providers.aws.tags import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local import postgres
    from local.providers.aws.rds_store import Registration
    from local.providers.resource import Properties

#: Inputs that the emulator lets be modified and answers again: a change behind the engine's back shows in them.
MIRRORED: Final[Mapping[str, str]] = {
    "allocatedStorage": "AllocatedStorage",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "deletionProtection": "DeletionProtection",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "publiclyAccessible": "PubliclyAccessible",
    "storageType": "StorageType",
}
#: Members of the API's request whose name differs from that of the answer.
_REQUEST_NAMES: Final[Mapping[str, str]] = {"IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication"}
#: Inputs that the emulator takes when an instance is made, and never changes.
AT_CREATION: Final[Mapping[str, str]] = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "engine": "Engine",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engineVersion": "EngineVersion",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "networkType": "NetworkType",
    "parameterGroupName": "DBParameterGroupName",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "storageEncrypted": "StorageEncrypted",
    "username": "MasterUsername",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}


def find(client: Any, identifier: str) -> Any:
    """Return the emulator's record, or None."""
    what = f"reading DB instance {identifier}"
    answer = rds_calls.find(what, client.describe_db_instances, DBInstanceIdentifier=identifier)
    records = answer["DBInstances"] if answer else []
    return records[0] if records else None


def create(client: Any, instance: postgres.Instance, known: Registration) -> Any:
    """Register an instance and return the record; a parameter group that was lost as well is joined later."""
    group = known.inputs.get("parameterGroupName")
    lost = group and not parameter_group_exists(client, group)
    rds_calls.call(
        f"registering DB instance {instance.identifier}",
        client.create_db_instance,
        DBInstanceIdentifier=instance.identifier,
        Port=instance.port,
        Tags=as_list(dict(known.tags)),
        **_arguments({**AT_CREATION, **MIRRORED}, {**known.inputs, **({"parameterGroupName": None} if lost else {})}),
    )
    return find(client, instance.identifier)


def join_parameter_group(client: Any, record: Any, known: Registration) -> None:
    """Let the record name the instance's parameter group once that is there again."""
    group = known.inputs.get("parameterGroupName")
    named = [one["DBParameterGroupName"] for one in record.get("DBParameterGroups") or []]
    if group and group not in named and parameter_group_exists(client, group):
        identifier = record["DBInstanceIdentifier"]
        what = f"joining DB instance {identifier} to parameter group {group}"
        change = {"DBInstanceIdentifier": identifier, "DBParameterGroupName": group, "ApplyImmediately": True}
        rds_calls.call(what, client.modify_db_instance, **change)


def parameter_group_exists(client: Any, name: str) -> bool:
    """Say whether there is a parameter group of a name."""
    what = f"reading parameter group {name}"
    answer = rds_calls.find(what, client.describe_db_parameter_groups, DBParameterGroupName=name)
    return bool(answer and answer["DBParameterGroups"])


def update(client: Any, instance: postgres.Instance, known: Registration) -> None:
    """Bring the record in line with the instance; there is no maintenance window here to wait for."""
    wanted = {
        "parameterGroupName": "DBParameterGroupName",
        "vpcSecurityGroupIds": "VpcSecurityGroupIds",
        "engineVersion": "EngineVersion",
        **MIRRORED,
    }
    rds_calls.call(
        f"modifying DB instance {instance.identifier}",
        client.modify_db_instance,
        DBInstanceIdentifier=instance.identifier,
        ApplyImmediately=True,
        **_arguments(wanted, known.inputs),
    )


def delete(client: Any, identifier: str, final_snapshot: str | None) -> None:
    """Forget an instance, with a record of its final snapshot where there is one."""
    how = {"FinalDBSnapshotIdentifier": final_snapshot} if final_snapshot else {"SkipFinalSnapshot": True}
    what = f"deleting DB instance {identifier}"
    rds_calls.find(what, client.delete_db_instance, DBInstanceIdentifier=identifier, **how)


def mirrored(record: Any, inputs: Properties) -> Properties:
    """Return the inputs that the record answers; what it leaves empty and the program did not say is left out."""
    live: Properties = {}
    for name, member in MIRRORED.items():
        value = record.get(member)
        if name in inputs or value not in (None, "", 0, False):
            live[name] = value
    groups = [group["VpcSecurityGroupId"] for group in record.get("VpcSecurityGroups") or []]
    said = inputs.get("vpcSecurityGroupIds") or []
    return {
        **live,
        "vpcSecurityGroupIds": sorted(groups, key=lambda one: said.index(one) if one in said else len(said)),
    }


def _arguments(names: Mapping[str, str], inputs: Properties) -> Properties:
    return {
        _REQUEST_NAMES.get(member, member): inputs[name]
        for name, member in names.items()
        if inputs.get(name) is not None
    }
