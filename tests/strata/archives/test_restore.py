"""What comes back is what was there: every type, to the bit, and under another tenant's id if that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strata.archives import write
from strata.archives.abandon import abandon_restore
from strata.archives.bucket import ArchiveBucket, ArchiveBucketError
from strata.archives.errors import (
    ArchiveMismatchError,
    ArchivePausedError,
    RestoreMismatchError,
    TenantPresentError,
)
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.partitions import render
from strata.partitions.errors import TenantArchivedError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import ROWS, binary_rows, killed_at, nothing
from tests.strata.rows import insert_payment, payments_of

only_list = pytest.mark.parametrize("layout", ["list"], indirect=True)

EVERYTHING = """
CREATE TYPE app.mood AS ENUM ('sad', 'Größe', 'with "quotes"');
CREATE TYPE app.pair AS (x integer, y text);
CREATE DOMAIN app.positive AS integer CHECK (value > 0);
CREATE TABLE app.everything (
    tenant_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    doubled bigint GENERATED ALWAYS AS (an_integer::bigint * 2) STORED,
    a_smallint smallint, an_integer integer, a_bigint bigint, a_numeric numeric, a_real real, a_double double precision,
    a_money money, a_text text, a_varchar varchar(20), a_char char(5), a_name name, an_internal "char",
    a_boolean boolean, a_bytea bytea, a_bit bit(5), a_varbit varbit,
    a_date date, a_time time, a_timetz timetz, a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval,
    a_json json, a_jsonb jsonb, a_jsonpath jsonpath,
    an_inet inet, a_cidr cidr, a_macaddr macaddr, a_macaddr8 macaddr8,
    a_point point, a_line line, a_lseg lseg, a_box box, a_path path, a_polygon polygon, a_circle circle,
    a_tsvector tsvector, a_tsquery tsquery, an_lsn pg_lsn, a_snapshot pg_snapshot,
    a_range int4range, a_multirange nummultirange, a_tstzrange tstzrange,
    numbers integer[], texts text[], nested double precision[][],
    a_mood app.mood, a_pair app.pair, a_positive app.positive,
    PRIMARY KEY (tenant_id, id)
) PARTITION BY LIST (tenant_id)
"""
#: One value a column and row; the rest of each row is NULL. Without xml: the server of the tests is built without it.
VALUES = {
    "a_smallint": ["-32768", "32767"],
    "an_integer": ["-2147483648", "2147483647"],
    "a_bigint": ["-9223372036854775808"],
    "a_numeric": ["'NaN'", "'Infinity'", "'-Infinity'", "0.000", "1e-100", "12345678901234567890.123456789000"],
    "a_real": ["'NaN'", "'-Infinity'", "0.1", "1.17549435e-38", "'-0'"],
    "a_double": ["'NaN'", "'Infinity'", "0.1 + 0.2", "5e-324", "1.7976931348623157e308", "'-0'"],
    "a_money": ["'-92233720368547758.08'", "12.34"],
    "a_text": [
        "''",
        "' trailing blank '",
        r"E'\\N'",
        r"E'\\.'",
        r"E'tab\t newline\n return\r back\\slash \b\f\v'",
        "'Ünï — 漢字 🙂 e\u0301 é \u2028'",
        "'NULL'",
        "repeat('x', 10 * 1024 * 1024)",
        r"E'\x01\x7f'",
    ],
    "a_varchar": ["'ab  '"],
    "a_char": ["'ab'"],
    "a_name": ["'a name'"],
    "an_internal": [r"E'\\001'", "'x'"],
    "a_boolean": ["true", "false"],
    "a_bytea": ["''", r"'\x00ff0a0d095c'", "decode(repeat('00ff5c', 1000), 'hex')"],
    "a_bit": ["B'10101'"],
    "a_varbit": ["B''", "B'1'"],
    "a_date": ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'2024-02-29'"],
    "a_time": ["'24:00'", "'23:59:59.999999'"],
    "a_timetz": ["'12:00+15:59'"],
    "a_timestamp": ["'infinity'", "'0044-03-15 BC 12:34:56.789012'"],
    "a_timestamptz": ["'-infinity'", "'2026-10-25 01:30:00.000001+00'", "'294276-12-31 23:59:59.999999+00'"],
    "an_interval": ["'-1 year 2 months -3 days 04:05:06.789'", "'1 mon -1 day'", "'178000000 years'"],
    "a_json": ["""'{"a": 1,  "a": 2, "n": 1.0e0}'"""],
    "a_jsonb": ["""'{"a": 1, "A": 2, "a ": 3, "b": null, "n": 1.00}'""", "'null'", r"""'"\\ud83d\\ude42"'"""],
    "a_jsonpath": ["'$.a[*] ? (@ > 1)'"],
    "an_inet": ["'10.0.0.1/8'", "'::1'"],
    "a_cidr": ["'10.0.0.0/8'"],
    "a_macaddr": ["'08:00:2b:01:02:03'"],
    "a_macaddr8": ["'08:00:2b:01:02:03:04:05'"],
    "a_point": ["'(0.1,-0)'", "'(Infinity,NaN)'"],
    "a_line": ["'{1,2,3}'"],
    "a_lseg": ["'[(0,0),(1,1)]'"],
    "a_box": ["'(1,1),(0,0)'"],
    "a_path": ["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"],
    "a_polygon": ["'((0,0),(1,1),(1,0))'"],
    "a_circle": ["'<(0,0),0.1>'"],
    "a_tsvector": ["'a:1A b:2'"],
    "a_tsquery": ["'a & !b'"],
    "an_lsn": ["'16/B374D848'"],
    "a_snapshot": ["'10:20:10,14,15'"],
    "a_range": ["'empty'", "'[1,5)'", "'(,)'"],
    "a_multirange": ["'{[1.0,2.5),(3,4]}'"],
    "a_tstzrange": ["'[2026-01-01 00:00+00,infinity)'"],
    "numbers": ["'{}'", "'{1,NULL,3}'", "'[0:1]={5,6}'"],
    "texts": [r"""ARRAY['a,b', '"q"', '', 'NULL', NULL, E'\\', '{}']"""],
    "nested": ["'{{NaN,0.1},{Infinity,-0}}'"],
    "a_mood": ["'Größe'", """'with "quotes"'"""],
    "a_pair": ["'(1,\"a,b\")'", "'(,)'"],
    "a_positive": ["1"],
}


@only_list
def test_every_type_comes_back_to_the_bit(migrated, layout, place, monkeypatch):
    monkeypatch.setattr(render, "PARTITIONED_TABLES", ("everything",))
    migrated.execute(EVERYTHING)
    ensure_tenant(migrated, "acme", layout)
    for column, values in VALUES.items():
        for value in values:
            migrated.execute(f"INSERT INTO app.everything (tenant_id, {column}) VALUES ('acme', {value})")
    # What another session is set to must not change what is written.
    migrated.execute("SET datestyle = 'SQL, DMY'; SET extra_float_digits = 0; SET timezone = 'Asia/Kolkata'")
    migrated.execute("SET bytea_output = 'escape'; SET intervalstyle = 'iso_8601'")
    before = binary_rows(migrated, "partitions.everything_p_acme")

    archived = archive_tenant(migrated, "acme", layout, place, nothing)
    assert archived.rows == {"everything": sum(map(len, VALUES.values()))}
    migrated.execute("SET datestyle = 'German'; SET timezone = 'America/Caracas'")
    restore_tenant(migrated, place, layout, nothing)

    assert binary_rows(migrated, "partitions.everything_p_acme") == before


def test_another_stack_takes_the_archive(tenants, layout, place):
    """The other stack is this one without the tenant: only the archive is left of it."""
    before = binary_rows(tenants, "partitions.payments_p_acme")
    archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'acme'")

    restore_tenant(tenants, place, layout, nothing)

    assert binary_rows(tenants, "partitions.payments_p_acme") == before


@pytest.mark.parametrize("new_id", ["acme-2", "tab\tquote'back\\slash", "Ünï 🙂"])
@only_list
def test_rows_come_back_under_another_tenants_id(tenants, layout, place, new_id):
    archive_tenant(tenants, "acme", layout, place, nothing)

    restored = restore_tenant(tenants, place, layout, nothing, tenant_id=new_id)

    assert restored.rows == ROWS
    assert payments_of(tenants, new_id) == ROWS["payments"]
    assert payments_of(tenants, "acme") == 0
    assert inspect_tenant(tenants, new_id, layout).differences == {}


@only_list
def test_a_tenant_that_is_there_is_not_mixed_with(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(TenantPresentError) as refusal:
        restore_tenant(tenants, place, layout, nothing, tenant_id="globex")
    assert str(refusal.value) == (
        "the tenant is there already: audit_logs active, invoices active, payments active, webhook_logs active "
        "(tenant globex); allowed: a tenant without partitions: a new id, or one that is archived; "
        "next: strata tenant show globex"
    )
    assert payments_of(tenants, "globex") == ROWS["payments"]


@only_list
def test_a_restore_that_died_before_it_could_say_so_is_done(tenants, layout, place):
    """Asked for again, it finds the very rows there; with a row more it is refused, since it would hide that row."""
    archive_tenant(tenants, "acme", layout, place, nothing)
    first = restore_tenant(tenants, place, layout, nothing)
    assert restore_tenant(tenants, place, layout, nothing) == first
    insert_payment(tenants, "acme", "new")
    with pytest.raises(TenantPresentError):
        restore_tenant(tenants, place, layout, nothing)
    assert payments_of(tenants, "acme") == ROWS["payments"] + 1


@only_list
def test_an_archived_tenant_is_not_begun_anew_by_accident(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(TenantArchivedError) as refusal:
        ensure_tenant(tenants, "acme", layout)
    assert str(refusal.value) == (
        f"the tenant is archived (tenant acme, archive {place.uri}); "
        "allowed: a tenant that was never archived, or whose rows are back; "
        "next: strata tenant restore acme, then pulumi up; or, to begin it anew without its rows, "
        "strata tenant forget acme --confirm acme"
    )


@only_list
def test_an_archive_of_other_columns_is_refused(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("ALTER TABLE app.payments DROP COLUMN description, ADD COLUMN note text")
    tenants.execute("ALTER TABLE app.payments ALTER COLUMN failure_code TYPE varchar(9)")
    with pytest.raises(RestoreMismatchError) as refusal:
        restore_tenant(tenants, place, layout, nothing)
    assert str(refusal.value).startswith(
        "the archive does not fit: payments.failure_code is character varying(9) and not text; "
        "payments.description is missing and not text (tenant acme, archived at migration "
    )
    assert payments_of(tenants, "acme") == 0


@only_list
def test_a_new_column_gets_its_default(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    tenants.execute("ALTER TABLE app.payments ADD COLUMN note text NOT NULL DEFAULT 'none'")
    restore_tenant(tenants, place, layout, nothing)
    notes = tenants.execute("SELECT DISTINCT note FROM app.payments WHERE tenant_id = 'acme'").fetchall()
    assert notes == [("none",)]


@only_list
def test_a_damaged_part_is_noticed_and_nothing_is_attached(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    bucket = ArchiveBucket(place)
    part = bucket.manifest().tables[0].parts[0]
    body = b"".join(bucket.read(part))
    bucket.put_part(part, body[:-20] + bytes(20))
    with pytest.raises(ArchiveBucketError, match="a part of the archive (cannot be unpacked|is not what was written)"):
        restore_tenant(tenants, place, layout, nothing)
    assert payments_of(tenants, "acme") == 0


@only_list
def test_a_large_table_is_written_in_parts_and_goes_on_where_it_was_killed(tenants, layout, place, monkeypatch):
    monkeypatch.setattr(write, "PART_BYTES", 1)
    monkeypatch.setattr("strata.archives.rows._PIECE_BYTES", 4096)
    before = binary_rows(tenants, "partitions.payments_p_acme")
    put = ArchiveBucket.put_part
    stored = []

    def put_five(bucket, part, body):
        if len(stored) == 5:
            raise KeyboardInterrupt
        stored.append(part)
        put(bucket, part, body)

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveBucket, "put_part", put_five)
        with pytest.raises(KeyboardInterrupt):
            archive_tenant(tenants, "acme", layout, place, nothing)
    archive_tenant(tenants, "acme", layout, place, nothing)

    (payments,) = [table for table in ArchiveBucket(place).manifest().tables if table.table == "payments"]
    assert list(payments.parts[:5]) == stored
    assert len(payments.parts) > 10
    keys = {part.key for table in ArchiveBucket(place).manifest().tables for part in table.parts}
    assert set(ArchiveBucket(place).keys()) == {*keys, f"{place.prefix}/manifest.json"}
    restore_tenant(tenants, place, layout, nothing)
    assert binary_rows(tenants, "partitions.payments_p_acme") == before


@only_list
def test_a_run_stops_when_its_time_is_over_and_the_next_goes_on(tenants, layout, place, monkeypatch):
    monkeypatch.setattr(write, "PART_BYTES", 1)
    with pytest.raises(ArchivePausedError) as paused:
        archive_tenant(tenants, "acme", layout, place, nothing, budget_seconds=0)
    assert "run the same command again: it goes on from here" in str(paused.value)
    archive_tenant(tenants, "acme", layout, place, nothing)
    with pytest.raises(ArchivePausedError):
        restore_tenant(tenants, place, layout, nothing, budget_seconds=0)
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@only_list
def test_rows_that_somebody_has_written_meanwhile_are_not_attached(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    with killed_at("archives/finish_restore.sql.j2"):
        restore_tenant(tenants, place, layout, nothing)
    tenants.execute("UPDATE partitions.payments_p_acme SET description = 'late' WHERE idempotency_key = 'k7'")
    with pytest.raises(ArchiveMismatchError) as mismatch:
        restore_tenant(tenants, place, layout, nothing)
    assert str(mismatch.value) == (
        "the archive and the partition differ: part 0 holds other rows (tenant acme, table payments); "
        "allowed: the same rows, byte for byte; next: strata tenant restore acme --abandon, then "
        f"strata tenant restore acme --from {place.uri}: it loads all anew"
    )
    assert payments_of(tenants, "acme") == 0
    abandon_restore(tenants, "acme", layout)
    assert restore_tenant(tenants, place, layout, nothing).rows == ROWS


@only_list
def test_a_restore_of_an_archive_without_a_partition_that_was_gone(tenants, layout, place):
    tenants.execute("UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'acme'")
    tenants.execute("DROP TABLE partitions.invoices_p_acme")
    archive_tenant(tenants, "acme", layout, place, nothing)
    assert restore_tenant(tenants, place, layout, nothing).rows == {**ROWS, "invoices": 0}
    assert inspect_tenant(tenants, "acme", layout).differences == {}


@only_list
def test_a_table_that_is_added_while_a_restore_is_half_done(tenants, layout, place, monkeypatch):
    tenants.execute("DROP TABLE partitions.webhook_logs_p_acme")
    tenants.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'acme' AND table_name = 'webhook_logs'")
    with monkeypatch.context() as patch:
        patch.setattr(render, "PARTITIONED_TABLES", tuple(table for table in ROWS if table != "webhook_logs"))
        archive_tenant(tenants, "acme", layout, place, nothing)
        with pytest.raises(ArchivePausedError):
            restore_tenant(tenants, place, layout, nothing, budget_seconds=0)

    restore_tenant(tenants, place, layout, nothing)

    assert payments_of(tenants, "acme") == ROWS["payments"]
    assert inspect_tenant(tenants, "acme", layout).differences == {}


@only_list
def test_rows_that_changed_behind_the_archive_are_never_dropped(tenants, layout, place, monkeypatch):
    manifest = ArchiveBucket.put_manifest

    def put_and_write(bucket, found):
        manifest(bucket, found)
        tenants.execute("ALTER TABLE partitions.payments_p_acme DISABLE TRIGGER ALL")
        tenants.execute("UPDATE partitions.payments_p_acme SET description = 'late' WHERE idempotency_key = 'k7'")

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveBucket, "put_manifest", put_and_write)
        with pytest.raises(ArchiveMismatchError) as mismatch:
            archive_tenant(tenants, "acme", layout, place, nothing)
    assert str(mismatch.value) == (
        "the archive and the partition differ: part 0 holds other rows (tenant acme, table payments); "
        "allowed: the same rows, byte for byte; "
        "next: find out who wrote to the partition; the same command again writes a new archive"
    )
    again = replace(place, prefix=place.prefix + "-2")
    archived = archive_tenant(tenants, "acme", layout, again, nothing)
    assert archived.uri == again.uri
    restore_tenant(tenants, again, layout, nothing)
    late = tenants.execute("SELECT count(*) FROM app.payments WHERE description = 'late'").fetchone()
    assert late == (1,)


@only_list
def test_a_tenant_that_was_restored_can_be_archived_again(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    restore_tenant(tenants, place, layout, nothing)
    later = replace(place, prefix=place.prefix + "-later")
    assert archive_tenant(tenants, "acme", layout, later, nothing).uri == later.uri
    assert archive_tenant(tenants, "nobody", layout, later, nothing) is None
