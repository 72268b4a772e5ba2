import json

import pytest

from strata.archives.manifest import ArchivedTable, Column, Manifest, ManifestError, Part, read_manifest

URI = "s3://archives/tenants/acme/1/manifest.json"
COLUMNS = (Column("tenant_id", 'text COLLATE "C"', generated=False),)
PARTS = tuple(Part(f"tenants/acme/1/payments/{number:05}.copy.gz", 2, 9, "a", 8, "b") for number in range(2))
MANIFEST = Manifest("acme", "list", "18.1", 15, "2026-11-24T00:00:00Z", (ArchivedTable("payments", COLUMNS, 4, PARTS),))
BACK = "next: bring an earlier version of the object back: the bucket keeps them"


def stored(**changed):
    return json.dumps({**json.loads(MANIFEST.to_json()), **changed}).encode()


def test_a_manifest_is_read_as_it_was_written():
    assert read_manifest(MANIFEST.to_json().encode(), URI) == MANIFEST


def test_a_manifest_of_an_earlier_release_names_no_partition_that_was_gone():
    (table,) = json.loads(MANIFEST.to_json())["tables"]
    del table["partition_was_gone"]
    assert read_manifest(stored(tables=[table]), URI) == MANIFEST


@pytest.mark.parametrize("rows", [3, 5, "4"])
def test_rows_that_are_not_those_of_the_parts(rows):
    (table,) = json.loads(MANIFEST.to_json())["tables"]
    with pytest.raises(ManifestError) as refusal:
        read_manifest(stored(tables=[{**table, "rows": rows}]), URI)
    assert str(refusal.value) == (
        f"the manifest says {rows!r} rows of payments, and 4 in its parts (manifest {URI});"
        f" allowed: what `strata` has written there; {BACK}"
    )


def test_rows_of_a_part_that_are_no_number():
    (table,) = json.loads(MANIFEST.to_json())["tables"]
    parts = [{**table["parts"][0], "rows": "4"}]
    with pytest.raises(ManifestError, match="not a manifest of an archive"):
        read_manifest(stored(tables=[{**table, "parts": parts}]), URI)


def test_a_table_that_is_named_twice():
    (table,) = json.loads(MANIFEST.to_json())["tables"]
    with pytest.raises(ManifestError, match="the manifest names payments twice"):
        read_manifest(stored(tables=[table, {**table, "rows": 0, "parts": []}]), URI)


@pytest.mark.parametrize("body", [b"\xff\xfe\xfa", b"", b"[]", b'"text"', b'{"format": 1}', b'{"format": 1, "x": 2}'])
def test_what_is_no_manifest(body):
    with pytest.raises(ManifestError) as refusal:
        read_manifest(body, URI)
    assert str(refusal.value).startswith("not a manifest of an archive: ")
    assert str(refusal.value).endswith(f" (manifest {URI}); allowed: what `strata` has written there; {BACK}")


def test_a_format_of_another_release():
    with pytest.raises(ManifestError) as refusal:
        read_manifest(stored(format=2), URI)
    assert str(refusal.value) == f"the archive has format 2 (manifest {URI}); allowed: format 1"
