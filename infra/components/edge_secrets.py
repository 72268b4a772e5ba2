"""What the edge function needs to know and nobody else may: a KeyValueStore, and the secret that it is filled from.

Pulumi makes both empty; the values are made and kept in step by a dynamic resource, and are in no state.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.components.encryption_key import EncryptionKeyArgs, encryption_key
from infra.providers.edge_secrets import EdgeSecretsResource

#: The shortest that AWS allows: what is lost with a secret is cached answers, and the next run makes a new one.
_RECOVERY_WINDOW_DAYS: Final = 7


@dataclass(frozen=True)
class EdgeSecretsArgs:
    """Inputs of `EdgeSecrets`.

    Args:
        stack: the stack's name, for the descriptions that AWS shows.
        version: of the values, from 1; a higher one rotates them.
    """

    stack: str
    version: int


class EdgeSecrets(pulumi.ComponentResource):
    """The pepper of the callers' digests and the proof that a request came through the edge.

    The secret has a key of its own, so that reading it takes a right to the key as well.

    Outputs: ``key_value_store_arn``, ``secret_arn``, and ``values``, the resource after which both hold the values.
    """

    key_value_store_arn: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgeSecrets", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        store = aws.cloudfront.KeyValueStore(
            f"{name}-store", comment=f"strata {args.stack}: what the edge function reads", opts=child
        )
        key = encryption_key(
            f"{name}-key", EncryptionKeyArgs(f"strata-{args.stack}-edge-secrets", "Encrypts the edge's secrets"), child
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            description=f"strata {args.stack}: the edge's pepper, and what the origin knows the edge by",
            recovery_window_in_days=_RECOVERY_WINDOW_DAYS,
            kms_key_id=key.arn,
            opts=child,
        )
        self.key_value_store_arn = store.arn
        self.secret_arn = secret.arn
        self.values = EdgeSecretsResource(
            f"{name}-values",
            secret_arn=secret.arn,
            store_arn=store.arn,
            version=args.version,
            # The store goes with its pairs, and the secret with its value.
            opts=pulumi.ResourceOptions(parent=self, deleted_with=store),
        )
        self.register_outputs({"key_value_store_arn": self.key_value_store_arn, "secret_arn": self.secret_arn})
