"""The streams that ``python -m local.preview_examples`` recorded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from local.preview_examples.branches import BRANCHES

FOLDER = Path(__file__).parent / "streams"
NAMES = tuple(branch.name for branch in BRANCHES)


@cache  # They are read for each of many examples of a property.
def lines_of(name: str) -> tuple[str, ...]:
    """Return the lines of a recorded stream."""
    return tuple((FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True))
