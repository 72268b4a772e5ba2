"""The objects of one archive in its bucket: put with their checksum, listed, and read back as a stream."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from strata import aws
from strata.archives.manifest import BRING_BACK, Manifest, ManifestError, Part, read_manifest
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST: Final = "manifest.json"
_PART_SUFFIX: Final = ".copy.gz"
_READ_BYTES: Final = 1 << 20
#: What S3 calls an object that is not there: of a read, and of a read without its content, whose answer has no name.
_GONE: Final = frozenset({"NoSuchKey", "404"})


class ArchiveBucketError(StrataError):
    """The bucket refused, did not answer, or does not hold what it should."""


@dataclass(frozen=True)
class ArchiveLocation:
    """Where one archive is: ``s3://bucket/prefix``."""

    bucket: str
    prefix: str
    region: str

    @classmethod
    def parse(cls, uri: str, region: str) -> ArchiveLocation:
        """Return the location that a uri names.

        Raises:
            ArchiveBucketError: it is no ``s3://`` uri with a bucket and a prefix.
        """
        parts = urlsplit(uri)
        prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc or not prefix:
            raise ArchiveBucketError(
                "not the location of an archive", where={"location": uri}, allowed="s3://bucket/tenants/<tenant>/<time>"
            )
        return cls(parts.netloc, prefix.removesuffix(f"/{MANIFEST}"), region)

    @property
    def uri(self) -> str:
        """The location as text."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def manifest_uri(self) -> str:
        """Its manifest, as text."""
        return f"{self.uri}/{MANIFEST}"

    def part_key(self, table: str, number: int) -> str:
        """Return the key of a part, numbered from 0."""
        return f"{self.prefix}/{table}/{number:05}{_PART_SUFFIX}"


class ArchiveBucket:
    """The objects of one archive.

    Every method raises ArchiveBucketError when the bucket refuses or does not answer.
    """

    def __init__(self, location: ArchiveLocation) -> None:
        self.location = location
        self._s3 = aws.client("s3", location.region)

    def put_part(self, part: Part, body: bytes) -> None:
        """Store a part, which S3 checks against its SHA-256 before it keeps it."""
        facts = {
            "rows": str(part.rows),
            "sha256": part.sha256,
            "content-bytes": str(part.content_bytes),
            "content-sha256": part.content_sha256,
        }
        self._put(part.key, body, "application/gzip", facts)

    def parts(self, table: str) -> list[Part]:
        """Return the parts of a table that are there, from the first on without a gap.

        Raises:
            ArchiveBucketError: one was put back without its metadata.
        """
        found: list[Part] = []
        sizes = {entry["Key"]: entry["Size"] for entry in self._list(f"{self.location.prefix}/{table}/")}
        while (key := self.location.part_key(table, len(found))) in sizes:
            found.append(self._part(key, sizes[key]))
        return found

    def _part(self, key: str, size: int) -> Part:
        facts = self._call("head_object", Key=key)["Metadata"]
        try:
            rows, content_bytes = int(facts["rows"]), int(facts["content-bytes"])
            return Part(key, rows, size, facts["sha256"], content_bytes, facts["content-sha256"])
        except (KeyError, ValueError):
            raise ArchiveBucketError(
                "a part of the archive has lost its row count and checksums",
                where={"object": f"s3://{self.location.bucket}/{key}"},
                allowed="an object with the metadata that it was written with",
                next_command=BRING_BACK,
            ) from None

    def read(self, part: Part) -> Iterator[bytes]:
        """Yield the object of a part in pieces, and make sure at its end that it was all of it.

        Raises:
            ArchiveBucketError: it is gone, or another one than was written.
        """
        digest = hashlib.sha256()
        body = self._call("get_object", Key=part.key)["Body"]
        try:
            for piece in body.iter_chunks(_READ_BYTES):
                digest.update(piece)
                yield piece
        except aws.failures() as error:
            raise self._failed("get_object", part.key, error) from None
        finally:
            body.close()
        if digest.hexdigest() != part.sha256:
            raise ArchiveBucketError(
                "a part of the archive is not what was written",
                where={"object": f"s3://{self.location.bucket}/{part.key}"},
                allowed=f"an object with SHA-256 {part.sha256}",
                next_command=BRING_BACK,
            )

    def put_manifest(self, manifest: Manifest) -> None:
        """Store the manifest, which makes the archive complete."""
        self._put(f"{self.location.prefix}/{MANIFEST}", manifest.to_json().encode(), "application/json", {})

    def manifest(self) -> Manifest:
        """Return the manifest.

        Raises:
            ManifestError: it is none that this version reads.
        """
        key = f"{self.location.prefix}/{MANIFEST}"
        body = self._call("get_object", Key=key)["Body"]
        try:
            stored = body.read()
        except aws.failures() as error:
            raise self._failed("get_object", key, error) from None
        return read_manifest(stored, f"s3://{self.location.bucket}/{key}")

    def find_manifest(self) -> Manifest | None:
        """Return the manifest, or None while the archive is incomplete.

        Raises:
            ManifestError: it is none that this version reads.
        """
        return self.manifest() if f"{self.location.prefix}/{MANIFEST}" in self.keys() else None

    def require(self, manifest: Manifest) -> None:
        """Make sure that every part of an archive is there, with its size, and that its manifest names each of them.

        Raises:
            ArchiveBucketError: one is gone, or of another size.
            ManifestError: one is not named: without it the archive would pass for the whole.
        """
        sizes = {entry["Key"]: entry["Size"] for entry in self._list(f"{self.location.prefix}/")}
        for part in (part for table in manifest.tables for part in table.parts):
            if sizes.get(part.key) != part.bytes:
                raise ArchiveBucketError(
                    f"a part of the archive is {'gone' if part.key not in sizes else 'of another size'}",
                    where={"object": f"s3://{self.location.bucket}/{part.key}"},
                    allowed=f"an object of {part.bytes} bytes",
                    next_command=BRING_BACK,
                )
        for key in sorted(sizes.keys() - {part.key for table in manifest.tables for part in table.parts}):
            # Of a partition that was gone when the archive was made, an earlier run may have stored a part.
            is_of_gone = any(key.startswith(f"{self.location.prefix}/{table}/") for table in manifest.gone)
            if key.endswith(_PART_SUFFIX) and not is_of_gone:
                raise ManifestError.damaged(f"the manifest does not name part {key}", self.location.manifest_uri)

    def keys(self) -> list[str]:
        """Return the keys of all objects of the archive."""
        return [entry["Key"] for entry in self._list(f"{self.location.prefix}/")]

    def _put(self, key: str, body: bytes, content_type: str, facts: dict[str, str]) -> None:
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        self._call("put_object", Key=key, Body=body, ContentType=content_type, Metadata=facts, ChecksumSHA256=checksum)

    def _list(self, prefix: str) -> list[dict[str, Any]]:
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.location.bucket, Prefix=prefix)
            return [entry for page in pages for entry in page.get("Contents", ())]
        except aws.failures() as error:
            raise self._failed("list_objects_v2", prefix, error) from None

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return getattr(self._s3, method)(Bucket=self.location.bucket, **arguments)
        except aws.failures() as error:
            raise self._failed(method, arguments["Key"], error) from None

    def _failed(self, method: str, key: str, error: Exception) -> ArchiveBucketError:
        where = {"object": f"s3://{self.location.bucket}/{key}"}
        if aws.error_code(error) in _GONE:
            return ArchiveBucketError(
                "the object is not there",
                where=where,
                allowed="an archive with every object that was written",
                next_command=BRING_BACK,
            )
        return ArchiveBucketError(
            f"{method} failed: {error}",
            where=where,
            allowed="an AWS identity that may read and write the archive bucket and use its key",
        )
