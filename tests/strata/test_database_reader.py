"""A process that only inspects logs in as a role that can only read, whatever else it could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from strata.database import READER_VARIABLE, connect_as_deployer
from strata.drift.scope import READER
from strata.migrations import load, read_applied
from strata.partitions.inspect import inspect_tenant, wanted_digests
from strata.partitions.onboard import ensure_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.database import Connection
    from strata.partitions.layout import Layout

LEAF = 'partitions."payments_p_acme"'


@pytest.fixture
def reader(
    migrated: Connection, layout: Layout, reference: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """A connection with what infra/components/database_roles.py grants, to a database with a tenant."""
    ensure_tenant(migrated, "acme", layout)
    for schema in ("app", "strata", "partitions"):
        migrated.execute(f"GRANT USAGE ON SCHEMA {schema} TO {READER}")
    for schema in ("app", "strata"):
        migrated.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {READER}")
    monkeypatch.setenv(READER_VARIABLE, READER)
    with connect_as_deployer(reference) as opened:
        yield opened


def test_it_is_the_reader_and_nobody_else(reader: Connection) -> None:
    assert reader.execute("SELECT session_user, current_user").fetchone() == (READER, READER)


def test_it_sees_what_a_check_compares(reader: Connection, layout: Layout) -> None:
    observed = inspect_tenant(reader, "acme", layout)
    assert observed.digests == wanted_digests("acme", layout)
    assert observed.differences == {}
    assert len(read_applied(reader)) == len(load(layout))


def test_it_sees_drift(reader: Connection, migrated: Connection, layout: Layout) -> None:
    migrated.execute(f"ALTER TABLE {LEAF} ALTER COLUMN status SET DEFAULT 'failed'")
    assert list(inspect_tenant(reader, "acme", layout).differences) == ["payments"]


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT FROM {LEAF}",
        "INSERT INTO app.payments (tenant_id) VALUES ('acme')",
        "DELETE FROM strata.tenant_partitions",
        "SELECT strata.create_tenant_partition('payments', 'x')",
        "SELECT strata.refresh_partition_stats()",
        "CREATE TABLE partitions.mine (x int)",
        "SET ROLE strata_owner",
    ],
)
def test_it_can_do_nothing_else(reader: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_it_sees_no_row_without_a_tenant(reader: Connection) -> None:
    """`row_security = off` in our own sessions makes a hidden row an error and not an empty answer."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        reader.execute("SELECT FROM app.payments")
