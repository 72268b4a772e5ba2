"""A KMS key that its account administers, and that the services of its policy may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.policy_document import Statement, policy_document

#: The longest that AWS waits before it deletes a key, and with it all that the key encrypts.
_KEY_DELETION_DAYS: Final = 30


@dataclass(frozen=True)
class EncryptionKeyArgs:
    """Inputs of `encryption_key`.

    Args:
        alias: the key's name, without ``alias/``.
        description: what it encrypts.
        statements: what its policy says beside the account's own rights.
        region: where it is, if not in the provider's region.
    """

    alias: str
    description: str
    statements: Sequence[Statement] = ()
    region: str | None = None


def encryption_key(name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions) -> aws.kms.Key:
    """Return a key that rotates, with its alias; both have the logical name."""
    invoke = pulumi.InvokeOptions(parent=opts.parent)
    account_id = aws.get_caller_identity_output(opts=invoke).account_id
    partition = aws.get_partition_output(opts=invoke).partition
    administrators = {
        "Sid": "AccountAdministersKey",
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.format("arn:{0}:iam::{1}:root", partition, account_id)},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = aws.kms.Key(
        name,
        description=args.description,
        enable_key_rotation=True,
        deletion_window_in_days=_KEY_DELETION_DAYS,
        policy=policy_document([administrators, *args.statements]),
        region=args.region,
        opts=opts,
    )
    aws.kms.Alias(name, name=f"alias/{args.alias}", target_key_id=key.key_id, region=args.region, opts=opts)
    return key
