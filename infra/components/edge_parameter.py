"""The parameter that says where the edge is: what `strata cache` and `strata logs` start from."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class EdgeParameterArgs:
    """Inputs of `EdgeParameter`, as `strata.caching.reference.EdgeParameters` has them.

    Args:
        stack: the stack's name, a part of the parameter's.
        distribution_id: of the distribution.
        domain_name: the distribution's own name.
        aliases: further host names it answers to.
        key_value_store_arn: what its function reads; None without a store.
        secret_arn: what its store is filled from; None without a store.
        access_log_bucket: name of the bucket with its logs.
        region: the stack's.
    """

    stack: str
    distribution_id: pulumi.Input[str]
    domain_name: pulumi.Input[str]
    aliases: tuple[str, ...]
    key_value_store_arn: pulumi.Input[str] | None
    secret_arn: pulumi.Input[str] | None
    access_log_bucket: pulumi.Input[str]
    region: str


class EdgeParameter(pulumi.ComponentResource):
    """The parameters of the edge in Systems Manager; nothing secret is among them.

    Outputs: ``reference``, a constant such as ``ssm:/strata/dev/edge``.
    """

    def __init__(self, name: str, args: EdgeParameterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:EdgeParameter", name, None, opts)
        parameter_name = f"/strata/{args.stack}/edge"
        self.reference = f"ssm:{parameter_name}"
        aws.ssm.Parameter(
            f"{name}-parameter",
            name=parameter_name,
            type="String",
            description="Where the edge of the stack is",
            # Nothing in it is a secret, and a preview should show what changes.
            insecure_value=pulumi.Output.json_dumps(_content(args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"reference": self.reference})


def _content(args: EdgeParameterArgs) -> dict[str, Any]:
    """Return the parameter's JSON; `strata.caching.reference` reads it."""
    return {
        "distribution_id": args.distribution_id,
        "domain_name": args.domain_name,
        "aliases": list(args.aliases),
        "key_value_store_arn": args.key_value_store_arn,
        "secret_arn": args.secret_arn,
        "access_log_bucket": args.access_log_bucket,
        "region": args.region,
    }
