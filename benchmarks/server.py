"""A PostgreSQL server of a benchmark's own, with the schema in it, whose log says how long each session took."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from local import postgres
from strata import migrations, sql
from strata.advisory_locks import BOOTSTRAP_KEY
from strata.database import SESSION_SETTINGS, login_options
from strata.partitions.lock_table import max_locks_per_transaction
from strata.partitions.tables import PARTITIONED_TABLES
from strata.reference import ConnectionParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.partitions.layout import Layout

LAYOUT: Final[Layout] = "list"
_DATABASE: Final = "strata"
_DEPLOYER: Final = "strata_deployer"
_OWNER: Final = "strata_owner"
#: The master's password is used once, before anything is measured.
_PASSWORD: Final = "measured-once"  # noqa: S105 - of a server that lives for minutes on loopback
_SETTINGS: Final = {
    "plan_cache_mode": "force_custom_plan",
    "shared_buffers": "512MB",
    "autovacuum": "off",  # it would start at one side's sample and not at the other's
    # %c is the session; the statements' durations are logged when they are done.
    "log_line_prefix": "%m %c ",
    "log_connections": "on",
    "log_min_duration_statement": "0",
}
_LINE: Final = re.compile(
    r"(?P<time>\S+ \S+) UTC (?P<session>[0-9a-f]+\.[0-9a-f]+) LOG:  (?P<what>connection|duration)"
)


@dataclass(frozen=True)
class Server:
    """A running server with every migration applied.

    Args:
        folder: where it lives.
        parameters: how to connect as the deployer; nothing checks its token here.
    """

    folder: Path
    parameters: ConnectionParameters

    @property
    def variables(self) -> dict[str, str]:
        """What makes the reference ``env:STRATA_BENCHMARK_DATABASE`` lead here, and a token be signed."""
        return {
            "STRATA_BENCHMARK_DATABASE": json.dumps(asdict(self.parameters)),
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def conninfo(self) -> str:
        """What psql connects with: the deployer, acting as the owner, with the settings that the library uses."""
        where = self.parameters
        return make_conninfo(
            host=where.host,
            port=where.port,
            dbname=where.database,
            user=_DEPLOYER,
            sslmode=where.sslmode,
            options=login_options({**SESSION_SETTINGS, "role": _OWNER}),
        )

    def connect(self) -> psycopg.Connection[Any]:
        """Return an autocommit connection of the deployer, acting as the owner."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def log_size(self) -> int:
        """Return the size of the log in bytes."""
        return (self.folder / "log").stat().st_size

    def session_milliseconds(self, since: int) -> float:
        """Return the time of the one session in the log, from its connection to the end of its last statement.

        Args:
            since: size of the log before the session began.
        """
        with (self.folder / "log").open("rb") as log:
            log.seek(since)
            return session_milliseconds(log.read().decode())


def session_milliseconds(log: str) -> float:
    """Return the time between the first and the last line of the only session in the log's text.

    Raises:
        ValueError: there is none, or more than one.
    """
    lines = [found for found in map(_LINE.match, log.splitlines()) if found]
    sessions = {line["session"] for line in lines}
    if len(sessions) != 1 or lines[-1]["what"] != "duration":
        raise ValueError(f"not one finished session: {sorted(sessions)}")
    first, last = (datetime.fromisoformat(line["time"]) for line in (lines[0], lines[-1]))
    return (last - first).total_seconds() * 1_000


@contextmanager
def server(layout: Layout = LAYOUT, capacity: int = 1_000, disk: Path | None = None) -> Iterator[Server]:
    """Make a server with the schema, and remove it at the end.

    Args:
        layout: of its tables.
        capacity: tenants that its lock table has room for.
        disk: where its folder is made; by default where temporary files are.
    """
    locks = {"max_locks_per_transaction": str(max_locks_per_transaction(capacity, len(PARTITIONED_TABLES)))}
    root = Path(tempfile.mkdtemp(prefix="strata-bench-", dir=disk))
    folder = root / "server"
    try:
        instance = postgres.create(
            folder,
            identifier="benchmark",
            master_username="strata_master",
            master_password=_PASSWORD,
            database=_DATABASE,
            parameters={**_SETTINGS, **locks},
        )
        parameters = ConnectionParameters(
            host=instance.host,
            port=instance.port,
            database=_DATABASE,
            sslmode="disable",
            region="eu-central-1",
            owner_role=_OWNER,
            deployer_role=_DEPLOYER,
            master_secret_arn="none",  # noqa: S106 - not a secret, and there is none
            layout=layout,
            archive_bucket="none",
        )
        one = Server(folder, parameters)
        _make_schema(one, layout, instance.master_username)
        yield one
    finally:
        if folder.exists():
            postgres.remove(folder)
        shutil.rmtree(root)


def _make_schema(one: Server, layout: Layout, master: str) -> None:
    """Make the logins as `strata.bootstrap` does, and apply the migrations."""
    values = {"bootstrap_key": BOOTSTRAP_KEY, "deployer": _DEPLOYER, "owner": _OWNER, "database": _DATABASE}
    address: dict[str, Any] = {
        "host": one.parameters.host,
        "port": one.parameters.port,
        "dbname": _DATABASE,
        "autocommit": True,
    }
    with psycopg.connect(user=master, password=_PASSWORD, **address) as connection:
        connection.execute(sql.render("bootstrap/deployer.sql.j2", **values))
    with psycopg.connect(user=_DEPLOYER, **address) as connection:
        connection.execute(sql.render("bootstrap/owner.sql.j2", **values))
    with one.connect() as connection:
        migrations.apply(connection, migrations.load(layout))
