"""What was changed behind the engine's back shows in a refresh, and the next update mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql

from tests.local.providers.plugin import CallError

if TYPE_CHECKING:
    from tests.local.providers.conformance import World
    from tests.local.providers.plugin import Resource

ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
GRANT_ROLE = "postgresql:index/grantRole:GrantRole"
DEFAULTS = "postgresql:index/defaultPrivileges:DefaultPrivileges"
SCHEMA = "postgresql:index/schema:Schema"


@pytest.fixture
def world(postgresql_world: World) -> World:
    """Return a world with the owner's schema `app`, which holds two tables and a function."""
    with postgresql_world.database.deployer() as connection:
        connection.execute("CREATE SCHEMA app")
        connection.execute("CREATE TABLE app.payments (id bigint, tenant_id text) PARTITION BY LIST (tenant_id)")
        connection.execute("CREATE TABLE app.invoices (id bigint)")
        connection.execute("CREATE FUNCTION app.total() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    return postgresql_world


def _role(world: World, **inputs: Any) -> Resource:
    return world.create(ROLE, {"name": world.unique("reader").replace("-", "_"), "login": True, **inputs})


def _grant(world: World, **inputs: Any) -> Resource:
    base = {"database": world.database.name, "schema": "app", "objectType": "table", "privileges": ["SELECT"]}
    return world.create(GRANT, {"role": _role(world).inputs["name"], **base, **inputs})


def _owner(world: World, statement: str, *names: str) -> None:
    with world.database.deployer() as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _may(world: World, role: str, table: str, privilege: str) -> bool:
    with world.database.admin() as admin:
        [(answer,)] = admin.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, privilege]).fetchall()
        return bool(answer)


def _drift(world: World, resource: Resource) -> dict[str, str]:
    live = world.plugin.read(resource)
    assert live is not None
    return world.plugin.diff(live, resource.inputs).kinds


def test_privilege_that_somebody_revoked_is_granted_again(world):
    grant = _grant(world)
    role = grant.inputs["role"]
    assert _may(world, role, "app.payments", "SELECT")
    _owner(world, "REVOKE SELECT ON app.invoices FROM {}", role)
    assert _drift(world, grant) != {}
    world.plugin.update(grant, grant.inputs)
    assert _may(world, role, "app.invoices", "SELECT")


def test_privilege_that_somebody_added_is_revoked(world):
    grant = _grant(world)
    role = grant.inputs["role"]
    _owner(world, "GRANT DELETE ON app.payments TO {}", role)
    assert _drift(world, grant) != {}
    world.plugin.update(grant, grant.inputs)
    assert not _may(world, role, "app.payments", "DELETE")
    assert _drift(world, grant) == {}


def test_table_that_came_later_without_the_privilege_shows(world):
    grant = _grant(world)
    _owner(world, "CREATE TABLE app.audit_logs (id bigint)")
    assert _drift(world, grant) != {}
    world.plugin.update(grant, grant.inputs)
    assert _may(world, grant.inputs["role"], "app.audit_logs", "SELECT")


def test_grant_on_named_objects_leaves_others_alone_and_goes_with_them(world):
    grant = _grant(world, objects=["invoices"])
    role = grant.inputs["role"]
    assert _may(world, role, "app.invoices", "SELECT")
    assert not _may(world, role, "app.payments", "SELECT")
    _owner(world, "DROP TABLE app.invoices")
    assert world.plugin.read(grant) is None


@pytest.mark.parametrize(
    ("inputs", "question"),
    [
        ({"objectType": "schema", "privileges": ["USAGE"]}, "has_schema_privilege(%s, 'app', 'USAGE')"),
        (
            {"objectType": "function", "privileges": ["EXECUTE"], "objects": ["total"]},
            "has_function_privilege(%s, 'app.total()', 'EXECUTE')",
        ),
    ],
)
def test_grant_on_other_kinds_of_objects(world, inputs, question):
    grant = _grant(world, **inputs)
    with world.database.admin() as admin:
        assert admin.execute(f"SELECT {question}".encode(), [grant.inputs["role"]]).fetchone() == (True,)
    assert _drift(world, grant) == {}


def test_grant_to_all_is_one_to_the_keyword(world):
    grant = _grant(world, role="public", objectType="schema", privileges=["USAGE"])
    with world.database.admin() as admin:
        [(acl,)] = admin.execute("SELECT nspacl::text FROM pg_namespace WHERE nspname = 'app'").fetchall()
    assert "=U/strata_owner" in acl
    assert _drift(world, grant) == {}


def test_right_to_grant_on_is_given_and_seen(world):
    grant = _grant(world, withGrantOption=True)
    assert _drift(world, grant) == {}
    _owner(world, "REVOKE GRANT OPTION FOR SELECT ON app.payments, app.invoices FROM {}", grant.inputs["role"])
    assert _drift(world, grant) == {"withGrantOption": "UPDATE_REPLACE"}


def test_grant_whose_role_is_gone_is_gone(world):
    grant = _grant(world)
    _drop_role(world, grant.inputs["role"])
    assert world.plugin.read(grant) is None
    world.plugin.delete(grant)


def _drop_role(world: World, role: str) -> None:
    with world.database.admin() as admin:
        admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_grant_that_postgresql_only_warns_about_is_a_failure(world):
    inputs = {
        "role": _role(world).inputs["name"],
        "database": world.database.name,
        "objectType": "database",
        "privileges": ["CONNECT"],
    }
    with pytest.raises(CallError) as refused:
        world.create(GRANT, inputs)
    assert refused.value.message == (
        f"granting CONNECT on database {world.database.name} to {inputs['role']}: "
        f"the connected role may not grant that; {inputs['role']} has nothing"
    )


def test_default_privileges_reach_tables_made_later_and_show_drift(world):
    role = _role(world).inputs["name"]
    inputs = {
        "role": role,
        "owner": "strata_owner",
        "database": world.database.name,
        "schema": "app",
        "objectType": "table",
        "privileges": ["SELECT", "INSERT"],
    }
    defaults = world.create(DEFAULTS, inputs)
    _owner(world, "CREATE TABLE app.later (id bigint)")
    assert _may(world, role, "app.later", "INSERT")
    _owner(world, "ALTER DEFAULT PRIVILEGES FOR ROLE strata_owner IN SCHEMA app REVOKE INSERT ON TABLES FROM {}", role)
    assert _drift(world, defaults) != {}
    world.plugin.update(defaults, defaults.inputs)
    assert _drift(world, defaults) == {}


def test_role_that_somebody_changed_shows_and_is_mended(world):
    role = _role(world, roles=["rds_iam"], searchPaths=["app"])
    name = role.inputs["name"]
    with world.database.admin() as admin:
        admin.execute(sql.SQL("ALTER ROLE {} NOLOGIN CONNECTION LIMIT 3").format(sql.Identifier(name)))
        admin.execute(sql.SQL("ALTER ROLE {} RESET search_path").format(sql.Identifier(name)))
        admin.execute(sql.SQL("REVOKE rds_iam FROM {} GRANTED BY strata_deployer").format(sql.Identifier(name)))
    assert {path.partition("[")[0] for path in _drift(world, role)} == {
        "login",
        "connectionLimit",
        "searchPaths",
        "roles",
    }
    world.plugin.update(role, role.inputs)
    assert _drift(world, role) == {}


def test_role_that_owns_something_hands_it_over_when_it_is_dropped(world):
    role = world.plugin.create(ROLE, {"name": world.unique("maker").replace("-", "_")}, "maker")
    name = role.inputs["name"]
    with world.database.admin() as admin:
        admin.execute(sql.SQL("CREATE TABLE app.made (id bigint)"))
        admin.execute(sql.SQL("ALTER TABLE app.made OWNER TO {}").format(sql.Identifier(name)))
    world.plugin.delete(role)
    with world.database.admin() as admin:
        query = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'app.made'::regclass"
        assert admin.execute(query).fetchone() == ("strata_deployer",)


def test_membership_that_somebody_revoked_is_gone(world):
    role = _role(world).inputs["name"]
    membership = world.create(GRANT_ROLE, {"role": role, "grantRole": "rds_iam"})
    with world.database.connect("strata_deployer") as deployer:
        deployer.execute(sql.SQL("REVOKE rds_iam FROM {}").format(sql.Identifier(role)))
    assert world.plugin.read(membership) is None


def test_membership_that_somebody_else_granted_is_not_left_behind_silently(world):
    role = _role(world).inputs["name"]
    with world.database.admin() as admin:
        admin.execute(sql.SQL("GRANT rds_iam TO {}").format(sql.Identifier(role)))
    live = world.plugin.read(world.made[-1])
    with pytest.raises(CallError, match="altering role .*: 42501: permission denied to revoke"):
        world.plugin.update(live, world.made[-1].inputs)


def test_schema_with_contents_is_dropped_only_when_told_so(world):
    schema = world.plugin.create(SCHEMA, {"name": "extra", "database": world.database.name}, "extra")
    with world.database.connect("strata_deployer") as deployer:
        deployer.execute("CREATE TABLE extra.thing (id bigint)")
    with pytest.raises(CallError) as refused:
        world.plugin.delete(schema)
    assert refused.value.message == (
        f"dropping schema extra in database {world.database.name}: 2BP01: "
        "cannot drop schema extra because other objects depend on it; table extra.thing depends on schema extra"
    )
    world.plugin.delete(world.plugin.update(schema, {**schema.inputs, "dropCascade": True}))
    assert world.plugin.read(schema) is None
