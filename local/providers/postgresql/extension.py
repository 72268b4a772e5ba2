"""``Extension`` of pulumi-postgresql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.postgresql.statements import change, compose, database_exists, look
from local.providers.resource import Created, Properties, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection


class Extension(ResourceType):
    """An extension of one database."""

    token = "postgresql:index/extension:Extension"  # noqa: S105 - a resource type's token
    modelled = frozenset({"createCascade", "database", "dropCascade", "name", "schema", "version"})
    replaces: ClassVar[Mapping[str, str]] = {
        "name": "Terraform postgresql_extension: name forces a new resource",
        "database": "Terraform postgresql_extension: database forces a new resource",
    }
    defaults: ClassVar[Mapping[str, Any]] = {"createCascade": False, "dropCascade": False}
    computed = frozenset({"database", "schema", "version"})

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the extension."""
        from psycopg import sql  # noqa: PLC0415 - a plugin has to start in half a second

        database, name = inputs.get("database") or provider.database, inputs["name"]
        statement = compose("CREATE EXTENSION IF NOT EXISTS {}", name)
        if inputs.get("schema"):
            statement += compose(" SCHEMA {}", inputs["schema"])
        if inputs.get("version"):
            statement += sql.SQL(" VERSION {}").format(sql.Literal(inputs["version"]))
        if inputs.get("createCascade"):
            statement += sql.SQL(" CASCADE")
        what = f"creating extension {name} in database {database}"
        change(provider, what, lambda connection: connection.execute(statement), database)
        return Created(f"{database}.{name}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the extension's version and schema."""
        database, name = _place(resource_id, state)
        if not database_exists(provider, database):
            return None
        query = """
            SELECT e.extversion, n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
            WHERE e.extname = %s
        """
        rows = look(provider, f"reading extension {name} in database {database}", query, [name], database)
        if not rows:
            return None
        return {"database": database, "name": name, "version": rows[0][0], "schema": rows[0][1]}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Move the extension to another schema or version."""
        from psycopg import sql  # noqa: PLC0415 - see create

        database, name = _place(resource_id, old)

        def work(connection: Connection) -> None:
            if new.get("schema") and new["schema"] != old.get("schema"):
                connection.execute(compose("ALTER EXTENSION {} SET SCHEMA {}", name, new["schema"]))
            if new.get("version") and new["version"] != old.get("version"):
                version = sql.Literal(new["version"])
                connection.execute(compose("ALTER EXTENSION {} UPDATE TO {version}", name, version=version))

        change(provider, f"altering extension {name} in database {database}", work, database)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Drop the extension; with what depends on it only when told so."""
        database, name = _place(resource_id, state)
        if not database_exists(provider, database):
            return
        cascade = " CASCADE" if state.get("dropCascade") else ""
        statement = compose(f"DROP EXTENSION IF EXISTS {{}}{cascade}", name)
        what = f"dropping extension {name} in database {database}"
        change(provider, what, lambda connection: connection.execute(statement), database)


def _place(resource_id: str, state: Properties) -> tuple[str, str]:
    database, _, name = resource_id.partition(".")
    return state.get("database") or database, state.get("name") or name
