"""A copy of the project that a test may write to: the engine writes a salt beside Pulumi.yaml for each new stack."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local.paths import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

COPIED = ("__main__.py", "Pulumi.yaml", *sorted(path.name for path in CHECKOUT.glob("Pulumi.*.yaml")))
COPIED_FOLDERS = ("edge_functions", "infra", "schemas", "sql_templates", "strata", "tenants")


@contextmanager
def project_copy() -> Iterator[Path]:
    """Lend a folder with the program and its stack files, and the checkout's virtual environment."""
    folder = Path(tempfile.mkdtemp(prefix="strata-project-", dir="/tmp"))
    try:
        for name in COPIED:
            shutil.copy(CHECKOUT / name, folder / name)
        for name in COPIED_FOLDERS:
            shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".venv").symlink_to(CHECKOUT / ".venv")
        yield folder
    finally:
        shutil.rmtree(folder)
