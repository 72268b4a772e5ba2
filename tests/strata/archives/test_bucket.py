import io

import pytest
from botocore.response import StreamingBody

from strata.archives.bucket import ArchiveBucket, ArchiveBucketError, ArchiveLocation


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
