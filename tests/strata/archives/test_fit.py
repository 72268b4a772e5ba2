"""An archive that does not fit is refused by name before anything is made, so the tenant is archived as it was."""

from __future__ import annotations

import pytest

from strata.archives.bucket import ArchiveBucket, ArchiveBucketError
from strata.archives.errors import RestoreMismatchError
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.partitions import render
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import ROWS, nothing, states_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


@pytest.fixture
def things(migrated, layout, monkeypatch):
    """Return a function that archives a table of one tenant, whose column n is twice m, and then changes it."""
    monkeypatch.setattr(render, "PARTITIONED_TABLES", ("things",))

    def archived(place, column, change):
        migrated.execute(
            f'CREATE TABLE app.things (tenant_id text COLLATE "C" NOT NULL, id integer, m integer, {column},'
            " PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id)"
        )
        ensure_tenant(migrated, "acme", layout)
        migrated.execute("INSERT INTO app.things (tenant_id, id, m) SELECT 'acme', n, n FROM generate_series(1, 3) n")
        archive_tenant(migrated, "acme", layout, place, nothing)
        migrated.execute(f"ALTER TABLE app.things {change}")
        return migrated

    return archived


GENERATED = "n integer GENERATED ALWAYS AS (m * 2) STORED"


@pytest.mark.parametrize(
    ("column", "change", "misfit"),
    [
        (
            GENERATED,
            "ALTER COLUMN n DROP EXPRESSION",
            "things.n was generated, so the archive has no values of it, and is not generated here",
        ),
        (
            "n integer",
            f"DROP COLUMN n, ADD COLUMN {GENERATED}",
            "things.n is generated here, and has values of its own in the archive",
        ),
        (
            "n integer",
            "ADD COLUMN region text NOT NULL",
            "things.region is NOT NULL without a default, and the archive has no such column",
        ),
    ],
)
@only_list
def test_what_could_not_come_back_as_it_was_is_refused(things, layout, place, column, change, misfit):
    connection = things(place, column, change)
    with pytest.raises(RestoreMismatchError) as refusal:
        restore_tenant(connection, place, layout, nothing)
    migration = ArchiveBucket(place).manifest().migration
    assert str(refusal.value) == (
        f"the archive does not fit: {misfit} (tenant acme, archived at migration {migration}); "
        "allowed: tables that have every column of the archive as it was, and ask for no more; "
        "next: restore into a stack of that migration, or settle each by a migration; then run the same command again"
    )
    assert states_of(connection, "acme") == {"things": "archived"}
    assert inspect_tenant(connection, "acme", layout).partitions == {}


@only_list
def test_a_column_that_is_required_hinders_no_table_without_rows(things, layout, place):
    connection = things(place, "n integer", "ADD COLUMN region text NOT NULL DEFAULT 'eu'")
    connection.execute("ALTER TABLE app.webhook_logs ADD COLUMN region text NOT NULL")
    assert restore_tenant(connection, place, layout, nothing).rows == {"things": 3}


def test_a_missing_column_is_settled_as_the_message_says(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("ALTER TABLE app.payments DROP COLUMN description")
    with pytest.raises(RestoreMismatchError, match=r"payments\.description is missing and not text"):
        restore_tenant(tenants, place, layout, nothing)
    tenants.execute("ALTER TABLE app.payments ADD COLUMN description text")
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS
    assert inspect_tenant(tenants, "acme", layout).differences == {}


@only_list
def test_an_archive_with_a_part_that_is_gone_is_refused_before_anything_is_made(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    bucket = ArchiveBucket(place)
    last = bucket.manifest().tables[2].parts[0]
    bucket._s3.delete_object(Bucket=place.bucket, Key=last.key)
    with pytest.raises(ArchiveBucketError, match="a part of the archive is gone"):
        restore_tenant(tenants, place, layout, nothing)
    assert set(states_of(tenants, "acme").values()) == {"archived"}
    assert inspect_tenant(tenants, "acme", layout).partitions == {}
