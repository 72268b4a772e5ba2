"""The parameter that says where the database is: what every connection of the stack starts from."""

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.components.database_address import DatabaseAddress
from strata.partitions.layout import Layout

OWNER_ROLE: Final = "strata_owner"
DEPLOYER_ROLE: Final = "strata_deployer"


@dataclass(frozen=True)
class ConnectionParameterArgs:
    """Inputs of `ConnectionParameter`.

    Args:
        stack: the stack's name, a part of the parameter's.
        address: where the database is.
        master_secret_arn: the secret with the master's password.
        layout: of the partitions.
        archive_bucket: where the rows of tenants that leave are kept.
        jump_host_id: the instance through which deployers outside the network reach the database; None without one.
    """

    stack: str
    address: DatabaseAddress
    master_secret_arn: pulumi.Input[str]
    layout: Layout
    archive_bucket: pulumi.Input[str]
    jump_host_id: pulumi.Input[str] | None = None


class ConnectionParameter(pulumi.ComponentResource):
    """The connection parameters of the database in Systems Manager; no password is among them.

    Outputs: ``reference``, a constant such as ``ssm:/strata/dev/database``, and ``parameter``, the resource behind it.
    """

    def __init__(self, name: str, args: ConnectionParameterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:ConnectionParameter", name, None, opts)
        parameter_name = f"/strata/{args.stack}/database"
        self.reference = f"ssm:{parameter_name}"
        self.parameter = aws.ssm.Parameter(
            f"{name}-parameter",
            name=parameter_name,
            type="String",
            description="Where the database of the stack is, its roles, and where archives go",
            # Nothing in it is a secret, and a preview should show what changes.
            insecure_value=pulumi.Output.json_dumps(_content(args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"reference": self.reference})


def _content(args: ConnectionParameterArgs) -> dict[str, Any]:
    """Return the parameter's JSON; `strata.reference` reads it."""
    address = args.address
    content: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "database": address.database_name,
        "sslmode": address.ssl_mode,
        "region": address.region,
        "owner_role": OWNER_ROLE,
        "deployer_role": DEPLOYER_ROLE,
        "master_secret_arn": args.master_secret_arn,
        "layout": args.layout,
        "archive_bucket": args.archive_bucket,
    }
    optional = {"sslrootcert": address.ca_bundle, "jump_host_id": args.jump_host_id}
    return content | {key: value for key, value in optional.items() if value is not None}
