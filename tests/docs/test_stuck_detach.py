"""The runbook of a stuck detach, by the logins that a stack has: who holds it is shown, and can be ended."""

from __future__ import annotations

import shlex
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.docs.test_commands import blocks, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection
    from tests.conftest import Database

RUNBOOK = "runbooks/stuck-detach.md"
FIND = blocks(RUNBOOK, "sql")[0].replace("10 seconds", "0 seconds")
#: The words after each `-c` of the command that ends the session.
(END,) = (
    [word for option, word in pairwise(words) if option == "-c"]
    for words in map(shlex.split, told(RUNBOOK))
    if "connect" in words
)


@pytest.fixture
def holder(fresh_database: Database) -> Iterator[Connection]:
    """A session of the application with an open transaction."""
    with fresh_database.connect("strata_app") as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT")
        yield connection


@pytest.mark.parametrize("user", ["strata_deployer", "strata_readonly"])
def test_the_session_is_found_by_every_login(fresh_database: Database, holder: Connection, user: str) -> None:
    with fresh_database.connect(user) as connection:
        found = {row[0]: row[1:] for row in connection.execute(FIND)}
    name, state, open_for, _ = found[holder.info.backend_pid]
    assert name == "strata_app"
    assert (state, open_for is None) == (("idle in transaction", False) if user == "strata_deployer" else (None, True))


def test_the_deployer_ends_a_session_of_the_application_and_keeps_nothing(
    fresh_database: Database, holder: Connection
) -> None:
    memberships = "SELECT roleid, member, inherit_option FROM pg_auth_members ORDER BY 1, 2, 3"
    with fresh_database.connect("strata_deployer") as deployer:
        before = deployer.execute(memberships).fetchall()
        for statement in END:
            deployer.execute(statement.replace("12345", str(holder.info.backend_pid)))
        assert deployer.execute(memberships).fetchall() == before
    with pytest.raises(psycopg.errors.AdminShutdown):
        holder.execute("SELECT pg_sleep(10)")
