from __future__ import annotations

from benchmarks.onboard_one import _compare, _tenants, script
from benchmarks.server import LAYOUT, server
from strata import migrations
from strata.partitions.onboard import ensure_tenant


class Recorder:
    """A connection that keeps the text of what it executes."""

    def __init__(self, connection):
        self.connection = connection
        self.executed = []

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def execute(self, query):
        self.executed.append(query)
        return self.connection.execute(query)


def test_psql_runs_the_same_statements_as_an_onboarding(fresh_database):
    with fresh_database.deployer() as connection:
        migrations.apply(connection, migrations.load(LAYOUT))
        recorder = Recorder(connection)
        ensure_tenant(recorder, "acme", LAYOUT)
    assert "\n".join(recorder.executed) == script("acme")


def test_both_sides_onboard_tenants_and_take_time():
    with server() as one:
        found = _compare(one, (f"tenant-{number}" for number in range(9)), existing=2, repeats=1)
        # Two before, then a warm-up and a sample of each side.
        assert _tenants(one) == 2 + 4
    assert not one.folder.exists()
    for side in (found.measured, found.baseline):
        assert 1 < side.samples[0] < 60_000
