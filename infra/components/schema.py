"""What the database holds before any tenant: the logins, and the schema with its partitioned tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.providers.database_logins import DatabaseLogins
from infra.providers.schema_migrations import SchemaMigrations
from strata.partitions.layout import Layout


@dataclass(frozen=True)
class SchemaArgs:
    """Inputs of `Schema`.

    Args:
        connection: reference of the database, for example ``ssm:/strata/dev/database``.
        resource_id: the instance behind it, which stays the same for good.
        layout: ``list`` or ``bucketed``.
        deployed_with: what the schema lives inside; deleting it deletes the schema without a call.
        after: resources that the first connection needs: the instance, its secret, the connection parameter.
    """

    connection: str
    resource_id: pulumi.Input[str]
    layout: Layout
    deployed_with: pulumi.Resource | None
    after: Sequence[pulumi.Resource]


class Schema(pulumi.ComponentResource):
    """The deployer's login, then every migration in order; both outlive the stack that made them."""

    def __init__(self, name: str, args: SchemaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Schema", name, None, opts)
        self.logins = DatabaseLogins(
            f"{name}-logins",
            connection=args.connection,
            resource_id=args.resource_id,
            opts=self._kept(args, after=args.after),
        )
        self.migrations = SchemaMigrations(
            f"{name}-migrations",
            connection=args.connection,
            layout=args.layout,
            opts=self._kept(args, after=[self.logins]),
        )
        self.register_outputs({})

    def _kept(self, args: SchemaArgs, *, after: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, deleted_with=args.deployed_with, retain_on_delete=True, depends_on=list(after)
        )
