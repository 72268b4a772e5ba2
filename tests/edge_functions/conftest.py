"""njs for the tests of the edge function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.njs import NoPackageManagerError, find_or_fetch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def njs() -> Path:
    """Find njs or fetch it; a system without apt skips, and one where apt fails does not pass."""
    try:
        return find_or_fetch()
    except NoPackageManagerError as error:
        pytest.skip(str(error))
