import threading

import psycopg
import pytest

from strata.partitions.backfill.copy import Options, backfill_table, backfill_tenant
from strata.partitions.backfill.results import TableBackfill, TenantBackfill
from tests.strata.partitions.backfill.conftest import TENANTS
from tests.strata.partitions.backfill.legacy import SOURCE, fill, held, insert

ANY_CASE = "CREATE COLLATION legacy.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)


def test_every_row_arrives_in_its_tenants_partition_in_the_order_of_tenants(tenants, layout):
    fill(tenants)
    found = backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=2))
    assert found == TableBackfill(
        "payments", SOURCE, tuple(TenantBackfill(tenant, "payments", 5, copied=5) for tenant in sorted(TENANTS))
    )
    assert found.is_complete
    assert tenants.execute("SELECT * FROM app.payments EXCEPT ALL SELECT * FROM legacy.payments").fetchall() == []
    assert len(held(tenants)) == 15


def test_a_second_run_finds_what_the_first_has_copied_and_what_came_since(tenants, layout):
    fill(tenants)
    backfill_table(tenants, "payments", SOURCE, layout)
    insert(tenants, "acme", 0)  # before all that was copied
    found = backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=2))
    assert {each.tenant_id: (each.copied, each.already_there) for each in found.tenants} == {
        "acme": (1, 5), "O'Neil": (0, 5), "system": (0, 5)
    }  # fmt: skip
    assert found.is_complete


def test_one_tenant_is_copied_and_others_are_not(tenants, layout):
    fill(tenants)
    assert backfill_tenant(tenants, "O'Neil", "payments", SOURCE, layout).copied == 5
    assert {row[0] for row in held(tenants)} == {"O'Neil"}
    tenants.execute("DELETE FROM legacy.payments WHERE tenant_id = 'acme'")
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout) == TenantBackfill("acme", "payments", 0)


@only_list
@pytest.mark.parametrize("options", [None, Options(ensure=True)])
def test_a_misspelt_tenant_is_not_complete_and_is_not_made(tenants, layout, options):
    """It has neither a row nor a partition: nothing was copied, and nothing says that nothing had to be."""
    fill(tenants)
    found = backfill_tenant(tenants, "acmee", "payments", SOURCE, layout, options)
    assert (found.tenant_id, found.rows, found.copied, found.is_complete) == ("acmee", 0, 0, False)
    assert found.failed == (
        "the tenant has no row in the source and no partition of payments;"
        " allowed: a tenant that has one of them, its id byte by byte as it is there;"
        " next: check the id (strata tenant list shows those that have partitions), and run again"
    )
    known = "SELECT count(*) FROM strata.tenant_partitions WHERE tenant_id = 'acmee'"
    assert tenants.execute(known).fetchone() == (0,)


@only_list
def test_what_is_there_and_differs_is_left_as_it_is_and_counted(tenants, layout):
    for number in (1, 2, 3, 4):
        insert(tenants, "acme", number)
    insert(tenants, "acme", 1, into="app")
    insert(tenants, "acme", 2, amount=999, into="app")
    insert(tenants, "acme", 77, key="k3", into="app")
    found = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
    assert found == TenantBackfill("acme", "payments", 4, copied=1, already_there=1, conflicting=2)
    assert not found.is_complete
    assert held(tenants) == {
        ("acme", 1, "k1", 100),
        ("acme", 2, "k2", 999),
        ("acme", 77, "k3", 100),
        ("acme", 4, "k4", 100),
    }


@only_list
def test_a_row_that_is_refused_is_named_without_its_values_and_those_before_it_stay(tenants, layout):
    for number in range(1, 30):
        insert(tenants, "acme", number, amount=-5 if number == 18 else 100)
    insert(tenants, "system", 30)
    found = {each.tenant_id: each for each in backfill_table(tenants, "payments", SOURCE, layout).tenants}
    assert (found["acme"].rows, found["acme"].copied, found["system"].copied) == (29, 17, 1)
    assert found["acme"].failed == (
        '23514: new row for relation "payments_p_acme" violates check constraint "payments_amount_minor_check",'
        " at the row with id = 00000000-0000-7000-8000-000000000018;"
        " next: settle what it says, and run again: what is there is found there"
    )
    tenants.execute("UPDATE legacy.payments SET amount_minor = 100 WHERE amount_minor < 0")
    again = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
    assert (again.copied, again.already_there, again.failed) == (12, 17, None)


@only_list
def test_text_that_differs_in_a_byte_is_not_already_there(tenants, layout):
    """Whatever collation the source has: by this one the two are equal."""
    try:
        tenants.execute(ANY_CASE)
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("no collation but ICU's takes two texts for equal, and this server was built without ICU")
    tenants.execute("ALTER TABLE legacy.payments ALTER description TYPE text COLLATE legacy.any_case")
    insert(tenants, "acme", 1)
    tenants.execute("UPDATE legacy.payments SET description = 'Ada'")
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).is_complete
    assert backfill_tenant(tenants, "acme", "payments", SOURCE, layout).already_there == 1
    tenants.execute("UPDATE legacy.payments SET description = 'ADA'")
    found = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
    assert found == TenantBackfill("acme", "payments", 1, conflicting=1)


def test_rows_that_a_trigger_changes_on_their_way_make_no_count_negative(tenants, layout):
    tenants.execute(
        "CREATE FUNCTION legacy.shorten() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN NEW.description := rtrim(NEW.description); RETURN NEW; END$$"
    )
    tenants.execute(
        "CREATE TRIGGER shorten BEFORE INSERT ON app.payments FOR EACH ROW EXECUTE FUNCTION legacy.shorten()"
    )
    for copied, conflicting in ((3, 0), (3, 3)):
        for number in range(3):
            insert(tenants, "acme", copied * 10 + conflicting * 10 + number)
        tenants.execute("UPDATE legacy.payments SET description = 'blank '")
        found = backfill_tenant(tenants, "acme", "payments", SOURCE, layout)
        rows = copied + conflicting
        assert found == TenantBackfill("acme", "payments", rows, copied=copied, conflicting=conflicting)


@only_list
def test_progress_tells_rows_and_pace(tenants, layout):
    fill(tenants)
    seen = []
    backfill_table(tenants, "payments", SOURCE, layout, Options(batch_rows=3, report=seen.append))
    assert [each.rows for each in seen if each.tenant_id == "O'Neil"] == [3, 5, 5]
    assert (seen[-1].rows, seen[-1].total_rows, seen[-1].tenant_id) == (15, 15, "system")
    assert [each.rows for each in seen] == sorted(each.rows for each in seen)
    assert seen[-1].rows_per_second == pytest.approx(15 / seen[-1].elapsed_seconds)


def test_two_runs_at_once_copy_each_row_once(tenants, layout, reference):
    fill(tenants, 40)
    barrier, found = threading.Barrier(2), []

    def run():
        barrier.wait()
        found.append(backfill_table(reference, "payments", SOURCE, layout, Options(batch_rows=3)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.is_complete for each in found] == [True, True]
    for one, other in zip(found[0].tenants, found[1].tenants, strict=True):
        assert (one.copied + other.copied, one.already_there + other.already_there) == (40, 40)
    assert len(held(tenants)) == 120


@pytest.mark.parametrize("rows", [0, -1])
def test_a_batch_without_rows_is_refused(rows):
    """It would go on for ever."""
    with pytest.raises(ValueError, match=f"batch_rows is {rows}; allowed: 1 or more"):
        Options(batch_rows=rows)
