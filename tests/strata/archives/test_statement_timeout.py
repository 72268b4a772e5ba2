"""One statement reads a whole table: what it may take follows from the run's deadline, and from nothing else."""

from __future__ import annotations

import pytest

from strata import sql
from strata.archives.errors import ArchivePausedError, ComparisonPausedError
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.archives.rows import exact_text
from strata.deadline import Deadline
from tests.strata.archives.conftest import ROWS, killed_at, nothing

pytestmark = [pytest.mark.timeout(30), pytest.mark.parametrize("layout", ["list"], indirect=True)]
DAY = 24 * 3600


@pytest.mark.parametrize(("budget", "least"), [(DAY, DAY), (1200, 1200), (0, 0), (-5, 0)])
def test_a_statement_may_take_a_little_longer_than_its_run(tenants, budget, least):
    with exact_text(tenants, Deadline(budget)):
        (seconds,) = tenants.execute(
            "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)"
        ).fetchone()
    assert least + 295 < seconds <= least + 300


def test_a_run_stops_by_itself_before_its_statement_is_cancelled(tenants, layout, place, monkeypatch):
    """Whether it writes or compares, in a session that allows less than either takes."""
    monkeypatch.setattr("strata.archives.rows._PIECE_BYTES", 1000)
    monkeypatch.setattr("strata.archives.write.PART_BYTES", 1)
    payments = 'ONLY partitions."payments_p_acme"'
    slow_server(monkeypatch, "archives/copy_out.sql.j2", payments, f"(SELECT pg_sleep(1.5)) AS pause, {payments}")
    tenants.execute("SET statement_timeout = '1s'")
    with pytest.raises(ArchivePausedError):
        archive_tenant(tenants, "acme", layout, place, nothing, 1)
    with killed_at("archives/record.sql.j2"):
        archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(ComparisonPausedError):
        archive_tenant(tenants, "acme", layout, place, nothing, 1)


def test_the_check_of_an_attach_has_the_time_of_the_run(tenants, layout, place, monkeypatch):
    archive_tenant(tenants, "acme", layout, place, nothing)
    slow_server(monkeypatch, "archives/finish_restore.sql.j2", "COMMIT", "SELECT pg_sleep(1.5); COMMIT")
    tenants.execute("SET statement_timeout = '1s'")
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS
    assert tenants.execute("SHOW statement_timeout").fetchone() == ("1s",)


def slow_server(monkeypatch, template, quick, slow):
    """Make the statement of a template take its time on the server."""
    render = sql.render

    def slowed(name, **values):
        script = render(name, **values)
        return script.replace(quick, slow) if name == template else script

    monkeypatch.setattr(sql, "render", slowed)
