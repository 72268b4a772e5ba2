"""A migrated database and an archive bucket, in which one tenant comes and goes beside another that must not notice."""

from __future__ import annotations

import gzip
import itertools
import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from strata.archives.bucket import ArchiveLocation
from strata.partitions.inspect import inspect_tenant
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registry import find_registry_differences
from strata.partitions.render import leaves
from strata.partitions.tables import PARTITIONED_TABLES
from tests.strata.archives.conftest import REGION, binary_rows, fill
from tests.strata.faults.faults import Waits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import psycopg

    from strata.partitions.layout import Layout
    from tests.conftest import Database

REFERENCE: Final = "env:TEST_DATABASE"
TENANT: Final = "acme"
OTHER: Final = "globex"
#: What the tenant was called when an archive of it was written, and the table that a backfill fills.
BEFORE: Final = "acme-before"
BACKFILLED: Final = "audit_logs"
#: Few rows, and archived in parts of two: each of the three tables that have any makes one to three parts.
ROWS: Final = {"payments": 5, "invoices": 2, "audit_logs": 3}
#: How long what a killed process has left running may take to end.
_SETTLE_SECONDS: Final = 10.0


@dataclass
class World:
    """Where the operations of one layout run."""

    layout: Layout
    database: Database
    bucket: str
    s3: Any
    sql: psycopg.Connection = field(init=False)
    admin: psycopg.Connection = field(init=False)
    reader: psycopg.Connection = field(init=False)
    looking: psycopg.Connection = field(init=False)
    case: str = field(init=False)
    archive: ArchiveLocation | None = None
    archived: dict[str, bytes] = field(default_factory=dict)
    archive_before: ArchiveLocation | None = None
    renamed: dict[str, bytes] = field(default_factory=dict)
    backfilled: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(init=False)
    _other_before: dict[str, bytes] = field(init=False)
    _cases: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.connect()
        ensure_tenant(self.sql, OTHER, self.layout)
        fill(self.sql, OTHER, ROWS)
        self._other_before = self.rows(OTHER)

    def connect(self) -> None:
        """Open connections; those of before, if any, belong to another process."""
        self.sql, self.reader = self.database.deployer(), self.database.deployer()
        self.admin, self.looking = self.database.admin(), self.database.admin()

    def close(self) -> None:
        for connection in (self.sql, self.reader, self.admin, self.looking):
            connection.close()

    # -- arranging -----------------------------------------------------------------------------------------------

    def new_case(self) -> None:
        """Remove all that is left of the tenant, without the library's help, and begin a new place for archives."""
        self._wait_for_sessions()
        for leaf in leaves(TENANT, self.layout):
            self.sql.execute(f"DROP TABLE IF EXISTS {leaf.qualified_name}")
        self.sql.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = %s", (TENANT,))
        self.case = f"tenants/{TENANT}/{next(self._cases):05}"
        self.before = {}

    def onboard(self) -> None:
        """Give the tenant its partitions and rows."""
        ensure_tenant(self.sql, TENANT, self.layout)
        fill(self.sql, TENANT, ROWS)
        self.before = self.rows(TENANT)

    def give_rows(self, tenant_id: str) -> None:
        """Give another tenant rows like ours: the same but for whose they are."""
        for table in PARTITIONED_TABLES:
            columns = self._column(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = '' AND attname <> 'tenant_id'",
                f"app.{table}",
            )
            copied = ", ".join(f'"{name}"' for name in columns)
            self.sql.execute(
                f"INSERT INTO app.{table} (tenant_id, {copied}) SELECT %s, {copied} FROM app.{table}"
                " WHERE tenant_id = %s",
                (tenant_id, TENANT),
            )

    def make_source(self) -> None:
        """Make an unpartitioned table with the tenant's rows of one table."""
        self.admin.execute("CREATE SCHEMA legacy AUTHORIZATION strata_owner")
        self.sql.execute(
            f"CREATE TABLE legacy.{BACKFILLED} AS SELECT * FROM app.{BACKFILLED} WHERE tenant_id = %s", (TENANT,)
        )
        self.sql.execute(f"ALTER TABLE legacy.{BACKFILLED} ADD PRIMARY KEY (id)")

    def place(self, attempt: int) -> ArchiveLocation:
        """Return where a run would begin its archive: each run another place, as the clock makes it."""
        return ArchiveLocation(self.bucket, f"{self.case}/{attempt}", REGION)

    # -- faults --------------------------------------------------------------------------------------------------

    def terminate(self, pid: int) -> None:
        """End a session from the server's side, and see it gone."""
        self.admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        while self.admin.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
            time.sleep(0.001)  # the server's own wait looks every 100 ms only

    @contextmanager
    def reader_of_another_tenant(self) -> Iterator[psycopg.Connection]:
        """Hold, in an open transaction, what a reader of a tenant beside ours holds."""
        parents = ", ".join(f"ONLY {leaf.qualified_parent}" for leaf in leaves(TENANT, self.layout))
        self.reader.execute(f"BEGIN; LOCK TABLE {parents} IN ACCESS SHARE MODE")
        yield self.reader
        self.reader.rollback()

    def when_waiting(self, connection: psycopg.Connection) -> AbstractContextManager[Waits]:
        """Give a way to act once a session waits for a lock."""
        query = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        pid = connection.info.backend_pid
        return Waits(lambda: self.looking.execute(query, (pid,)).fetchone() is not None).until_over()

    # -- looking -------------------------------------------------------------------------------------------------

    def rows(self, tenant_id: str) -> dict[str, bytes]:
        """Return the rows of each of the tenant's partitions to the bit."""
        return {leaf.table: binary_rows(self.sql, leaf.qualified_name) for leaf in leaves(tenant_id, self.layout)}

    def check(self, states: set[str]) -> None:
        """Assert that everything is as if no fault had been.

        Args:
            states: those that the registry has for the tenant in the end; none when it is to be gone.
        """
        self._wait_for_sessions()
        assert self._registry() == {(table, state) for state in states for table in PARTITIONED_TABLES}
        assert find_registry_differences(self.sql, self.layout) == ()
        observed = inspect_tenant(self.sql, TENANT, self.layout)
        if states == {"active"}:
            assert observed.differences == {}
            assert self.rows(TENANT) == self.before
        else:
            assert observed.partitions == {}
        self._check_leftovers()
        self._check_other_tenant()

    def check_archive(self) -> None:
        """Assert that the archive is all that the case left in the bucket, and that it holds the rows that were."""
        (uri,) = self._column("SELECT DISTINCT archive_uri FROM strata.tenant_partitions WHERE tenant_id = %s", TENANT)
        prefix = str(uri).removeprefix(f"s3://{self.bucket}/")
        manifest = json.loads(self._object(f"{prefix}/manifest.json"))
        parts = {table["table"]: [part["key"] for part in table["parts"]] for table in manifest["tables"]}
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.case}/").get("Contents", ())
        assert {entry["Key"] for entry in listed} == {f"{prefix}/manifest.json", *itertools.chain(*parts.values())}
        archived = {
            table: b"".join(gzip.decompress(self._object(key)) for key in keys) for table, keys in parts.items()
        }
        assert {table: text.count(b"\n") for table, text in archived.items() if text} == ROWS
        assert self._as_binary(archived) == self.before

    def _as_binary(self, archived: dict[str, bytes]) -> dict[str, bytes]:
        """Return what the server makes of archived rows, read by hand as anybody would with psql."""
        rows = {}
        with self.sql.transaction(force_rollback=True):
            for table, text in archived.items():
                self.sql.execute(f"CREATE TABLE partitions.by_hand_{table} (LIKE app.{table} INCLUDING ALL)")
                with self.sql.cursor() as cursor, cursor.copy(f"COPY partitions.by_hand_{table} FROM STDIN") as copy:
                    copy.write(text)
                rows[table] = binary_rows(self.sql, f"partitions.by_hand_{table}")
        return rows

    def _registry(self) -> set[tuple[str, str]]:
        query = "SELECT table_name, state FROM strata.tenant_partitions WHERE tenant_id = %s"
        return set(self.sql.execute(query, (TENANT,)).fetchall())

    def _check_leftovers(self) -> None:
        assert self._column("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending") == []
        triggers = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'strata%%'"
        assert self._column(triggers) == []
        of_buckets = (
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'partitions'::regnamespace"
            " AND conname <> 'strata_tenant_ck' AND pg_get_constraintdef(oid) LIKE '%%satisfies_hash_partition%%'"
        )
        assert self._column(of_buckets) == []
        assert self._column("SELECT locktype FROM pg_locks WHERE locktype = 'advisory'") == []

    def _check_other_tenant(self) -> None:
        assert self.rows(OTHER) == self._other_before
        with self.sql.transaction(force_rollback=True):
            fill(self.sql, OTHER, {"payments": 0, "invoices": 0, "audit_logs": 1})
        assert inspect_tenant(self.sql, OTHER, self.layout).differences == {}

    def _wait_for_sessions(self) -> None:
        """Wait until the server has noticed that whoever was killed is gone."""
        left = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'strata' AND datname = current_database()"
        )
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self._column(left) != [0]:
            assert time.monotonic() < deadline, "a session of a run that ended is still there"
            time.sleep(0.002)

    def _column(self, query: str, *values: object) -> list[object]:
        return [value for (value,) in self.sql.execute(query, values or None).fetchall()]

    def _object(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def new_bucket(s3: Any) -> str:
    """Make a bucket as the stack's: versioned."""
    name = f"archive-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
