import io

import pytest
from botocore.response import StreamingBody

from strata.archives.bucket import ArchiveBucket, ArchiveBucketError, ArchiveLocation
from strata.archives.manifest import ManifestError, Part

PART = Part("tenants/acme/1/payments/00000.copy.gz", 1, 9, "a", 8, "b")
BACK = "next: bring an earlier version of the object back: the bucket keeps them"


def test_a_manifest_that_is_cut_short_is_a_failure_of_the_bucket(monkeypatch):
    bucket = ArchiveBucket(ArchiveLocation("archives", "tenants/acme/1", "eu-west-1"))
    answer = {"Body": StreamingBody(io.BytesIO(b'{"format"'), 5000)}
    monkeypatch.setattr(bucket._s3, "get_object", lambda **_: answer)
    with pytest.raises(ArchiveBucketError) as failure:
        bucket.manifest()
    assert str(failure.value) == (
        "get_object failed: 9 read, but total bytes expected is 5000. "
        "(object s3://archives/tenants/acme/1/manifest.json); "
        "allowed: an AWS identity that may read and write the archive bucket and use its key"
    )


def test_a_manifest_that_is_no_text_is_named(place):
    bucket = ArchiveBucket(place)
    bucket._s3.put_object(Bucket=place.bucket, Key=f"{place.prefix}/manifest.json", Body=b"\xff\xfa")
    with pytest.raises(ManifestError, match="manifest.json") as failure:
        bucket.manifest()
    assert str(failure.value).endswith(BACK)


@pytest.mark.parametrize("ask", [lambda bucket: list(bucket.read(PART)), lambda bucket: bucket.manifest()])
def test_an_object_that_is_gone_is_not_called_a_lack_of_rights(place, ask):
    with pytest.raises(ArchiveBucketError) as failure:
        ask(ArchiveBucket(place))
    assert str(failure.value).startswith(f"the object is not there (object s3://{place.bucket}/tenants/acme/")
    assert str(failure.value).endswith(f"; allowed: an archive with every object that was written; {BACK}")


@pytest.mark.parametrize("facts", [{}, {"rows": "many", "sha256": "a", "content-bytes": "8", "content-sha256": "b"}])
def test_a_part_that_was_put_back_without_what_was_noted_beside_it(place, facts):
    bucket, key = ArchiveBucket(place), place.part_key("payments", 0)
    bucket._s3.put_object(Bucket=place.bucket, Key=key, Body=b"x", Metadata=facts)
    with pytest.raises(ArchiveBucketError) as failure:
        bucket.parts("payments")
    assert str(failure.value) == (
        "a part of the archive has lost its row count and checksums"
        f" (object s3://{place.bucket}/{key}); allowed: an object with the metadata that it was written with; {BACK}"
    )
