"""Run every static check, all of them even when one fails: ``python -m local.lint``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from local.paths import CHECKOUT

CHECKS: Final = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports",),
)


def main() -> int:
    """Return 0 when every check passed."""
    programs = Path(sys.executable).parent
    failed = [check for check in CHECKS if subprocess.call([programs / check[0], *check[1:]], cwd=CHECKOUT) != 0]
    for check in failed:
        print(f"failed: {' '.join(check)}", file=sys.stderr)  # noqa: T201 - the answer of the command
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
