"""pulumi-postgresql's types on a real server, as the deployer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local.providers.conformance import Case, World

if TYPE_CHECKING:
    from local.providers.resource import Properties

ROLE = "postgresql:index/role:Role"
SCHEMA = "postgresql:index/schema:Schema"


def _name(world: World, prefix: str) -> str:
    """Return a role's name that no other test has: roles are shared by all databases of a server."""
    return world.unique(prefix).replace("-", "_")


def _role(world: World, prefix: str) -> str:
    return str(world.create(ROLE, {"name": _name(world, prefix)}, prefix).inputs["name"])


def _schema(world: World) -> str:
    """Return a schema of the owner with two tables, a sequence and a function in it."""
    with world.database.deployer() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS sales")
        connection.execute("CREATE TABLE IF NOT EXISTS sales.orders (id bigint)")
        connection.execute("CREATE TABLE IF NOT EXISTS sales.lines (id bigint) PARTITION BY LIST (id)")
        connection.execute("CREATE SEQUENCE IF NOT EXISTS sales.numbers")
    return "sales"


def _grant(world: World) -> Properties:
    return {
        "role": _role(world, "reader"),
        "database": world.database.name,
        "schema": _schema(world),
        "objectType": "table",
        "privileges": ["SELECT"],
    }


CASES = [
    Case(
        token=ROLE,
        inputs=lambda world: {"name": _name(world, "role"), "roles": ["rds_iam"], "login": True},
        updates=[
            lambda world: {"name": _name(world, "renamed")},
            {"createRole": True, "createDatabase": False},
            {"inherit": False, "connectionLimit": 7, "login": False},
            {"searchPaths": ["app", "Odd name"], "statementTimeout": 30_000, "idleInTransactionSessionTimeout": 60_000},
            {"searchPaths": None, "statementTimeout": None},
            lambda world: {"roles": ["rds_iam", _role(world, "group")]},
            {"roles": None},
            {"validUntil": "2030-01-01T00:00:00Z"},
            {"validUntil": None},
            {"skipReassignOwned": True},
            {"skipReassignOwned": None, "skipDropRole": True},
            {"skipDropRole": None},
        ],
        excused={"createDatabase": "only a role that has it can give it, and the deployer does not"},
    ),
    Case(
        token="postgresql:index/grantRole:GrantRole",
        inputs=lambda world: {"role": _role(world, "member"), "grantRole": "rds_iam"},
        replacements=[{"role": "other"}, {"grantRole": "other"}, {"withAdminOption": True}],
    ),
    Case(
        token=SCHEMA,
        inputs=lambda world: {"name": "sales", "database": world.database.name},
        updates=[{"owner": "strata_owner"}, {"name": "trade"}, {"dropCascade": True}, {"ifNotExists": False}],
        replacements=[{"database": "other"}],
    ),
    Case(
        token="postgresql:index/extension:Extension",
        inputs=lambda world: {"name": "pg_trgm", "database": world.database.name, "version": "1.5"},
        updates=[{"version": "1.6"}, {"createCascade": True, "dropCascade": True}],
        replacements=[{"database": "other"}, {"name": "btree_gin"}],
        excused={"schema": "the functions of a trusted extension are the superuser's: nobody else moves them"},
    ),
    Case(
        token="postgresql:index/grant:Grant",
        inputs=_grant,
        updates=[
            {"privileges": ["INSERT", "SELECT", "UPDATE"]},
            {"privileges": ["DELETE"]},
            {"privileges": ["ALL"]},
            {"privileges": []},
        ],
        replacements=[
            {"role": "other"},
            {"database": "other"},
            {"schema": "other"},
            {"objectType": "sequence"},
            {"objects": ["orders"]},
            {"withGrantOption": True},
        ],
    ),
    Case(
        token="postgresql:index/defaultPrivileges:DefaultPrivileges",
        inputs=lambda world: {**_grant(world), "owner": "strata_owner"},
        updates=[{"privileges": ["INSERT", "SELECT"]}, {"privileges": ["ALL"]}, {"privileges": []}],
        replacements=[
            {"role": "other"},
            {"database": "other"},
            {"schema": "other"},
            {"objectType": "sequence"},
            {"owner": "other"},
            {"withGrantOption": True},
        ],
    ),
]
