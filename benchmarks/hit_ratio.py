"""What counting access logs exactly costs against plain Python that splits lines and counts the same dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.access_logs import access_logs, ours, plain_python
from benchmarks.comparison import Named, in_turns

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.options import Options

_REPEATS: Final = 3
_FORMATS: Final = {"legacy": "legacy, 33 fields", "json": "v2, JSON"}


def measure(options: Options) -> tuple[Comparison, ...]:
    """Count the same two million lines in turns, in the format that is the easiest for Python first."""
    with access_logs() as folders:
        return tuple(
            in_turns(
                words,
                "ratio",
                "lines/s",
                Named("get_cache_metrics by behavior", lambda folder=folders[name]: ours(folder)),
                Named("plain Python", lambda folder=folders[name]: plain_python(folder)),
                options.repeats or _REPEATS,
            )
            for name, words in _FORMATS.items()
        )
