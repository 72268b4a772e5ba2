"""The guide's example is run as a reader would: its tables, its Python, and what it says that comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from strata.partitions.onboard import ensure_tenant
from tests.strata.conftest import connection_parameters

GUIDE = (Path(__file__).parents[4] / "docs" / "guides" / "backfill.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


@pytest.fixture
def database(migrated, fresh_database, layout, monkeypatch):
    """Return a connection to the guide's database, with the old tables, which STRATA_DATABASE leads to."""
    parameters = connection_parameters(fresh_database.server, fresh_database.name)
    monkeypatch.setenv("GUIDE_DATABASE", json.dumps({**parameters, "layout": layout}))
    monkeypatch.setenv("STRATA_DATABASE", "env:GUIDE_DATABASE")
    for tenant_id in ("globex", "initech", "system"):
        ensure_tenant(migrated, tenant_id, layout)
    migrated.execute(_blocks("sql")[0])
    return migrated


def _told(capsys) -> list[str]:
    """Run every block of Python, and return what it prints of each tenant."""
    names: dict[str, object] = {"__name__": "guide"}
    for number, text in enumerate(_blocks("python"), 1):
        exec(compile(text, f"backfill.md block {number}", "exec", dont_inherit=True), names)  # noqa: S102 - the guide's own
    return [line for line in capsys.readouterr().out.splitlines() if " of " not in line]


def test_the_example_does_what_it_says(database, capsys):
    (said,) = _blocks("text")
    assert _told(capsys) == said.splitlines()
    counted, analyzed, moved, gone = _blocks("sql")[1:]
    assert database.execute(counted).fetchall() == [("globex", 10), ("initech", 10), ("system", 10)]
    (again,) = re.findall(r"second run of the example says `([^`]+)`", GUIDE)
    assert again in [line.strip() for line in _told(capsys)]
    database.execute(analyzed)
    assert database.execute(moved).fetchall() == database.execute(gone).fetchall() == []
    row = database.execute(
        "SELECT actor_type, actor_id, action, resource_type, resource_id, created_at AT TIME ZONE 'UTC'"
        " FROM app.audit_logs WHERE id = md5('legacy.audit_log 3')::uuid AND tenant_id = 'system'"
    ).fetchone()
    assert [str(value) for value in row] == ["system", "nobody", "payment.read", "payment", "3", "2026-01-01 00:03:00"]


def test_the_queries_find_what_changed_behind_the_copy(database, capsys):
    _told(capsys)
    moved, gone = _blocks("sql")[3:]
    database.execute("UPDATE legacy.users SET company = 'initech' WHERE id = 1")
    rows = database.execute(moved).fetchall()
    assert (len(rows), {row[:2] for row in rows}) == (10, {("globex", "initech")})
    database.execute("DELETE FROM legacy.audit_log WHERE id = 3")
    deleted = database.execute("SELECT 'system', md5('legacy.audit_log 3')::uuid").fetchall()
    assert database.execute(gone).fetchall() == deleted
