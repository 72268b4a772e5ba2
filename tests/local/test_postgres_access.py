from __future__ import annotations

import psycopg
import pytest


def test_roles_are_there(fresh_database):
    with fresh_database.deployer() as connection:
        row = connection.execute("SELECT session_user, current_user, current_database()").fetchone()
    assert row == ("strata_deployer", "strata_owner", fresh_database.name)


def test_master_password_is_refused_once_the_master_is_an_indirect_member_of_rds_iam(postgresql_server):
    with pytest.raises(psycopg.OperationalError, match='PAM authentication failed for user "strata_master"'):
        postgresql_server.connect("strata_master", postgresql_server.master_password)


def test_master_logs_in_by_password_before(new_postgresql_server):
    with new_postgresql_server.connect("strata_master", new_postgresql_server.master_password) as master:
        assert master.execute("SELECT session_user").fetchone() == ("strata_master",)
