"""The record of one server, `instance.json` in its folder: the truth about the DB instance.

<folder>/instance.json    this record
<folder>/data/            PostgreSQL's data folder
<folder>/socket/          for the superuser alone (or a short folder elsewhere, see `Instance.socket_folder`)
<folder>/log              the server's log
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from local.postgres.errors import NoInstanceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD: Final = "instance.json"
#: The one superuser; it exists on the socket only, as on RDS nobody outside has it.
SUPERUSER: Final = "rdsadmin"
HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Instance:
    """One DB instance and its server.

    Args:
        identifier: the DB instance identifier.
        port: TCP port on loopback.
        database: the first database.
        master_username: the RDS master.
        parameters: settings that the server runs with, or will after its next start.
        socket_folder: where the superuser's socket is.
        registration: what its owner needs to make itself known again, for example an RDS record; never a password.
    """

    identifier: str
    port: int
    database: str
    master_username: str
    parameters: Mapping[str, str]
    socket_folder: str
    registration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The address that the server listens on."""
        return HOST

    def save(self, folder: Path) -> None:
        """Write the record; a reader sees the old one or the new one, never a part, after a crash as well."""
        draft = folder / f"{RECORD}.new"
        with draft.open("w") as output:
            output.write(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")
            output.flush()
            os.fsync(output.fileno())
        draft.replace(folder / RECORD)


def describe(folder: Path) -> Instance:
    """Return the record of the server in a folder.

    Raises:
        NoInstanceError: there is none.
    """
    try:
        return Instance(**json.loads((folder / RECORD).read_text()))
    except FileNotFoundError:
        raise NoInstanceError(folder) from None


def is_instance(folder: Path) -> bool:
    """Say whether a folder holds a finished server."""
    return (folder / RECORD).exists()


def folders(home: Path) -> list[Path]:
    """Return the folders of all servers of a local environment, in order of their names."""
    return sorted(record.parent for record in (home / "postgres").glob(f"*/{RECORD}"))
