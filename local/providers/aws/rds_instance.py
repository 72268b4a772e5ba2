"""``aws:rds/instance:Instance``: a real PostgreSQL server in a folder, known to the emulator and to Secrets Manager.

The folder is the truth. A record or secret that the emulator lost is made again when the instance is read.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local import postgres
from local.ports import is_free
from local.postgres import programs
from local.providers.aws import (
    rds_calls,
    rds_instance_rules,
    rds_parameters,
    rds_record,
    rds_references,
    rds_secret,
    rds_store,
)
from local.providers.resource import (
    Autoname,
    CheckFailure,
    Created,
    Properties,
    ProviderError,
    ResourceInitError,
    ResourceType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.providers.aws.rds_store import Registration

_TERRAFORM: Final = "Terraform aws_db_instance: forces a new resource"
_RESOURCE_ID_BYTES: Final = 16
#: Inputs that the folder's record keeps and the emulator is not told of.
_KEPT_HERE: Final = (
    "allowMajorVersionUpgrade",
    "applyImmediately",
    "deleteAutomatedBackups",
    "finalSnapshotIdentifier",
    "identifier",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "password",
    "port",
    "skipFinalSnapshot",
    "storageThroughput",
)
#: Optional inputs that RDS fills in; leaving one out later keeps what is there.
_CHOSEN_BY_RDS: Final = frozenset(
    {
        "availabilityZone",
        "backupRetentionPeriod",
        "backupWindow",
        "caCertIdentifier",
        "dbSubnetGroupName",
        "engineVersion",
        "iops",
        "kmsKeyId",
        "licenseModel",
        "maintenanceWindow",
        "masterUserSecretKmsKeyId",
        "monitoringRoleArn",
        "multiAz",
        "networkType",
        "parameterGroupName",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "port",
        "storageThroughput",
        "storageType",
        "vpcSecurityGroupIds",
    }
)


class Instance(ResourceType):
    """A DB instance of RDS for PostgreSQL."""

    token = "aws:rds/instance:Instance"  # noqa: S105 - a resource type's token
    modelled = frozenset({*rds_record.MIRRORED, *rds_record.AT_CREATION, *_KEPT_HERE, "tags"})
    replaces: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("availabilityZone", "dbName", "engine", "kmsKeyId", "storageEncrypted", "username"), _TERRAFORM
    )
    autoname = Autoname("identifier", max_length=63, lower=True)
    defaults: ClassVar[Mapping[str, Any]] = {
        "applyImmediately": False,
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "deletionProtection": False,
        "monitoringInterval": 0,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
        "storageEncrypted": False,
    }
    computed = _CHOSEN_BY_RDS
    unordered = frozenset({"vpcSecurityGroupIds", "enabledCloudwatchLogsExports"})
    recomputed: ClassVar[Mapping[str, frozenset[str]]] = {
        "address": frozenset({"identifier"}),
        "arn": frozenset({"identifier"}),
        "endpoint": frozenset({"identifier", "port"}),
        "engineVersionActual": frozenset({"engineVersion"}),
        "masterUserSecrets": frozenset({"manageMasterUserPassword", "masterUserSecretKmsKeyId"}),
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold the inputs against the rules of RDS."""
        del provider
        return rds_instance_rules.failures(inputs)

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Start a server of the instance's own; one that a killed run left is taken over."""
        rds_references.check(provider, inputs)
        folder = rds_store.folder_of(inputs["identifier"])
        if postgres.is_instance(folder):
            return self._adopt(provider, folder, inputs)
        if "port" in inputs and not is_free(inputs["port"]):
            raise ProviderError(f"creating DB instance {folder.name}: port: {inputs['port']} is taken on this machine")
        known = _new_registration(provider, inputs)
        with rds_store.told(f"creating DB instance {folder.name}"):
            postgres.create(
                folder,
                identifier=inputs["identifier"],
                master_username=inputs["username"],
                master_password=inputs.get("password") or rds_secret.new_password(),
                database=inputs.get("dbName") or "postgres",
                port=inputs.get("port"),
                parameters=_settings(provider, inputs),
                registration=rds_store.as_record(known),
            )
        return _completed(provider, folder, known)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the instance, its server running, its record and its secret there."""
        del state
        folder = rds_store.find(resource_id)
        return None if folder is None else _live(provider, folder)

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change what RDS changes in place; dynamic parameters apply now, static ones at the next start."""
        folder = rds_store.find(resource_id)
        if folder is None:
            raise ProviderError(f"modifying DB instance {old.get('identifier')}: DBInstanceNotFound: run a refresh")
        rds_references.check(provider, new)
        return _change(provider, folder, new)

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the instance after its final snapshot, unless it is protected."""
        folder = rds_store.find(resource_id)
        if folder is None:
            return
        live = _live(provider, folder)
        what = f"deleting DB instance {folder.name}"
        if live["deletionProtection"]:
            rule = "InvalidParameterCombination: cannot delete a protected DB instance"
            raise ProviderError(f"{what}: {rule}; set deletionProtection to false, deploy, and delete then")
        snapshot = None if state.get("skipFinalSnapshot") else state.get("finalSnapshotIdentifier")
        if not snapshot and not state.get("skipFinalSnapshot"):
            raise ProviderError(f"{what}: InvalidParameterCombination: finalSnapshotIdentifier is required")
        if snapshot:
            rds_store.take_snapshot(folder, snapshot)
        known = rds_store.registration(postgres.describe(folder))
        rds_record.delete(rds_calls.client(provider, known.inputs), folder.name, snapshot)
        if known.secret_arn:
            rds_secret.delete(provider, known.inputs, known.secret_arn)
        rds_store.remove(folder)

    def _adopt(self, provider: Any, folder: Path, inputs: Properties) -> Created:
        known = rds_store.registration(postgres.describe(folder))
        same = all(known.inputs.get(name) == inputs.get(name) for name in self.replaces)
        if not known.is_from_another_process or not same:
            raise ProviderError(
                f"creating DB instance {folder.name}: DBInstanceAlreadyExists: choose another identifier"
            )
        return Created(known.resource_id, _change(provider, folder, inputs))


def _new_registration(provider: Any, inputs: Properties) -> Registration:
    resource_id = base64.b32encode(secrets.token_bytes(_RESOURCE_ID_BYTES)).decode().rstrip("=")
    return rds_store.Registration(
        resource_id=f"db-{resource_id}",
        arn=_arn(provider, inputs),
        inputs=rds_store.public(inputs),
        tags=dict(provider.tags(inputs)),
    )


def _arn(provider: Any, inputs: Properties) -> str:
    region = inputs.get("region") or provider.region
    return f"arn:{provider.partition}:rds:{region}:{provider.account_id}:db:{inputs['identifier']}"


def _settings(provider: Any, inputs: Properties) -> dict[str, str]:
    group = inputs.get("parameterGroupName")
    return rds_parameters.server_settings(rds_calls.client(provider, inputs), group) if group else {}


def _completed(provider: Any, folder: Path, known: Registration) -> Created:
    """Return a new instance; without its record or secret it is half made, and the next update mends it."""
    try:
        return Created(known.resource_id, _live(provider, folder))
    except ProviderError as error:
        outputs = {"identifier": folder.name, "arn": known.arn, "resourceId": known.resource_id}
        raise ResourceInitError(known.resource_id, outputs, [str(error)]) from error


def _live(provider: Any, folder: Path) -> Properties:
    """Return the outputs of an instance after mending what it lost."""
    instance = rds_store.start(folder)
    known, record = _mended(provider, folder, instance)
    client = rds_calls.client(provider, known.inputs)
    return {
        **known.inputs,
        **rds_record.mirrored(record, known.inputs),
        "address": instance.host,
        "arn": known.arn,
        "deletionProtection": bool(record.get("DeletionProtection")),
        "endpoint": f"{instance.host}:{instance.port}",
        "engineVersionActual": programs.version(),
        "hostedZoneId": record.get("Endpoint", {}).get("HostedZoneId", ""),
        "identifier": instance.identifier,
        "listenerEndpoints": [],
        "masterUserSecrets": rds_secret.described(known.inputs, provider, known.secret_arn),
        "port": instance.port,
        "replicas": [],
        "resourceId": known.resource_id,
        "status": "available",
        "tags": rds_calls.live_tags(client, known.arn),
    }


def _mended(provider: Any, folder: Path, instance: postgres.Instance) -> tuple[Registration, Any]:
    """Make the master secret and the emulator's record again where one is missing."""
    known = rds_store.registration(instance)
    managed = known.inputs.get("manageMasterUserPassword")
    if managed and not (known.secret_arn and rds_secret.exists(provider, known.inputs, known.secret_arn)):
        known = replace(known, secret_arn=rds_secret.renew(provider, known.inputs, instance, known.arn))
        rds_store.save(folder, known)
    client = rds_calls.client(provider, known.inputs)
    record = rds_record.find(client, instance.identifier) or rds_record.create(client, instance, known)
    rds_record.join_parameter_group(client, record, known)
    return known, record


def _change(provider: Any, folder: Path, new: Properties) -> Properties:
    """Bring an instance to new inputs, one step after the other, each of which can be repeated."""
    instance = rds_store.start(folder)
    old = rds_store.registration(instance)
    _refuse_impossible(folder, old.inputs, new)
    if new["identifier"] != instance.identifier:
        rds_record.delete(rds_calls.client(provider, new), instance.identifier, None)
        folder = rds_store.rename(folder, new["identifier"])
        old = replace(old, arn=_arn(provider, new))
    known = _with_password(provider, folder, old, new)
    with rds_store.told(f"modifying DB instance {folder.name}"):
        instance = postgres.change(folder, port=new.get("port"), registration=rds_store.as_record(known))
    rds_store.apply_parameters(folder, _settings(provider, new))
    _mended(provider, folder, instance)
    client = rds_calls.client(provider, new)
    rds_record.update(client, instance, known)
    rds_calls.set_tags(provider, client, known.arn, new)
    return _live(provider, folder)


def _with_password(provider: Any, folder: Path, known: Registration, new: Properties) -> Registration:
    """Take the new inputs; a master password that RDS no longer manages loses its secret."""
    if new.get("password"):
        postgres.set_master_password(postgres.describe(folder), new["password"])
    if known.secret_arn and not new.get("manageMasterUserPassword"):
        rds_secret.delete(provider, known.inputs, known.secret_arn)
        known = replace(known, secret_arn=None)
    key = new.get("masterUserSecretKmsKeyId")
    if known.secret_arn and key and key != known.inputs.get("masterUserSecretKmsKeyId"):
        rds_secret.encrypt(provider, new, known.secret_arn, key)
    return rds_store.with_inputs(known, provider, new)


def _refuse_impossible(folder: Path, old: Properties, new: Properties) -> None:
    before, after = old["allocatedStorage"], new["allocatedStorage"]
    if after < before:
        raise ProviderError(
            f"modifying DB instance {folder.name}: InvalidParameterCombination: "
            f"allocatedStorage cannot shrink from {before} to {after} GiB"
        )
