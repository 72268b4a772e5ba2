"""A restore goes on whatever has become of what it made, and mixes with nothing that it has not made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strata.archives import write
from strata.archives.bucket import ArchiveBucket
from strata.archives.errors import ArchivePausedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.errors import StrataError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.registry import find_registry_differences
from strata.partitions.render import leaves
from tests.strata.archives.conftest import ROWS, binary_rows, killed_at, nothing, states_of
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)
LEAF = "partitions.payments_p_acme"


@pytest.fixture
def paused(tenants, layout, place):
    """Return a connection to a database in which the restore of acme has loaded all, and attached nothing."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    with killed_at("archives/finish_restore.sql.j2"):
        restore_tenant(tenants, place, layout, nothing)
    return tenants


def refusal_of(connection, place, layout, tenant_id=None):
    with pytest.raises(StrataError) as refusal:
        restore_tenant(connection, place, layout, nothing, tenant_id=tenant_id)
    return str(refusal.value)


def oid_of(connection, relation):
    return connection.execute("SELECT %s::regclass::oid", (relation,)).fetchone()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE app.payments ADD COLUMN note text",
        "ALTER TABLE app.payments ADD CONSTRAINT small CHECK (amount_minor < 1000000)",
        "ALTER TABLE app.payments ALTER COLUMN description SET DEFAULT 'none'",
        f"DROP TABLE {LEAF}",
        f"ALTER TABLE {LEAF} DROP CONSTRAINT payments_p_acme_pkey",
    ],
)
def test_a_partition_that_its_parent_has_left_behind_is_made_anew(paused, layout, place, change):
    paused.execute(change)
    invoices = oid_of(paused, "partitions.invoices_p_acme")
    assert restore_tenant(paused, place, layout, nothing).rows == ROWS
    assert payments_of(paused, "acme") == ROWS["payments"]
    assert inspect_tenant(paused, "acme", layout).differences == {}
    assert oid_of(paused, "partitions.invoices_p_acme") == invoices


def test_all_partitions_are_gone(paused, layout, place):
    for leaf in leaves("acme", layout):
        paused.execute(f"DROP TABLE {leaf.qualified_name}")
    assert restore_tenant(paused, place, layout, nothing).rows == ROWS
    assert inspect_tenant(paused, "acme", layout).differences == {}


@pytest.mark.parametrize(
    "change",
    [
        "SELECT",
        "ALTER TABLE app.payments ADD CONSTRAINT small CHECK (amount_minor < 1000000) NOT VALID",
        "CREATE INDEX ON app.payments (currency)",
    ],
)
def test_a_partition_that_can_be_attached_is_kept(tenants, layout, place, monkeypatch, change):
    """What was loaded stays, whatever a new partition has otherwise than its parent."""
    monkeypatch.setattr(write, "PART_BYTES", 1)
    monkeypatch.setattr("strata.archives.rows._PIECE_BYTES", 4096)
    archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute(change)
    read = ArchiveBucket.read
    numbers = []

    def counted(bucket, part):
        numbers.append(part.key)
        return read(bucket, part)

    monkeypatch.setattr(ArchiveBucket, "read", counted)
    with killed_at("archives/finish_restore.sql.j2"):
        restore_tenant(tenants, place, layout, nothing)
    whole, made = len(numbers), oid_of(tenants, LEAF)
    restore_tenant(tenants, place, layout, nothing)
    assert oid_of(tenants, LEAF) == made
    assert len(numbers) == whole + whole / 2  # to compare it once more; nothing is loaded


def test_a_removal_that_was_killed_hinders_no_restore(paused, layout, place):
    """What it left refuses every write, those of the restore and of the restored tenant."""
    paused.execute(
        f"CREATE TRIGGER strata_offboarding BEFORE INSERT OR UPDATE OR DELETE ON {LEAF}"
        " FOR EACH ROW EXECUTE FUNCTION strata.refuse_write();"
        f"ALTER TABLE {LEAF} ENABLE ALWAYS TRIGGER strata_offboarding"
    )
    restore_tenant(paused, place, layout, nothing)
    insert_payment(paused, "acme", "new")
    assert find_registry_differences(paused, layout) == ()


def test_the_registry_never_loses_sight_of_an_archive(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    restore_tenant(tenants, place, layout, nothing)
    insert_payment(tenants, "acme", "new")
    newer = replace(place, prefix=f"{place.prefix}-newer")
    archive_tenant(tenants, "acme", layout, newer, nothing)
    assert refusal_of(tenants, place, layout) == (
        f"the tenant is archived in another place (tenant acme, its archive {newer.uri}, asked for {place.uri}); "
        "allowed: the archive that the registry names, or a tenant that it has none of; "
        "next: strata tenant restore acme, to have that archive back; or, for the other one, first "
        "strata tenant forget acme --confirm acme, which keeps that archive and prints its place"
    )
    assert forget_tenant(tenants, "acme") == newer.uri
    with pytest.raises(ArchivePausedError):
        restore_tenant(tenants, place, layout, nothing, budget_seconds=0)
    assert refusal_of(tenants, newer, layout).startswith(
        "the tenant is being restored from an archive in another place"
    )
    assert refusal_of(tenants, newer, layout).endswith(
        "or, for the other one, first strata tenant restore acme --abandon"
    )
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@only_list
def test_rows_of_another_tenant_do_not_take_over_one_that_is_archived(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    other = replace(place, prefix=f"{place.prefix}-globex")
    archive_tenant(tenants, "globex", layout, other, nothing)
    assert f"its archive {place.uri}, asked for {other.uri}" in refusal_of(tenants, other, layout, "acme")
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@pytest.mark.parametrize("new_id", [None, "acme-2"])
@only_list
def test_a_table_of_the_same_name_is_in_the_way(tenants, layout, place, new_id):
    before = binary_rows(tenants, LEAF)
    archive_tenant(tenants, "acme", layout, place, nothing)
    leaf = leaves(new_id or "acme", layout)[0]
    tenants.execute(f"CREATE TABLE {leaf.qualified_name} (LIKE app.payments INCLUDING ALL)")
    registered = states_of(tenants, leaf.tenant_id)
    name = leaf.qualified_name
    assert refusal_of(tenants, place, layout, new_id) == (
        f"what has the name of a partition is none that the restore has made: payments: {name} is there, and the "
        f"registry has no restore of it; settle: find out whose rows it holds; then ALTER TABLE {name} RENAME TO "
        f"another name, or DROP TABLE {name} (tenant {leaf.tenant_id}); "
        "allowed: no such table, or one that this restore has made and that is attached to nothing; "
        "next: settle each as it says, then run the same command again"
    )
    assert states_of(tenants, leaf.tenant_id) == registered
    tenants.execute(f"DROP TABLE {name}")
    restore_tenant(tenants, place, layout, nothing, tenant_id=new_id)
    if new_id is None:
        assert binary_rows(tenants, LEAF) == before


def test_a_partition_that_somebody_has_attached_is_left_alone(paused, layout, place):
    leaf = leaves("acme", layout)[0]
    paused.execute(f"ALTER TABLE {leaf.qualified_parent} ATTACH PARTITION {LEAF} FOR VALUES IN ('acme')")
    paused.execute("ALTER TABLE app.payments ADD COLUMN note text")
    message = refusal_of(paused, place, layout)
    assert 'payments_p_acme" is attached to ' in message
    assert payments_of(paused, "acme") == ROWS["payments"]
    paused.execute(f"ALTER TABLE {leaf.qualified_parent} DETACH PARTITION {LEAF} CONCURRENTLY")
    restore_tenant(paused, place, layout, nothing)
    assert inspect_tenant(paused, "acme", layout).differences == {}


@only_list
def test_rows_that_may_be_another_tenants_are_left_alone(paused, layout, place):
    paused.execute(f"ALTER TABLE {LEAF} DROP CONSTRAINT strata_tenant_ck, ADD COLUMN note text")
    message = refusal_of(paused, place, layout)
    assert 'constraint strata_tenant_ck of partitions."payments_p_acme" does not prove' in message
    assert oid_of(paused, LEAF)
