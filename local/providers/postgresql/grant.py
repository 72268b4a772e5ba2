"""``Grant`` of pulumi-postgresql: exactly these privileges on these objects, what is more is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.postgresql import privileges
from local.providers.postgresql.privileges import KINDS, Held, Kind
from local.providers.postgresql.statements import change, compose, database_exists, grantee, words
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.sql import Composed

_KINDS: Final = [name for name, kind in KINDS.items() if kind.catalog]
_WITHOUT_OBJECTS: Final = frozenset({"database", "schema"})


class Grant(ResourceType):
    """The privileges of one role on a database, a schema, or objects of one kind in a schema."""

    token = "postgresql:index/grant:Grant"  # noqa: S105 - a resource type's token
    modelled = frozenset({"database", "objectType", "objects", "privileges", "role", "schema", "withGrantOption"})
    replaces: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("database", "objectType", "objects", "role", "schema", "withGrantOption"),
        "Terraform postgresql_grant: forces a new resource",
    )
    defaults: ClassVar[Mapping[str, Any]] = {"withGrantOption": False}
    unordered = frozenset({"privileges", "objects"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold object type, privileges, schema and objects against each other."""
        del provider
        failures = [*privileges.kind_failures(inputs, _KINDS)]
        kind, objects = inputs.get("objectType"), inputs.get("objects")
        if kind not in {"database", UNKNOWN} and not inputs.get("schema"):
            failures.append(CheckFailure("schema", f"missing; a grant on a {kind} needs it"))
        if kind in _WITHOUT_OBJECTS and objects:
            failures.append(CheckFailure("objects", f"excluded by objectType {kind}"))
        for index, name in enumerate(objects if isinstance(objects, list) else []):
            if isinstance(name, str) and "(" in name:
                reason = f"not modelled by the local provider: {name}; name a function without its arguments"
                failures.append(CheckFailure(f"objects[{index}]", reason))
        return failures

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Grant exactly these privileges."""
        _apply(provider, inputs, inputs["privileges"])
        return Created("_".join([*_place(inputs), *sorted(inputs.get("objects") or [])]))

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live privileges; a grant whose role, schema, database or object is gone is gone."""
        if "role" not in state:
            raise ProviderError(
                f"grant {resource_id}: a grant cannot be imported; declare it, creating it changes nothing"
            )
        if not database_exists(provider, state["database"]):
            return None
        with provider.connect(state["database"]) as connection:
            rows = _rows(connection, state)
        if rows is None:
            return None
        kind, said = KINDS[state["objectType"]], state["privileges"]
        live = privileges.live_privileges(kind, said, rows)
        held = [row for row in rows if row.privileges]
        grantable = all(row.grantable == row.privileges for row in held) if held else bool(state.get("withGrantOption"))
        return {"privileges": live, "withGrantOption": grantable}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Grant what is missing and revoke what is extra."""
        del resource_id, old
        _apply(provider, new, new["privileges"])
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Revoke all."""
        if self.read(provider, resource_id, state) is not None:
            _apply(provider, state, [])


def _place(inputs: Properties) -> list[str]:
    schema = [] if inputs["objectType"] == "database" else [inputs["schema"]]
    return [inputs["role"], inputs["database"], *schema, inputs["objectType"]]


def _rows(connection: Connection, state: Properties) -> list[Held] | None:
    """Return what the role holds on the objects, or None when the role, the schema or a named object is gone."""
    kind, schema, objects = KINDS[state["objectType"]], state.get("schema"), state.get("objects") or []
    if not privileges.role_exists(connection, state["role"]):
        return None
    if schema and not privileges.held(connection, KINDS["schema"], schema, state["role"]):
        return None
    rows = privileges.held(connection, kind, schema, state["role"])
    rows = [row for row in rows if not objects or row.name in objects]
    return None if set(objects) - {row.name for row in rows} else rows


def _apply(provider: Any, inputs: Properties, wanted: list[str]) -> None:
    kind, role = KINDS[inputs["objectType"]], grantee(inputs["role"])
    target = _target(kind, inputs)
    what = f"granting {', '.join(wanted) or 'nothing'} on {' '.join(_place(inputs)[1:])} to {inputs['role']}"

    def work(connection: Connection) -> None:
        joined = privileges.join_owners(connection, privileges.owners_of(connection, kind, inputs.get("schema")))
        connection.execute(compose("REVOKE ALL PRIVILEGES ON {target} FROM {role}", target=target, role=role))
        if wanted:
            option = " WITH GRANT OPTION" if inputs.get("withGrantOption") else ""
            grant = f"GRANT {{privileges}} ON {{target}} TO {{role}}{option}"
            connection.execute(compose(grant, privileges=words(", ".join(wanted)), target=target, role=role))
        privileges.leave_owners(connection, joined)
        _verify(connection, kind, inputs, wanted)

    change(provider, what, work, inputs["database"])


def _verify(connection: Connection, kind: Kind, inputs: Properties, wanted: list[str]) -> None:
    """Refuse what PostgreSQL only warns of: a grant by somebody who may not grant all of it."""
    for row in _rows(connection, inputs) or []:
        if not privileges.stands(kind, wanted, row.privileges):
            has = ", ".join(sorted(row.privileges)) or "nothing"
            raise ProviderError(
                f"granting {', '.join(wanted) or 'nothing'} on {inputs['objectType']} {row.name} to {inputs['role']}: "
                f"the connected role may not grant that; {inputs['role']} has {has}"
            )


def _target(kind: Kind, inputs: Properties) -> Composed:
    from psycopg import sql  # noqa: PLC0415 - a plugin has to start in half a second

    schema, objects = inputs.get("schema"), inputs.get("objects") or []
    if inputs["objectType"] == "database":
        return compose("DATABASE {}", inputs["database"])
    if inputs["objectType"] == "schema":
        return compose("SCHEMA {}", str(schema))
    if not objects:
        return compose(f"ALL {kind.plural} IN SCHEMA {{}}", str(schema))
    names = sql.SQL(", ").join(sql.Identifier(str(schema), name) for name in sorted(objects))
    return compose(f"{kind.word} {{names}}", names=names)
