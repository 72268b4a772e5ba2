"""What a DB instance refers to, asked for by name: the emulator takes references to things that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from local.postgres import programs
from local.providers.aws import rds_calls, rds_subnets
from local.providers.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.providers.resource import Properties

_DEFAULT_GROUP: Final = "default."


def check(provider: Any, inputs: Properties) -> None:
    """Refuse a reference to something that does not exist or does not fit.

    Raises:
        ProviderError: one line that names the instance, the property and the rule.
    """
    checks: tuple[Callable[[Any, Properties], str | None], ...] = (
        _parameter_group,
        _subnets_and_security_groups,
        _kms_keys,
    )
    for one in checks:
        refusal = one(provider, inputs)
        if refusal:
            raise ProviderError(f"DB instance {inputs['identifier']}: {refusal}")


def _parameter_group(provider: Any, inputs: Properties) -> str | None:
    name = inputs.get("parameterGroupName")
    if not name or name.startswith(_DEFAULT_GROUP):
        return None
    answer = rds_calls.find(
        f"reading parameter group {name}",
        rds_calls.client(provider, inputs).describe_db_parameter_groups,
        DBParameterGroupName=name,
    )
    if answer is None or not answer["DBParameterGroups"]:
        return f"DBParameterGroupNotFound: parameterGroupName: {name} does not exist"
    family = answer["DBParameterGroups"][0]["DBParameterGroupFamily"]
    wanted = f"postgres{programs.version().split('.', maxsplit=1)[0]}"
    if family != wanted:
        return (
            f"InvalidParameterCombination: parameterGroupName: {name} is of family {family}, the engine's is {wanted}"
        )
    return None


def _subnets_and_security_groups(provider: Any, inputs: Properties) -> str | None:
    vpc = None
    name = inputs.get("dbSubnetGroupName")
    if name:
        group = rds_subnets.describe(rds_calls.client(provider, inputs), name)
        if group is None:
            return f"DBSubnetGroupNotFoundFault: dbSubnetGroupName: {name} does not exist"
        vpc = rds_subnets.vpc_of(provider, inputs, group)
    wanted = inputs.get("vpcSecurityGroupIds") or []
    if not wanted:
        return None
    answer = rds_calls.call(
        "reading security groups",
        rds_calls.client(provider, inputs, "ec2").describe_security_groups,
        Filters=[{"Name": "group-id", "Values": wanted}],
    )
    found = {group["GroupId"]: group["VpcId"] for group in answer["SecurityGroups"]}
    missing = sorted(set(wanted) - found.keys())
    if missing:
        return f"InvalidParameterValue: vpcSecurityGroupIds: {', '.join(missing)} do not exist"
    strangers = sorted(one for one in wanted if vpc and found[one] != vpc)
    if strangers:
        return f"InvalidVPCNetworkStateFault: vpcSecurityGroupIds: {', '.join(strangers)} are not in the VPC {vpc}"
    return None


def _kms_keys(provider: Any, inputs: Properties) -> str | None:
    client = rds_calls.client(provider, inputs, "kms")
    for name in ("kmsKeyId", "performanceInsightsKmsKeyId", "masterUserSecretKmsKeyId"):
        key = inputs.get(name)
        if key and rds_calls.find(f"reading key {key}", client.describe_key, KeyId=key) is None:
            return f"KMSKeyNotAccessibleFault: {name}: {key} does not exist"
    return None
