"""A tenant with rows, and a bucket for its archive."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from benchmarks.rows import fill
from benchmarks.server import LAYOUT, server
from local.emulator import server as emulator
from local.paths import Home
from strata import aws
from strata.archives.bucket import ArchiveLocation
from strata.partitions.onboard import ensure_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from benchmarks.server import Server

TENANT: Final = "leaver"
_BUCKET: Final = "archive"


@dataclass(frozen=True)
class Leaving:
    """A tenant that is to be archived.

    Args:
        server: where its rows are.
        connection: to it, as the owner.
        variables: what leads to the database and to the bucket.
        numbers: of the archives.
    """

    server: Server
    connection: psycopg.Connection[Any]
    variables: dict[str, str]
    numbers: Iterator[int] = field(default_factory=count)

    def place(self) -> ArchiveLocation:
        """Return a new place for an archive."""
        return ArchiveLocation(_BUCKET, f"archive-{next(self.numbers)}", self.server.parameters.region)


@contextmanager
def leaving_tenant(rows: int) -> Iterator[Leaving]:
    """Make a server, a bucket, and a tenant with rows; all of it is removed at the end."""
    with server() as one, _emulator_url() as url, one.connect() as connection:
        variables = {**one.variables, "AWS_ENDPOINT_URL": url}
        with mock.patch.dict(os.environ, variables):
            region = one.parameters.region
            aws.client("s3", region).create_bucket(
                Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": region}
            )
            print(f"  a tenant with {rows} rows", flush=True)
            ensure_tenant(connection, TENANT, LAYOUT)
            fill(connection, TENANT, rows)
            yield Leaving(one, connection, variables)


@contextmanager
def _emulator_url() -> Iterator[str]:
    home = Home(Path(tempfile.mkdtemp(prefix="strata-bench-")))
    try:
        yield f"http://localhost:{emulator.start(home, print).port}"
    finally:
        emulator.stop(home)
        shutil.rmtree(home.root)
