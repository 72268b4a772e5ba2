"""Make the project's virtual environment and run a Python command in it: ``python3 -m local.bootstrap -m pytest``.

It runs on whatever `python3` the machine has, so it says what is missing before it imports anything newer.
"""

import os
import sys

OLDEST = (3, 11)


def main() -> None:
    """Replace this process by the virtual environment's Python with the given arguments."""
    if sys.version_info[:2] < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"error: Python {found} is too old ({sys.executable}); allowed: 3.11 or later; "
            "next: make up PYTHON=python3.11"
        )
    from local.paths import CHECKOUT  # noqa: PLC0415 - not importable by the Pythons refused above
    from local.virtual_environment import ensure_virtual_environment  # noqa: PLC0415 - the same
    from strata.errors import StrataError  # noqa: PLC0415 - the same

    folder = CHECKOUT / ".venv"
    try:
        ensure_virtual_environment(folder, CHECKOUT / "requirements.txt")
    except StrataError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.strerror} ({error.filename}); next: free what is short, then the same command again")
    python = str(folder / "bin" / "python")
    os.execv(python, [python, *sys.argv[1:]])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
