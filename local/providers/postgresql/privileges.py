"""Kinds of objects, their privileges, and who holds them now, from the access control lists in the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from local.providers.postgresql.statements import compose
from local.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

ALL: Final = "ALL"
PUBLIC: Final = "public"


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Args:
        privileges: what can be granted on it: PostgreSQL documentation, table "ACL Privilege Abbreviations".
        word: the kind in GRANT, singular; empty where it has none.
        plural: the kind in ``ALL .. IN SCHEMA`` and ALTER DEFAULT PRIVILEGES; empty where it has none.
        default_code: `pg_default_acl.defaclobjtype`; empty where it has none.
        catalog: a query of schema (%(schema)s) and database for columns name, owner, acl; empty if there is none.
    """

    privileges: tuple[str, ...]
    word: str
    plural: str = ""
    default_code: str = ""
    catalog: str = ""


def _relations(kinds: str, default: str) -> str:
    return f"""
        SELECT c.relname AS name, c.relowner AS owner, coalesce(c.relacl, acldefault('{default}', c.relowner)) AS acl
        FROM pg_class AS c
        WHERE c.relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND c.relkind = ANY('{kinds}')
    """  # noqa: S608 - both are our own words


def _routines(kinds: str) -> str:
    return f"""
        SELECT p.proname AS name, p.proowner AS owner, coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
        FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace(quote_ident(%(schema)s)) AND p.prokind = ANY('{kinds}')
    """  # noqa: S608 - our own word


_EXECUTE: Final = ("EXECUTE",)
KINDS: Final = {
    "database": Kind(
        ("CREATE", "CONNECT", "TEMPORARY"),
        "DATABASE",
        catalog="""
            SELECT datname AS name, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
            FROM pg_database WHERE datname = current_database()
        """,
    ),
    "schema": Kind(
        ("CREATE", "USAGE"),
        "SCHEMA",
        "SCHEMAS",
        "n",
        """
            SELECT nspname AS name, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS acl
            FROM pg_namespace WHERE nspname = %(schema)s
        """,
    ),
    "table": Kind(
        ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
        "TABLE",
        "TABLES",
        "r",
        _relations("{r,p,v,m,f}", "r"),
    ),
    "sequence": Kind(("USAGE", "SELECT", "UPDATE"), "SEQUENCE", "SEQUENCES", "S", _relations("{S}", "s")),
    "function": Kind(_EXECUTE, "FUNCTION", "FUNCTIONS", "f", _routines("{f,a,w}")),
    "procedure": Kind(_EXECUTE, "PROCEDURE", "PROCEDURES", "", _routines("{p}")),
    "routine": Kind(_EXECUTE, "ROUTINE", "ROUTINES", "", _routines("{f,a,w,p}")),
    "type": Kind(("USAGE",), "", "TYPES", "T"),
}


@dataclass(frozen=True)
class Held:
    """What a role holds on one object."""

    name: str
    privileges: frozenset[str]
    grantable: frozenset[str]


def kind_failures(inputs: Properties, kinds: list[str]) -> Iterator[CheckFailure]:
    """Hold object type and privileges against what there is."""
    name = inputs.get("objectType")
    if name is UNKNOWN:
        return
    if name not in kinds:
        yield CheckFailure("objectType", f"not modelled by the local provider: {name}; one of {', '.join(kinds)}")
        return
    given = inputs.get("privileges")
    allowed = (ALL, *KINDS[str(name)].privileges)
    for index, privilege in enumerate(given if isinstance(given, list) else []):
        if privilege is not UNKNOWN and privilege not in allowed:
            reason = f"{privilege!r} is not a privilege of a {name}: {', '.join(allowed)}"
            yield CheckFailure(f"privileges[{index}]", reason)


def role_exists(connection: Connection, role: str) -> bool:
    """Say whether a role, or the pseudo-role of all, exists."""
    return role == PUBLIC or connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount > 0


def held(connection: Connection, kind: Kind, schema: str | None, role: str) -> list[Held]:
    """Return what a role holds on every object of a kind in a schema, or on the schema or database itself."""
    query = f"""
        SELECT o.name::text,
               coalesce(array_agg(a.privilege_type) FILTER (WHERE a.privilege_type IS NOT NULL), '{{}}'),
               coalesce(array_agg(a.privilege_type) FILTER (WHERE a.is_grantable), '{{}}')
        FROM ({kind.catalog}) AS o LEFT JOIN LATERAL aclexplode(o.acl) AS a
          ON a.grantee = CASE WHEN %(role)s = 'public' THEN 0
                              ELSE (SELECT oid FROM pg_roles WHERE rolname = %(role)s) END
        GROUP BY o.name ORDER BY o.name
    """  # noqa: S608 - the catalog queries are ours
    rows = connection.execute(query.encode(), {"schema": schema, "role": role}).fetchall()
    return [Held(name, frozenset(privileges), frozenset(grantable)) for name, privileges, grantable in rows]


def stands(kind: Kind, wanted: list[str], found: frozenset[str]) -> bool:
    """Say whether what is held is what was wanted; ALL is every privilege that this list knows."""
    return set(kind.privileges) <= found if ALL in wanted else found == set(wanted)


def join_owners(connection: Connection, owners: list[str]) -> list[str]:
    """Become a member of owners of whom one may, as upstream does, and return those to leave again."""
    joined = []
    for owner in owners:
        query = "SELECT pg_has_role(%s, 'USAGE'), pg_has_role(%s, 'MEMBER WITH ADMIN OPTION')"
        [(acts, may)] = connection.execute(query, [owner, owner]).fetchall()
        if may and not acts:
            connection.execute(compose("GRANT {} TO CURRENT_USER WITH INHERIT TRUE", owner))
            joined.append(owner)
    return joined


def leave_owners(connection: Connection, owners: list[str]) -> None:
    """Leave the owners that were joined for one transaction; the right to grant them stays."""
    for owner in owners:
        connection.execute(compose("REVOKE {} FROM CURRENT_USER GRANTED BY CURRENT_USER", owner))


def owners_of(connection: Connection, kind: Kind, schema: str | None) -> list[str]:
    """Return the owners of the objects of a kind."""
    query = f"SELECT DISTINCT pg_get_userbyid(o.owner)::text FROM ({kind.catalog}) AS o ORDER BY 1"  # noqa: S608 - ours
    return [name for (name,) in connection.execute(query.encode(), {"schema": schema}).fetchall()]


def live_privileges(kind: Kind, said: list[str], rows: list[Any]) -> list[str]:
    """Return the privileges as the program said them when each object has them, else those of one that differs."""
    for row in rows:
        if not stands(kind, said, row.privileges):
            return sorted(row.privileges)
    return said
