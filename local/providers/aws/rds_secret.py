"""The secret with the master's password that RDS keeps for an instance (`manageMasterUserPassword`).

Amazon RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager": the secret is named
``rds!db-<uuid>``, belongs to the instance, and goes with it. The emulator does none of that itself.
"""

from __future__ import annotations

import json
import secrets
import string
import uuid
from typing import TYPE_CHECKING, Any, Final

from local import postgres
from local.providers.aws import rds_calls

if TYPE_CHECKING:
    from local.providers.resource import Properties

#: RDS makes passwords of 28 characters; not the four that it forbids in a master password: / @ " and space.
_PASSWORD_CHARACTERS: Final = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
_PASSWORD_LENGTH: Final = 28


def new_password() -> str:
    """Return a random master password."""
    return "".join(secrets.choice(_PASSWORD_CHARACTERS) for _ in range(_PASSWORD_LENGTH))


def create(provider: Any, inputs: Properties, instance_arn: str, password: str) -> str:
    """Keep the master's password in a new secret and return the secret's ARN."""
    client = rds_calls.client(provider, inputs, "secretsmanager")
    key = inputs.get("masterUserSecretKmsKeyId")
    answer = rds_calls.call(
        f"creating the master secret of {instance_arn}",
        client.create_secret,
        Name=f"rds!db-{uuid.uuid4()}",
        Description=f"Secret associated with primary RDS DB instance: {instance_arn}",
        SecretString=json.dumps({"username": inputs["username"], "password": password}),
        Tags=[
            {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
            {"Key": "aws:rds:primaryDBInstanceArn", "Value": instance_arn},
        ],
        **({"KmsKeyId": key} if key else {}),
    )
    return str(answer["ARN"])


def exists(provider: Any, properties: Properties, arn: str) -> bool:
    """Say whether a secret is there and is not being deleted."""
    client = rds_calls.client(provider, properties, "secretsmanager")
    answer = rds_calls.find(f"reading the secret {arn}", client.describe_secret, SecretId=arn)
    return answer is not None and not answer.get("DeletedDate")


def renew(provider: Any, inputs: Properties, instance: postgres.Instance, instance_arn: str) -> str:
    """Give the master a new password, keep it in a new secret, and return the secret's ARN."""
    password = new_password()
    postgres.set_master_password(instance, password)
    return create(provider, inputs, instance_arn, password)


def encrypt(provider: Any, inputs: Properties, arn: str, key: str) -> None:
    """Let a secret be encrypted with another key."""
    client = rds_calls.client(provider, inputs, "secretsmanager")
    rds_calls.call(f"changing the key of the secret {arn}", client.update_secret, SecretId=arn, KmsKeyId=key)


def delete(provider: Any, properties: Properties, arn: str) -> None:
    """Delete a secret, at once as RDS does."""
    client = rds_calls.client(provider, properties, "secretsmanager")
    what = f"deleting the secret {arn}"
    rds_calls.find(what, client.delete_secret, SecretId=arn, ForceDeleteWithoutRecovery=True)


def described(inputs: Properties, provider: Any, arn: str | None) -> list[dict[str, str]]:
    """Return the output ``masterUserSecrets``."""
    if arn is None:
        return []
    region, account = inputs.get("region") or provider.region, provider.account_id
    managed_key = f"arn:{provider.partition}:kms:{region}:{account}:alias/aws/secretsmanager"
    key = inputs.get("masterUserSecretKmsKeyId") or managed_key
    return [{"kmsKeyId": key, "secretArn": arn, "secretStatus": "active"}]
