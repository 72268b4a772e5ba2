"""A comparison that ends early ends: its read of the partition is over, and the connection can go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strata.archives.bucket import ArchiveBucket, ArchiveBucketError
from strata.archives.errors import ArchiveMismatchError, ComparisonPausedError
from strata.archives.remove import archive_tenant
from strata.deadline import Deadline
from tests.strata.archives.conftest import ROWS, nothing

pytestmark = [pytest.mark.timeout(30), pytest.mark.parametrize("layout", ["list"], indirect=True)]


@pytest.fixture
def in_many_pieces(monkeypatch):
    """Make rows come in pieces and parts of a few, so that most of them are not read when the first differs."""
    monkeypatch.setattr("strata.archives.rows._PIECE_BYTES", 1000)
    monkeypatch.setattr("strata.archives.write.PART_BYTES", 1)


def _states(connection):
    query = "SELECT DISTINCT state, archive_uri IS NULL FROM strata.tenant_partitions WHERE tenant_id = 'acme'"
    return connection.execute(query).fetchall()


def test_a_difference_in_the_first_of_many_parts(tenants, layout, place, monkeypatch, in_many_pieces):
    """The tenant goes back to detached, and the next run writes another archive."""
    manifest = ArchiveBucket.put_manifest

    def put_and_write(bucket, found):
        manifest(bucket, found)
        tenants.execute("ALTER TABLE partitions.payments_p_acme DISABLE TRIGGER ALL")
        tenants.execute("UPDATE partitions.payments_p_acme SET description = 'late'")

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveBucket, "put_manifest", put_and_write)
        with pytest.raises(ArchiveMismatchError, match="part 0 holds other rows"):
            archive_tenant(tenants, "acme", layout, place, nothing)
    assert _states(tenants) == [("detached", True)]
    again = replace(place, prefix=place.prefix + "-2")
    assert archive_tenant(tenants, "acme", layout, again, nothing).rows == ROWS


def test_a_part_that_cannot_be_read(tenants, layout, place, monkeypatch, in_many_pieces):
    def read(bucket, part):
        raise ArchiveBucketError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveBucket, "read", read)
        with pytest.raises(ArchiveBucketError, match="gone"):
            archive_tenant(tenants, "acme", layout, place, nothing)
    assert _states(tenants) == [("detached", False)]
    assert archive_tenant(tenants, "acme", layout, place, nothing).uri == place.uri


def test_the_time_of_a_run_is_over(tenants, layout, place, monkeypatch, in_many_pieces):
    with monkeypatch.context() as patch:
        put = ArchiveBucket.put_manifest

        def put_and_be_late(bucket, found):
            put(bucket, found)
            patch.setattr(Deadline, "is_over", True)

        patch.setattr(ArchiveBucket, "put_manifest", put_and_be_late)
        with pytest.raises(ComparisonPausedError) as paused:
            archive_tenant(tenants, "acme", layout, place, nothing)
    assert str(paused.value) == (
        f"stopped after 20 minutes of work, with {paused.value.rows} rows of this table compared (tenant acme, table"
        " payments); allowed: the comparison of a table in one run; the next run begins it anew, and keeps all else;"
        " next: run the same command again; if it stops here again: strata tenant archive acme, which works for up to"
        " 24 hours, then pulumi up"
    )
    assert 0 < paused.value.rows < ROWS["payments"]
    assert archive_tenant(tenants, "acme", layout, place, nothing).uri == place.uri
