"""Who gets in how: as on RDS, but for the one place that the documentation names."""

from __future__ import annotations

import psycopg
import pytest

from local import postgres


def _refusal(server, user, password="", database=None) -> str:
    with pytest.raises(psycopg.OperationalError) as refused:
        server.connect(user, password, database)
    return str(refused.value)


def test_roles_of_the_deployment_are_there(fresh_database):
    with fresh_database.deployer() as connection:
        row = connection.execute("SELECT session_user, current_user, current_database()").fetchone()
    assert row == ("strata_deployer", "strata_owner", fresh_database.name)


def test_master_loses_its_password_with_the_transaction_that_makes_the_deployer(new_postgresql_server):
    server = new_postgresql_server
    with server.connect("strata_master", server.master_password) as master:
        assert master.execute("SELECT session_user").fetchone() == ("strata_master",)
        with master.transaction():
            master.execute("CREATE ROLE strata_deployer LOGIN CREATEROLE")
            master.execute("GRANT rds_iam TO strata_deployer WITH ADMIN OPTION")
        assert master.execute("SELECT 1").fetchone() == (1,), "an open session goes on"

    words = _refusal(server, "strata_master", server.master_password)
    assert 'FATAL:  PAM authentication failed for user "strata_master"' in words
    with server.connect("strata_deployer") as deployer:
        deployer.execute("CREATE ROLE strata_app LOGIN")
        deployer.execute("GRANT rds_iam TO strata_app")
    with server.connect("strata_app") as app:
        assert app.execute("SELECT session_user").fetchone() == ("strata_app",)


def test_master_is_no_superuser_and_owns_the_database(new_postgresql_server):
    server = new_postgresql_server
    with server.connect("strata_master", server.master_password) as master:
        query = (
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = %s"
        )
        assert master.execute(query, ["strata_master"]).fetchone() == (False, True, True, False, False)
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'strata'"
        assert master.execute(owner).fetchone() == ("strata_master",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            master.execute("COPY (SELECT 1) TO PROGRAM 'true'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            master.execute("CREATE ROLE another SUPERUSER")


def test_database_made_later_refuses_the_master_as_well(new_postgresql_server):
    server = new_postgresql_server
    with server.connect("strata_master", server.master_password) as master:
        master.execute("CREATE DATABASE later")
        with server.connect("strata_master", server.master_password, "later") as there:
            assert there.execute("SELECT current_database()").fetchone() == ("later",)
        master.execute("CREATE ROLE strata_deployer LOGIN")
        master.execute("GRANT rds_iam TO strata_deployer")
    assert "PAM authentication failed" in _refusal(server, "strata_master", server.master_password, "later")


def test_everybody_else_needs_a_password(new_postgresql_server):
    server = new_postgresql_server
    with server.admin() as admin:
        admin.execute("CREATE ROLE clerk LOGIN PASSWORD 'right-password'")
        admin.execute("CREATE ROLE mute LOGIN")
    with server.connect("clerk", "right-password") as clerk:
        assert clerk.execute("SELECT system_user").fetchone() == ("scram-sha-256:clerk",)
    assert "password authentication failed" in _refusal(server, "clerk", "wrong-password")
    assert "password authentication failed" in _refusal(server, "mute", "anything")
    assert "password authentication failed" in _refusal(server, "strata_master", "wrong-password")


def test_master_that_holds_rds_iam_itself_loses_its_password_too(new_postgresql_server):
    server = new_postgresql_server
    with server.connect("strata_master", server.master_password) as master:
        master.execute("GRANT rds_iam TO strata_master")
    assert "PAM authentication failed" in _refusal(server, "strata_master", server.master_password)


def test_superuser_is_on_the_socket_only_and_gets_in_past_a_broken_trigger(new_postgresql_server):
    server = new_postgresql_server
    assert 'pg_hba.conf rejects connection for host "127.0.0.1", user "rdsadmin"' in _refusal(server, "rdsadmin")
    with server.admin() as admin:
        admin.execute(
            "CREATE OR REPLACE FUNCTION pg_catalog.rds_refuse_password() RETURNS event_trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$"
        )
    assert "broken" in _refusal(server, "strata_master", server.master_password)
    with server.admin() as admin:
        assert admin.execute("SELECT session_user").fetchone() == ("rdsadmin",)


def test_nobody_replicates(new_postgresql_server):
    server = new_postgresql_server
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects replication connection"):
        psycopg.connect(
            host=server.host,
            port=server.port,
            user="strata_master",
            password=server.master_password,
            replication="true",
        )


def test_ends_of_the_local_network_are_all_that_the_server_listens_on(postgresql_server):
    with postgresql_server.admin() as admin:
        assert admin.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    folder = postgresql_server.folder
    assert postgres.describe(folder).host == "127.0.0.1"
    assert (folder / "socket").stat().st_mode & 0o077 == 0


def test_session_as_it_is_after_the_bootstrap_refuses_the_master(postgresql_server):
    words = _refusal(postgresql_server, "strata_master", postgresql_server.master_password)
    assert "logs in by an IAM token and no longer by a password" in words
