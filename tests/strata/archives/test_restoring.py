"""A restore and whatever else is done with the tenant, at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from strata.advisory_locks import ONBOARD_KEY, REMOVAL_CLASS
from strata.archives import restoring
from strata.archives.bucket import ArchiveBucket
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.archives.restore_errors import RestoreTimeoutError
from strata.database import connect_as_deployer
from strata.errors import StrataError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import ROWS, nothing, states_of
from tests.strata.rows import payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.mark.parametrize("new_id", ["acme", "it's"])
@pytest.mark.parametrize("lock", ["onboarding", "removal"])
@only_list
def test_a_lock_is_told_as_the_restores(tenants, layout, place, reference, monkeypatch, lock, new_id):
    archive_tenant(tenants, "acme", layout, place, nothing)
    before = states_of(tenants, new_id)
    monkeypatch.setattr(restoring, "_OTHER_RUN_SECONDS", 0.0)
    tenants.execute("SET lock_timeout = '200ms'")
    with connect_as_deployer(reference) as other:
        if lock == "onboarding":
            monkeypatch.setattr(
                "strata.sql.render", lambda *a, render=restoring.sql.render, **v: _hasty(render(*a, **v))
            )
            other.execute("SELECT pg_advisory_lock(%s)", (ONBOARD_KEY,))
        else:
            other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (REMOVAL_CLASS, new_id))
        with pytest.raises(StrataError) as blocked:
            restore_tenant(tenants, place, layout, nothing, tenant_id=new_id, budget_seconds=0)
        pid = other.info.backend_pid
    told = str(blocked.value)
    assert told.startswith("the restore met a lock: canceling statement due to lock timeout")
    assert f"held by pid {pid} (strata_deployer, " in told
    renamed = "" if new_id == "acme" else " --as 'it'\"'\"'s'"
    assert told.endswith(
        f" (tenant {new_id}); next: let those sessions end, or let their user or the master run"
        f" SELECT pg_terminate_backend({pid}); then strata tenant restore acme --from {place.uri}{renamed}"
    )
    assert states_of(tenants, new_id) == before


def _hasty(script):
    return script.replace("'60s'", "'200ms'")


@only_list
def test_nobody_is_told_of_who_only_uses_the_tenant(tenants, layout, place, reference, monkeypatch):
    """Whoever waits for the other run waits for nobody else, and would end the wrong sessions."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    restore_tenant(tenants, place, layout, nothing)
    monkeypatch.setattr(restoring, "_OTHER_RUN_SECONDS", 0.0)
    tenants.execute("SET lock_timeout = '200ms'")
    with connect_as_deployer(reference) as other, connect_as_deployer(reference) as user:
        user.execute("BEGIN; LOCK TABLE partitions.payments_p_acme IN ACCESS SHARE MODE")
        other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (REMOVAL_CLASS, "acme"))
        with pytest.raises(RestoreTimeoutError) as blocked:
            restore_tenant(tenants, place, layout, nothing)
        assert [blocker.pid for blocker in blocked.value.blockers] == [other.info.backend_pid]


def test_two_restore_at_once(tenants, layout, place, reference):
    """The second waits, finds the rows of the first there, and says so."""
    archive_tenant(tenants, "acme", layout, place, nothing)

    def bring_back(_number):
        with connect_as_deployer(reference) as connection:
            return restore_tenant(connection, place, layout, nothing).rows

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(bring_back, range(2))) == [ROWS, ROWS]
    assert payments_of(tenants, "acme") == ROWS["payments"]


def test_a_tenant_that_is_made_while_the_archive_is_looked_at_is_not_mixed_with(tenants, layout, place, monkeypatch):
    archive_tenant(tenants, "acme", layout, place, nothing)
    require = ArchiveBucket.require

    def require_and_make(bucket, manifest):
        require(bucket, manifest)
        ensure_tenant(tenants, "acme-2", layout)

    monkeypatch.setattr("strata.archives.bucket.ArchiveBucket.require", require_and_make)
    with pytest.raises(StrataError, match="the tenant is there already: audit_logs active"):
        restore_tenant(tenants, place, layout, nothing, tenant_id="acme-2")
    assert payments_of(tenants, "acme-2") == 0
    assert inspect_tenant(tenants, "acme-2", layout).differences == {}
