"""The provider's configuration, its refusals, and statements that run side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.postgresql.provider import PostgreSQL
from local.providers.resource import UNKNOWN
from tests.local.providers.plugin import CallError, running

if TYPE_CHECKING:
    from tests.local.providers.conformance import World

ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
RIGHT = {
    "host": "localhost",
    "port": "5432",
    "username": "strata_deployer",
    "superuser": "false",
    "awsRdsIamAuth": "true",
    "awsRdsIamRegion": "eu-west-1",
}
KINDS = "database, schema, table, sequence, function, procedure, routine"
UNREACHABLE = {**RIGHT, "host": "127.0.0.1", "port": "1", "sslmode": "disable"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "local"}


def _config_failures(**change: Any) -> list[tuple[str, str]]:
    config = {key: value for key, value in {**RIGHT, **change}.items() if value is not None}
    return [(one.property, one.reason) for one in PostgreSQL().check_config(config)]


def test_configuration_of_the_stack_is_taken():
    assert _config_failures(sslmode="verify-full", sslrootcert="rds.pem", connectTimeout="180", database="strata") == []
    assert _config_failures(host=UNKNOWN, port=UNKNOWN, database=UNKNOWN) == []


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"superuser": "true"}, "superuser", "must be false: RDS gives nobody a superuser"),
        ({"superuser": None}, "superuser", "must be false: RDS gives nobody a superuser"),
        ({"password": "secret"}, "password", "excluded by awsRdsIamAuth"),
        ({"awsRdsIamRegion": None}, "awsRdsIamRegion", "missing; awsRdsIamAuth needs it"),
    ],
)
def test_configuration_is_refused(change, place, reason):
    assert _config_failures(**change) == [(place, reason)]


def test_configuration_that_is_not_modelled_is_refused_by_name():
    [(place, reason)] = _config_failures(azureIdentityAuth="true")
    assert place == "azureIdentityAuth"
    assert reason.startswith("not modelled by the local provider: ")


def test_nothing_connects_before_a_resource_is_made():
    with running("local.providers.postgresql", CREDENTIALS) as plugin:
        plugin.configure(UNREACHABLE)
        checked = plugin.check(ROLE, {"name": "reader"})
        assert checked.failures == []
        assert plugin.preview_create(ROLE, checked.inputs)["name"] == "reader"
        with pytest.raises(CallError) as refused:
            plugin.create(ROLE, {"name": "reader"})
    assert refused.value.message.startswith("connecting as strata_deployer@127.0.0.1:1/postgres: connection failed: ")
    assert "X-Amz" not in refused.value.message


@pytest.mark.parametrize(
    ("token", "inputs", "place", "reason"),
    [
        (ROLE, {"name": "r", "superuser": True}, "superuser", "not modelled by the local provider"),
        (ROLE, {"name": "r", "password": "x"}, "password", "not modelled by the local provider"),
        (ROLE, {"name": "pg_reader"}, "name", "'pg_reader': names that start with pg_ are reserved"),
        (ROLE, {"name": "r" * 64}, "name", f"{'r' * 64!r} is longer than the 63 bytes that PostgreSQL keeps"),
        (
            GRANT,
            {"role": "r", "database": "d", "objectType": "table", "privileges": ["SELECT"]},
            "schema",
            "missing; a grant on a table needs it",
        ),
        (
            GRANT,
            {"role": "r", "database": "d", "objectType": "schema", "schema": "s", "privileges": ["SELECT"]},
            "privileges[0]",
            "'SELECT' is not a privilege of a schema: ALL, CREATE, USAGE",
        ),
        (
            GRANT,
            {"role": "r", "database": "d", "objectType": "column", "schema": "s", "privileges": []},
            "objectType",
            f"not modelled by the local provider: column; one of {KINDS}",
        ),
        (
            GRANT,
            {
                "role": "r",
                "database": "d",
                "objectType": "schema",
                "schema": "s",
                "privileges": ["USAGE"],
                "objects": ["t"],
            },
            "objects",
            "excluded by objectType schema",
        ),
    ],
)
def test_resource_is_refused(token, inputs, place, reason):
    with running("local.providers.postgresql", CREDENTIALS) as plugin:
        plugin.configure(UNREACHABLE)
        [(where, why)] = plugin.check(token, inputs).failures
    assert where == place
    assert why.startswith(reason)


def test_statement_that_the_server_refuses_is_one_line_with_its_code(postgresql_world: World):
    with pytest.raises(CallError) as refused:
        postgresql_world.plugin.create(ROLE, {"name": "strata_owner"})
    assert refused.value.message == 'creating role strata_owner: 42710: role "strata_owner" already exists'


def test_grants_on_one_object_may_run_side_by_side(postgresql_world: World):
    """PostgreSQL itself fails most of these with XX000 when nobody keeps them apart."""
    world = postgresql_world
    with world.database.deployer() as connection:
        connection.execute("CREATE SCHEMA app")
        connection.execute("CREATE TABLE app.payments (id bigint)")
    prefix = world.unique("role").replace("-", "_")
    names = [f"{prefix}_{index}" for index in range(12)]
    for name in names:
        world.create(ROLE, {"name": name}, name)

    def grant(name: str) -> str:
        inputs = {
            "role": name,
            "database": world.database.name,
            "schema": "app",
            "objectType": "table",
            "privileges": ["SELECT"],
        }
        return world.plugin.create(GRANT, inputs, f"grant-{name}").id

    with ThreadPoolExecutor(len(names)) as pool:
        assert sorted(pool.map(grant, names)) == sorted(f"{name}_{world.database.name}_app_table" for name in names)
    with world.database.admin() as admin:
        query = (
            "SELECT count(*) FROM unnest(%s::text[]) AS role WHERE has_table_privilege(role, 'app.payments', 'SELECT')"
        )
        assert admin.execute(query, [names]).fetchone() == (len(names),)
