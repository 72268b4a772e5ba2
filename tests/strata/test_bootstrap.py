import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from local.postgres import versions
from strata.bootstrap import BootstrapError, BootstrapResult, bootstrap, deployer_can_log_in
from strata.database import connect_as_deployer
from tests.conftest import MASTER, MASTER_PASSWORD
from tests.strata.aws_stub import serving
from tests.strata.conftest import connection_parameters


@pytest.fixture
def new_server(new_postgresql_server, monkeypatch):
    """Return reference and recorded AWS calls of a server as RDS hands it over, with the master's secret in reach."""
    monkeypatch.setenv("NEW", json.dumps(connection_parameters(new_postgresql_server, "strata")))
    secret = {"SecretString": json.dumps({"username": MASTER, "password": MASTER_PASSWORD})}
    with serving({"GetSecretValue": secret}) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        yield "env:NEW", calls


def test_the_master_is_used_once(new_server):
    reference, calls = new_server
    assert not deployer_can_log_in(reference)
    assert bootstrap(reference) == BootstrapResult(used_master=True, made_owner=True)
    assert deployer_can_log_in(reference)
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=False)
    assert calls == ["GetSecretValue"]


@pytest.mark.skipif(not versions.has_login_triggers(), reason="this PostgreSQL cannot refuse a member of rds_iam")
def test_the_master_is_locked_out(new_server, new_postgresql_server):
    bootstrap(new_server[0])
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        new_postgresql_server.connect(MASTER, MASTER_PASSWORD)


def test_the_owner_makes_schemas_and_nobody_logs_in_as_it(new_server, new_postgresql_server):
    reference, _ = new_server
    bootstrap(reference)
    with connect_as_deployer(reference) as connection:
        connection.execute("CREATE SCHEMA app")
        owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'app'"
        assert connection.execute(owner).fetchone() == ("strata_owner",)
    with pytest.raises(psycopg.OperationalError):
        new_postgresql_server.connect("strata_owner")


def _seen_of(connection, other):
    """Return what a session sees of what another one runs."""
    query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
    return connection.execute(query, (other.info.backend_pid,)).fetchone()[0]


def test_the_owner_sees_what_others_run_and_cannot_end_it(new_server, new_postgresql_server):
    reference, _ = new_server
    bootstrap(reference)
    with connect_as_deployer(reference) as owner, new_postgresql_server.connect("strata_deployer") as other:
        other.execute("SELECT 'what it runs'")
        assert _seen_of(owner, other) == "SELECT 'what it runs'"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("SELECT pg_terminate_backend(%s)", (other.info.backend_pid,))


def test_logins_of_before_do_without_what_others_run_until_the_master_grants_it(new_server, new_postgresql_server):
    reference, calls = new_server
    bootstrap(reference)
    with new_postgresql_server.admin() as admin:
        admin.execute("REVOKE pg_monitor FROM strata_deployer GRANTED BY rds_superuser CASCADE")
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=False)
    with connect_as_deployer(reference) as owner, new_postgresql_server.connect("strata_deployer") as other:
        other.execute("SELECT 'what it runs'")
        assert _seen_of(owner, other) == "<insufficient privilege>"
        with new_postgresql_server.admin() as admin:
            admin.execute(f"SET ROLE {MASTER}")
            admin.execute("GRANT pg_monitor TO strata_owner")
        assert _seen_of(owner, other) == "SELECT 'what it runs'"
    assert calls == ["GetSecretValue"]


def test_an_owner_without_sight_is_given_it_where_the_deployer_may(new_server, new_postgresql_server):
    reference, calls = new_server
    bootstrap(reference)
    with new_postgresql_server.connect("strata_deployer") as deployer:
        deployer.execute("REVOKE pg_monitor FROM strata_owner")
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=True)
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=False)
    assert calls == ["GetSecretValue"]


def test_two_at_once_end_as_one(new_server):
    reference, _ = new_server
    with ThreadPoolExecutor() as pool:
        results = [future.result() for future in [pool.submit(bootstrap, reference) for _ in range(4)]]
    assert sum(result.used_master for result in results) >= 1
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=False)


def test_a_bootstrap_killed_between_its_halves_is_gone_on_with(new_server, new_postgresql_server):
    reference, calls = new_server
    bootstrap(reference)
    with new_postgresql_server.connect("strata_deployer") as deployer:
        deployer.execute("REVOKE CREATE ON DATABASE strata FROM strata_owner")
        deployer.execute("DROP ROLE strata_owner")
    assert not deployer_can_log_in(reference)
    assert bootstrap(reference) == BootstrapResult(used_master=False, made_owner=True)
    assert calls == ["GetSecretValue"]


def test_a_master_transaction_that_fails_leaves_no_login(new_server, new_postgresql_server):
    reference, _ = new_server
    with new_postgresql_server.admin() as admin:
        admin.execute("REVOKE ALL ON DATABASE strata FROM strata_master")
        admin.execute("REVOKE rds_iam FROM rds_superuser")
        admin.execute("ALTER ROLE rds_iam RENAME TO gone")
    with pytest.raises(BootstrapError, match=f"role {MASTER}, database strata"):
        bootstrap(reference)
    with new_postgresql_server.admin() as admin:
        assert admin.execute("SELECT to_regrole('strata_deployer')").fetchone() == (None,)


def test_a_server_that_lets_nobody_in_is_an_error_with_a_next_step(new_server, new_postgresql_server):
    reference, _ = new_server
    with new_postgresql_server.admin() as admin:
        admin.execute("ALTER ROLE strata_master NOLOGIN")
    with pytest.raises(BootstrapError) as failure:
        bootstrap(reference)
    assert str(failure.value).startswith("neither strata_deployer nor the master can log in: ")
    assert "aws rds modify-db-instance --enable-iam-database-authentication" in failure.value.next_command
