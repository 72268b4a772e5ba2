"""``DefaultPrivileges`` of pulumi-postgresql: what a role gets on objects that another role will make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.postgresql import privileges
from local.providers.postgresql.privileges import KINDS
from local.providers.postgresql.statements import change, compose, database_exists, grantee, words
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

_KINDS: Final = [name for name, kind in KINDS.items() if kind.default_code]
_QUERY: Final = """
SELECT array_agg(a.privilege_type::text), bool_and(a.is_grantable)
FROM pg_default_acl AS d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
WHERE d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = %(owner)s)
  AND d.defaclnamespace = coalesce((SELECT oid FROM pg_namespace WHERE nspname = %(schema)s), 0)
  AND d.defaclobjtype = %(code)s
  AND a.grantee = CASE WHEN %(role)s = 'public' THEN 0 ELSE (SELECT oid FROM pg_roles WHERE rolname = %(role)s) END
"""


class DefaultPrivileges(ResourceType):
    """The default privileges of one role on one kind of objects that an owner makes."""

    token = "postgresql:index/defaultPrivileges:DefaultPrivileges"  # noqa: S105 - a resource type's token
    modelled = frozenset({"database", "objectType", "owner", "privileges", "role", "schema", "withGrantOption"})
    replaces: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("database", "objectType", "owner", "role", "schema", "withGrantOption"),
        "Terraform postgresql_default_privileges: forces a new resource",
    )
    defaults: ClassVar[Mapping[str, Any]] = {"withGrantOption": False}
    unordered = frozenset({"privileges"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold object type, privileges and schema against each other."""
        del provider
        failures = [*privileges.kind_failures(inputs, _KINDS)]
        if inputs.get("objectType") == "schema" and inputs.get("schema"):
            failures.append(CheckFailure("schema", "excluded by objectType schema"))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Set exactly these default privileges."""
        _apply(provider, inputs, inputs["privileges"])
        schema = inputs.get("schema") or "noschema"
        parts = (inputs["role"], inputs["database"], schema, inputs["owner"], inputs["objectType"])
        return Created("_".join(parts))

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live default privileges; gone when a role, the schema or the database is."""
        if "role" not in state:
            raise ProviderError(f"default privileges {resource_id}: they cannot be imported; declare them")
        if not database_exists(provider, state["database"]):
            return None
        with provider.connect(state["database"]) as connection:
            schema = state.get("schema")
            there = schema is None or connection.execute(
                "SELECT to_regnamespace(quote_ident(%s))", [schema]
            ).fetchone() != (None,)
            if not there or not all(privileges.role_exists(connection, state[name]) for name in ("role", "owner")):
                return None
            live, grantable = _live(connection, state)
        kind, said = KINDS[state["objectType"]], state["privileges"]
        same = privileges.stands(kind, said, frozenset(live))
        option = bool(grantable) if live else bool(state.get("withGrantOption"))
        return {"privileges": said if same else sorted(live), "withGrantOption": option}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Grant what is missing and revoke what is extra."""
        del resource_id, old
        _apply(provider, new, new["privileges"])
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Revoke all."""
        if self.read(provider, resource_id, state) is not None:
            _apply(provider, state, [])


def _live(connection: Connection, state: Properties) -> tuple[list[str], bool | None]:
    code = KINDS[state["objectType"]].default_code
    facts = {"owner": state["owner"], "schema": state.get("schema"), "code": code, "role": state["role"]}
    [(live, grantable)] = connection.execute(_QUERY.encode(), facts).fetchall()
    return live or [], grantable


def _apply(provider: Any, inputs: Properties, wanted: list[str]) -> None:
    kind, role, schema = KINDS[inputs["objectType"]], grantee(inputs["role"]), inputs.get("schema")
    scope = compose("FOR ROLE {}", inputs["owner"])
    if schema:
        scope += compose(" IN SCHEMA {}", schema)
    what = (
        f"granting {', '.join(wanted) or 'nothing'} on future {kind.plural.lower()} of {inputs['owner']} "
        f"to {inputs['role']}"
    )

    def work(connection: Connection) -> None:
        joined = privileges.join_owners(connection, [inputs["owner"]])
        revoke = f"ALTER DEFAULT PRIVILEGES {{scope}} REVOKE ALL ON {kind.plural} FROM {{role}}"
        connection.execute(compose(revoke, scope=scope, role=role))
        if wanted:
            option = " WITH GRANT OPTION" if inputs.get("withGrantOption") else ""
            grant = f"ALTER DEFAULT PRIVILEGES {{scope}} GRANT {{privileges}} ON {kind.plural} TO {{role}}{option}"
            connection.execute(compose(grant, scope=scope, privileges=words(", ".join(wanted)), role=role))
        privileges.leave_owners(connection, joined)

    change(provider, what, work, inputs["database"])
