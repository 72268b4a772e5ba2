"""``Schema`` of pulumi-postgresql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.postgresql.role import name_failures
from local.providers.postgresql.statements import change, compose, database_exists, look
from local.providers.resource import CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection


class Schema(ResourceType):
    """A schema; its policies, which upstream calls deprecated, are not modelled."""

    token = "postgresql:index/schema:Schema"  # noqa: S105 - a resource type's token
    modelled = frozenset({"database", "dropCascade", "ifNotExists", "name", "owner"})
    replaces: ClassVar[Mapping[str, str]] = {
        "database": "Terraform postgresql_schema: database forces a new resource",
    }
    defaults: ClassVar[Mapping[str, Any]] = {"dropCascade": False, "ifNotExists": True}
    computed = frozenset({"database", "owner"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold the name against PostgreSQL's rules."""
        del provider
        return name_failures("name", inputs.get("name"))

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the schema, or take over the one that is there when told so."""
        database, name, owner = inputs.get("database") or provider.database, inputs["name"], inputs.get("owner")
        clause = "IF NOT EXISTS " if inputs.get("ifNotExists", True) else ""

        def work(connection: Connection) -> None:
            connection.execute(compose(f"CREATE SCHEMA {clause}{{}}", name))
            if owner:
                connection.execute(compose("ALTER SCHEMA {} OWNER TO {}", name, owner))

        change(provider, f"creating schema {name} in database {database}", work, database)
        return Created(f"{database}.{name}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the schema and its owner."""
        database, name = _place(provider, resource_id, state)
        if not database_exists(provider, database):
            return None
        query = "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = %s"
        rows = look(provider, f"reading schema {name} in database {database}", query, [name], database)
        return {"database": database, "name": name, "owner": rows[0][0]} if rows else None

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Rename the schema and give it another owner."""
        database, before = _place(provider, resource_id, old)
        name, owner = new["name"], new.get("owner")

        def work(connection: Connection) -> None:
            if before != name:
                connection.execute(compose("ALTER SCHEMA {} RENAME TO {}", before, name))
            if owner:
                connection.execute(compose("ALTER SCHEMA {} OWNER TO {}", name, owner))

        change(provider, f"altering schema {name} in database {database}", work, database)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Drop the schema; with what is in it only when told so."""
        database, name = _place(provider, resource_id, state)
        if not database_exists(provider, database):
            return
        cascade = " CASCADE" if state.get("dropCascade") else ""
        statement = compose(f"DROP SCHEMA IF EXISTS {{}}{cascade}", name)
        what = f"dropping schema {name} in database {database}"
        change(provider, what, lambda connection: connection.execute(statement), database)


def _place(provider: Any, resource_id: str, state: Properties) -> tuple[str, str]:
    database, dot, name = resource_id.partition(".")
    if not dot:
        raise ProviderError(f"{resource_id!r} is not the id of a schema: <database>.<schema>")
    return state.get("database") or database or provider.database, state.get("name") or name
