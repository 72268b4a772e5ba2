"""The tenants of the stack: one resource each, protected while active."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.config import Tenant
from infra.providers.tenant_partitions import TenantPartitionsResource
from strata.partitions.layout import Layout
from strata.tenants import name_suffix


@dataclass(frozen=True)
class TenancyArgs:
    """Inputs of `Tenancy`.

    Args:
        connection: reference of the database, for example ``ssm:/strata/dev/database``.
        layout: ``list`` or ``bucketed``.
        tenants: every tenant that the stack file names, and the reserved one.
        deployed_with: what the partitions live inside; deleting it deletes them without a call.
        after: resources that a tenant needs first: the schema, and grants that must not run beside it.
    """

    connection: str
    layout: Layout
    tenants: Sequence[Tenant]
    deployed_with: pulumi.Resource | None
    after: Sequence[pulumi.Resource]


class Tenancy(pulumi.ComponentResource):
    """Partitions for each tenant in the stack's config."""

    def __init__(self, name: str, args: TenancyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Tenancy", name, None, opts)
        self.partitions = {tenant.id: self._tenant(tenant, args) for tenant in args.tenants}
        self.register_outputs({"tenant_count": len(args.tenants)})

    def _tenant(self, tenant: Tenant, args: TenancyArgs) -> TenantPartitionsResource:
        return TenantPartitionsResource(
            f"tenant-{name_suffix(tenant.id)}",
            connection=args.connection,
            tenant_id=tenant.id,
            layout=args.layout,
            state=tenant.state,
            on_remove=tenant.on_remove,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=tenant.state == "active",
                deleted_with=args.deployed_with,
                depends_on=list(args.after),
            ),
        )
