import json
import traceback

import psycopg
import pytest

from strata import aws
from strata.callers_connection import WRITTEN_FOR
from strata.database import (
    DatabaseUnreachableError,
    LoginRefusedError,
    connect_as_deployer,
    connect_as_master,
    connected,
)
from strata.reference import resolve
from tests.conftest import MASTER, MASTER_PASSWORD
from tests.strata.aws_stub import serving
from tests.strata.conftest import connection_parameters
from tests.strata.test_callers_connection import OTHERS


def _moved(monkeypatch, server, **changes):
    monkeypatch.setenv("MOVED", json.dumps({**connection_parameters(server, "strata"), **changes}))
    return "env:MOVED"


def test_the_deployer_acts_as_the_owner_in_autocommit(connection):
    row = connection.execute("SELECT session_user, current_user, current_setting('application_name')").fetchone()
    assert row == ("strata_deployer", "strata_owner", "strata")
    assert connection.autocommit


@pytest.mark.parametrize(
    ("setting", "value"),
    [("row_security", "off"), ("jit", "off"), ("lock_timeout", "10s"), ("statement_timeout", "10min")],
)
def test_every_session_is_limited_from_its_first_statement(connection, setting, value):
    assert connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() == (value,)


@pytest.mark.parametrize(("name", "value"), WRITTEN_FOR.items())
def test_no_database_and_no_environment_says_how_a_session_reads_and_writes(
    fresh_database, reference, monkeypatch, name, value
):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    with fresh_database.admin() as admin:
        admin.execute(f"ALTER DATABASE {fresh_database.name} SET {name} = '{OTHERS[name]}'")
    with connect_as_deployer(reference) as opened:
        ((found,),) = opened.execute("SELECT current_setting(%s)", (name,)).fetchall()
    assert found.removesuffix(", DMY") == value


def test_a_parameter_of_systems_manager_is_followed(fresh_database, monkeypatch):
    parameters = connection_parameters(fresh_database.server, fresh_database.name)
    answer = {"Parameter": {"Value": json.dumps(parameters)}}
    with serving({"GetParameter": answer}) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with connect_as_deployer("ssm:/strata/test/database") as connection:
            assert connection.info.dbname == fresh_database.name
    assert calls == ["GetParameter"]


def test_a_callers_connection_is_used_and_left_open(connection):
    with connected(connection) as same:
        assert same is connection
    assert not connection.closed


def test_a_connection_made_for_a_reference_is_closed(reference):
    with connected(reference) as opened:
        pass
    assert opened.closed


def test_an_unreachable_database_is_named_with_a_next_step(postgresql_server, monkeypatch):
    reference = _moved(monkeypatch, postgresql_server, host="127.0.0.1", port=1)
    with pytest.raises(DatabaseUnreachableError) as failure:
        connect_as_deployer(reference)
    message = str(failure.value)
    assert message.startswith("the database cannot be reached: connection failed: ")
    assert message.endswith("(host 127.0.0.1, port 1, database strata); next: make up")
    assert "Connection refused" in failure.value.reason


def test_a_missing_login_is_refused_and_not_unreachable(postgresql_server, monkeypatch):
    reference = _moved(monkeypatch, postgresql_server, deployer_role="nobody_at_all")
    with pytest.raises(LoginRefusedError) as failure:
        connect_as_deployer(reference)
    assert failure.value.where["role"] == "nobody_at_all"
    assert failure.value.next_command == "pulumi up (it makes the missing logins)"


@pytest.mark.parametrize("owner", ["no_such_role", "pg_read_all_data"])
def test_a_login_that_may_not_act_as_the_owner_is_refused(postgresql_server, monkeypatch, owner):
    reference = _moved(monkeypatch, postgresql_server, owner_role=owner)
    with pytest.raises(LoginRefusedError):
        connect_as_deployer(reference)


def test_the_master_logs_in_with_its_secret(new_postgresql_server, monkeypatch):
    reference = _moved(monkeypatch, new_postgresql_server)
    secret = {"SecretString": json.dumps({"username": MASTER, "password": MASTER_PASSWORD})}
    with serving({"GetSecretValue": secret}) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with connect_as_master(reference) as master:
            assert master.execute("SELECT current_user").fetchone() == (MASTER,)


@pytest.mark.parametrize("password", ["wrong-and-secret", "with space and = sign"])
def test_no_failure_shows_a_password(new_postgresql_server, monkeypatch, password):
    reference = _moved(monkeypatch, new_postgresql_server)
    secret = {"SecretString": json.dumps({"username": MASTER, "password": password})}
    with serving({"GetSecretValue": secret}) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(LoginRefusedError) as failure:
            connect_as_master(reference)
    shown = "".join(traceback.format_exception(failure.value)) + repr(vars(failure.value))
    assert password not in shown
    assert failure.value.where["role"] == MASTER


def test_a_secret_that_may_not_be_read_is_an_error_of_its_own(postgresql_server, monkeypatch):
    reference = _moved(monkeypatch, postgresql_server)
    with serving({}) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(aws.MasterSecretError) as failure:
            connect_as_master(reference)
    assert failure.value.where == {"secret": resolve(reference).master_secret_arn}
    assert failure.value.allowed == "an AWS identity that may read the secret of the RDS master"


def test_tokens_are_signed_for_this_database_and_role():
    token = aws.database_token("eu-west-1", "db.example", 5432, "strata_deployer")
    assert token.startswith("db.example:5432/?Action=connect&DBUser=strata_deployer")
    assert "X-Amz-Expires=900" in token


def test_a_failed_statement_leaves_autocommit_connections_usable(connection):
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM nowhere")
    assert connection.execute("SELECT 1").fetchone() == (1,)
