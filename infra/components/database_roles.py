"""The roles of applications and what they may do; they log in by IAM token, so no password is anywhere.

Statements run one after another: concurrent ones on one object fail with "tuple concurrently updated"
(pulumi-postgresql issues 126 and 831).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_postgresql as postgresql

from infra.components.connection_parameter import DEPLOYER_ROLE, OWNER_ROLE
from infra.components.database_address import DatabaseAddress

APPLICATION_ROLE: Final = "strata_app"
READONLY_ROLE: Final = "strata_readonly"
#: Members of this role log in by IAM token, and by nothing else.
_IAM_ROLE: Final = "rds_iam"
#: The schema of the partitioned tables. The leaves are in another one, where nobody here has USAGE: a leaf has no
#: policies, so reading it directly would walk around row-level security.
_SCHEMA: Final = "app"
#: The registry and the migrations, and where the leaves are: what a check for drift reads as the read-only role. USAGE
#: of a schema gives no row of it, and no privilege on a leaf is ever granted.
_REGISTRY_SCHEMA: Final = "strata"
_LEAVES_SCHEMA: Final = "partitions"
_PRIVILEGES: Final = {
    APPLICATION_ROLE: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    READONLY_ROLE: ("SELECT",),
}


@dataclass(frozen=True)
class DatabaseRolesArgs:
    """Inputs of `DatabaseRoles`.

    Args:
        address: where the database is.
        deployed_with: what the roles live inside; deleting it deletes them without a call.
        after: what must be there first: the deployer's login and the schema.
    """

    address: DatabaseAddress
    deployed_with: pulumi.Resource | None
    after: Sequence[pulumi.Resource]


class DatabaseRoles(pulumi.ComponentResource):
    """The application's role, which reads and writes `app`, and a read-only one, which also sees how it is made.

    Outputs: ``last``, the resource after which nothing else here changes a catalog row.
    """

    def __init__(self, name: str, args: DatabaseRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:DatabaseRoles", name, None, opts)
        self._args = args
        self._database = self._make_provider(args.address)
        self._previous: Sequence[pulumi.Resource] = args.after
        roles = {name: self._make_role(name, privileges) for name, privileges in _PRIVILEGES.items()}
        self._let_inspect(READONLY_ROLE, roles[READONLY_ROLE])
        self.last = self._previous[-1]
        self.register_outputs({"application_role": APPLICATION_ROLE, "readonly_role": READONLY_ROLE})

    def _make_provider(self, address: DatabaseAddress) -> postgresql.Provider:
        return postgresql.Provider(
            f"{self._name}-provider",
            host=address.host,
            port=address.port,
            database=address.database_name,
            username=DEPLOYER_ROLE,
            aws_rds_iam_auth=True,
            aws_rds_iam_region=address.region,
            sslmode=address.ssl_mode,
            sslrootcert=address.ca_bundle,
            superuser=False,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _make_role(self, role_name: str, privileges: Sequence[str]) -> postgresql.Role:
        """Make a login and what it may do: membership in rds_iam, the schema, its tables, and tables yet to come."""
        role = postgresql.Role(
            role_name.replace("_", "-"),
            name=role_name,
            login=True,
            # Here, not in a GrantRole: every update of a Role revokes the memberships that it does not list.
            roles=[_IAM_ROLE],
            opts=self._next(),
        )
        self._previous = [role]
        self._grant(f"{role_name}-schema", role, "schema", ["USAGE"])
        self._grant(f"{role_name}-tables", role, "table", privileges)
        self._grant_on_new_tables(f"{role_name}-new-tables", role, privileges)
        return role

    def _let_inspect(self, role_name: str, role: postgresql.Role) -> None:
        """Let a role see how the partitions are made, and what the registry says of them."""
        self._grant(f"{role_name}-leaves-schema", role, "schema", ["USAGE"], _LEAVES_SCHEMA)
        self._grant(f"{role_name}-registry-schema", role, "schema", ["USAGE"], _REGISTRY_SCHEMA)
        self._grant(f"{role_name}-registry-tables", role, "table", ["SELECT"], _REGISTRY_SCHEMA)
        self._grant_on_new_tables(f"{role_name}-new-registry-tables", role, ["SELECT"], _REGISTRY_SCHEMA)

    def _grant_on_new_tables(
        self, name: str, role: postgresql.Role, privileges: Sequence[str], schema: str = _SCHEMA
    ) -> None:
        defaults = postgresql.DefaultPrivileges(
            name.replace("_", "-"),
            role=role.name,
            owner=OWNER_ROLE,
            database=self._args.address.database_name,
            schema=schema,
            object_type="table",
            privileges=list(privileges),
            opts=self._next(),
        )
        self._previous = [defaults]

    def _grant(
        self, name: str, role: postgresql.Role, object_type: str, privileges: Sequence[str], schema: str = _SCHEMA
    ) -> None:
        grant = postgresql.Grant(
            name.replace("_", "-"),
            role=role.name,
            database=self._args.address.database_name,
            schema=schema,
            object_type=object_type,
            privileges=list(privileges),
            opts=self._next(),
        )
        self._previous = [grant]

    def _next(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._database,
            depends_on=list(self._previous),
            deleted_with=self._args.deployed_with,
        )
