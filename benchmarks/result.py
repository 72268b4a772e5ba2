"""A benchmark's result, as it is recorded in `benchmarks/results/` and committed."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.comparison import Comparison, Side
from local.postgres import programs

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULTS: Final = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Result:
    """One run of one benchmark.

    Args:
        name: the benchmark's name.
        recorded_on: the day, in UTC, as ISO 8601.
        command: what reproduces it.
        machine: what it ran on, without names or paths; `load` is the load average per processor before the run.
        versions: of what was measured.
        comparisons: the first one decides; the others explain it.
    """

    name: str
    recorded_on: str
    command: str
    machine: Mapping[str, str | int | float]
    versions: Mapping[str, str]
    comparisons: tuple[Comparison, ...]

    def save(self, folder: Path = RESULTS) -> None:
        """Write the result over the one before it."""
        folder.mkdir(exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=2) + "\n")


def load(name: str, folder: Path = RESULTS) -> Result | None:
    """Return the recorded result of a benchmark, or None when it has never been recorded."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    raw = json.loads(path.read_text())
    return Result(**{**raw, "comparisons": tuple(map(_comparison, raw["comparisons"]))})


def _comparison(raw: dict[str, Any]) -> Comparison:
    baseline = raw["baseline"] and _side(raw["baseline"])
    return Comparison(**{**raw, "measured": _side(raw["measured"]), "baseline": baseline})


def _side(raw: dict[str, Any]) -> Side:
    return Side(str(raw["name"]), tuple(raw["samples"]))


def machine() -> dict[str, str | int | float]:
    """Return what kind of machine this is and how busy, with nothing that says which one."""
    processors = os.cpu_count() or 1
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "processors": processors,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0] / processors, 2),
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def versions() -> dict[str, str]:
    """Return the versions of what is measured."""
    return {
        "python": platform.python_version(),
        "postgresql": programs.version(),
        **{name: version(name) for name in ("pulumi", "pulumi-aws", "psycopg")},
    }


def today() -> str:
    """Return the day, in UTC."""
    return datetime.now(UTC).date().isoformat()
