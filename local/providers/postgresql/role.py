"""``Role`` and ``GrantRole`` of pulumi-postgresql."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.postgresql.statements import change, compose, look, words
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection
    from psycopg.sql import Composed

#: Flags of a role: property, the words when true, and its column in pg_roles.
_FLAGS: Final = (
    ("login", "LOGIN", "rolcanlogin"),
    ("inherit", "INHERIT", "rolinherit"),
    ("createRole", "CREATEROLE", "rolcreaterole"),
    ("createDatabase", "CREATEDB", "rolcreatedb"),
)
#: Settings of a role (ALTER ROLE .. SET): property and setting; timeouts are milliseconds, 0 is none.
_SETTINGS: Final = (
    ("searchPaths", "search_path"),
    ("statementTimeout", "statement_timeout"),
    ("idleInTransactionSessionTimeout", "idle_in_transaction_session_timeout"),
)
_QUERY: Final = """
SELECT rolcanlogin, rolinherit, rolcreaterole, rolcreatedb, rolconnlimit,
       coalesce(to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), 'infinity'),
       coalesce(rolconfig, '{}'),
       ARRAY(SELECT DISTINCT held.rolname::text FROM pg_auth_members AS m JOIN pg_roles AS held ON held.oid = m.roleid
             WHERE m.member = role.oid ORDER BY 1)
FROM pg_roles AS role WHERE rolname = %s
"""
_FOREVER: Final = "infinity"


class Role(ResourceType):
    """A role; passwords are not modelled, for none may be in a state."""

    token = "postgresql:index/role:Role"  # noqa: S105 - a resource type's token
    modelled = frozenset(
        {
            "connectionLimit",
            "createDatabase",
            "createRole",
            "idleInTransactionSessionTimeout",
            "inherit",
            "login",
            "name",
            "roles",
            "searchPaths",
            "skipDropRole",
            "skipReassignOwned",
            "statementTimeout",
            "validUntil",
        }
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "connectionLimit": -1,
        "createDatabase": False,
        "createRole": False,
        "idleInTransactionSessionTimeout": 0,
        "inherit": True,
        "login": False,
        "skipDropRole": False,
        "skipReassignOwned": False,
        "statementTimeout": 0,
        "validUntil": _FOREVER,
    }
    unordered = frozenset({"roles"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold the name against PostgreSQL's rules."""
        del provider
        return name_failures("name", inputs.get("name"))

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the role with its memberships and settings."""
        name = inputs["name"]

        def work(connection: Connection) -> None:
            options = _options(inputs, list(_FLAGS))
            connection.execute(compose("CREATE ROLE {} WITH {options}", name, options=options))
            _set(connection, name, inputs)
            _grant(connection, name, inputs.get("roles") or [], [])

        change(provider, f"creating role {name}", work)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the role as the catalog has it."""
        name = state.get("name") or resource_id
        rows = look(provider, f"reading role {name}", _QUERY, [name])
        if not rows:
            return None
        *flags, limit, until, settings, roles = rows[0]
        said = state.get("roles") or []
        return {
            "name": name,
            **{flag[0]: value for flag, value in zip(_FLAGS, flags, strict=True)},
            "connectionLimit": limit,
            "validUntil": _same_moment(state.get("validUntil"), until),
            "roles": sorted(roles, key=lambda role: (said.index(role) if role in said else len(said), role)),
            **_live_settings(settings),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Rename and alter the role; memberships that the program does not list are revoked, as upstream does."""
        before, name = old.get("name") or resource_id, new["name"]

        def work(connection: Connection) -> None:
            if before != name:
                connection.execute(compose("ALTER ROLE {} RENAME TO {}", before, name))
            *live, _limit, _until, _settings, held = connection.execute(_QUERY.encode(), [name]).fetchall()[0]
            # Only what differs: naming an attribute that one may not give is refused even where it stays as it is.
            flags = [flag for flag, value in zip(_FLAGS, live, strict=True) if value != _flag(new, flag[0])]
            connection.execute(compose("ALTER ROLE {} WITH {options}", name, options=_options(new, flags)))
            _set(connection, name, new)
            _grant(connection, name, new.get("roles") or [], held)

        change(provider, f"altering role {name}", work)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Drop the role; what it owns goes to the deployer first, unless told otherwise."""
        name = state.get("name") or resource_id
        if state.get("skipDropRole"):
            return

        def work(connection: Connection) -> None:
            if not connection.execute(_QUERY.encode(), [name]).fetchall():
                return
            if not state.get("skipReassignOwned"):
                connection.execute(compose("GRANT {} TO CURRENT_USER", name))
                connection.execute(compose("REASSIGN OWNED BY {} TO CURRENT_USER", name))
                connection.execute(compose("DROP OWNED BY {}", name))
            connection.execute(compose("DROP ROLE {}", name))

        change(provider, f"dropping role {name}", work)


class GrantRole(ResourceType):
    """The membership of one role in another."""

    token = "postgresql:index/grantRole:GrantRole"  # noqa: S105 - a resource type's token
    modelled = frozenset({"role", "grantRole", "withAdminOption"})
    replaces: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("role", "grantRole", "withAdminOption"), "Terraform postgresql_grant_role: forces a new resource"
    )
    defaults: ClassVar[Mapping[str, Any]] = {"withAdminOption": False}

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Grant the membership."""
        member, role, admin = inputs["role"], inputs["grantRole"], bool(inputs.get("withAdminOption"))
        statement = compose(f"GRANT {{}} TO {{}}{' WITH ADMIN OPTION' if admin else ''}", role, member)
        change(provider, f"granting role {role} to {member}", lambda connection: connection.execute(statement))
        return Created(f"{member}_{role}_{str(admin).lower()}")

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the membership, whoever granted it."""
        del resource_id
        member, role = state["role"], state["grantRole"]
        query = """
            SELECT bool_or(m.admin_option) FROM pg_auth_members AS m
            JOIN pg_roles AS member ON member.oid = m.member JOIN pg_roles AS held ON held.oid = m.roleid
            WHERE member.rolname = %s AND held.rolname = %s
        """
        [(admin,)] = look(provider, f"reading the membership of {member} in {role}", query, [member, role])
        return None if admin is None else {"role": member, "grantRole": role, "withAdminOption": admin}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Revoke the membership."""
        member, role = state["role"], state["grantRole"]
        if self.read(provider, resource_id, state) is None:
            return
        change(provider, f"revoking role {role} from {member}", lambda connection: _revoke(connection, role, member))


def name_failures(place: str, name: Any) -> list[CheckFailure]:
    """Hold a name against PostgreSQL's rules for identifiers."""
    if name is UNKNOWN:
        return []
    if not name:
        return [CheckFailure(place, "missing")]
    if len(str(name).encode()) > 63:  # noqa: PLR2004 - NAMEDATALEN - 1
        return [CheckFailure(place, f"{name!r} is longer than the 63 bytes that PostgreSQL keeps")]
    if str(name).startswith("pg_"):
        return [CheckFailure(place, f"{name!r}: names that start with pg_ are reserved")]
    return []


def _flag(inputs: Properties, name: str) -> bool:
    return bool(inputs.get(name, Role.defaults[name]))


def _options(inputs: Properties, flags: list[tuple[str, str, str]]) -> Composed:
    from psycopg import sql  # noqa: PLC0415 - a plugin has to start in half a second

    named = [word if _flag(inputs, name) else f"NO{word}" for name, word, _column in flags]
    return sql.SQL("{} CONNECTION LIMIT {} VALID UNTIL {}").format(
        words(" ".join(named)),
        sql.Literal(int(inputs.get("connectionLimit", -1))),
        sql.Literal(inputs.get("validUntil") or _FOREVER),
    )


def _set(connection: Connection, role: str, inputs: Properties) -> None:
    from psycopg import sql  # noqa: PLC0415 - see _options

    for name, setting in _SETTINGS:
        value = inputs.get(name)
        if not value:
            connection.execute(compose("ALTER ROLE {} RESET {}", role, setting))
            continue
        values = [sql.Identifier(each) for each in value] if isinstance(value, list) else [sql.Literal(int(value))]
        connection.execute(
            compose("ALTER ROLE {} SET {} TO {values}", role, setting, values=sql.SQL(", ").join(values))
        )


def _grant(connection: Connection, role: str, wanted: list[str], held: list[str]) -> None:
    for name in sorted(set(held) - set(wanted)):
        _revoke(connection, name, role)
    for name in sorted(set(wanted) - set(held)):
        connection.execute(compose("GRANT {} TO {}", name, role))


def _revoke(connection: Connection, role: str, member: str) -> None:
    """Revoke a membership from whoever granted it; a plain REVOKE only warns when that was somebody else."""
    query = """
        SELECT pg_get_userbyid(m.grantor)::text FROM pg_auth_members AS m
        WHERE m.roleid = (SELECT oid FROM pg_roles WHERE rolname = %s)
          AND m.member = (SELECT oid FROM pg_roles WHERE rolname = %s)
    """
    for (grantor,) in connection.execute(query.encode(), [role, member]).fetchall():
        connection.execute(compose("REVOKE {} FROM {} GRANTED BY {}", role, member, grantor))


def _live_settings(settings: list[str]) -> Properties:
    found = dict(setting.split("=", 1) for setting in settings)
    paths = [path.strip().strip('"').replace('""', '"') for path in found.get("search_path", "").split(",") if path]
    timeouts = {name: int(found.get(setting, "0")) for name, setting in _SETTINGS if name != "searchPaths"}
    return {"searchPaths": paths or None, **timeouts}


def _same_moment(said: Any, live: str) -> str:
    """Return what the program said when it means the live moment: PostgreSQL answers it in its own spelling."""
    from datetime import UTC, datetime  # noqa: PLC0415 - see _options

    if not said or _FOREVER in {said, live}:
        return live
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return live
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(said) if moment == datetime.fromisoformat(live) else live
