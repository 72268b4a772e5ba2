"""Runs the edge function's code on many calls in one process: in Node's sandbox, and in njs."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.edge.node import node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from strata.caching.edge_function import EdgeFunctionSettings

HERE: Final = Path(__file__).parent
#: Ends what loops; thousands of calls take seconds.
TIMEOUT_SECONDS: Final = 120
#: njs frees nothing before it ends, and the more it holds the longer an exception takes.
NJS_BATCH: Final = 1_000

#: ``value`` (what the handler returned) or ``error`` (what it threw), and ``log`` (what it logged, in order).
Result = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One event with the world around it.

    Args:
        settings: of the function that it goes to.
        event: event structure 1.0.
        store: the pairs of the associated KeyValueStore; None where none is associated.
        broken: keys that cannot be read.
        now_milliseconds: since the epoch.
    """

    settings: EdgeFunctionSettings
    event: Mapping[str, Any]
    store: Mapping[str, str] | None = None
    broken: tuple[str, ...] = ()
    now_milliseconds: int = 1_800_000_000_000

    @property
    def line(self) -> str:
        """The call as the drivers read it; escapes only for lone surrogates, since njs misreads one before a pair."""
        settings = json.loads(self.settings.line.removeprefix("var SETTINGS = ").removesuffix(";"))
        fields = {**asdict(self), "settings": settings, "nowMilliseconds": self.now_milliseconds}
        return json.dumps(fields, ensure_ascii=False).encode(errors="backslashreplace").decode()


def in_node(code: str, calls: Sequence[Call], folder: Path) -> list[Result]:
    """Run the code in a context that refuses what CloudFront Functions have not."""
    program = folder / "program.js"
    program.write_text(f"{code}\n{_text('calls.js')}", encoding="utf-8")
    return _run([str(node()), str(HERE / "node.mjs"), str(program)], calls, folder)


def in_njs(njs: Path, code: str, calls: Sequence[Call], folder: Path) -> list[Result]:
    """Run the code in njs, which knows no more of the language than CloudFront does."""
    modules = folder / "modules"
    modules.mkdir(exist_ok=True)
    # njs finds an import in a file of that very name.
    shutil.copy(HERE / "cloudfront.mjs", modules / "cloudfront")
    program = folder / "program.njs.js"
    program.write_text(f"import fs from 'fs';\n{code}\n{_text('calls.js')}{_text('njs.js')}", encoding="utf-8")
    batches = (calls[start : start + NJS_BATCH] for start in range(0, len(calls), NJS_BATCH))
    command = [str(njs), "-p", str(modules), str(program)]
    return [result for batch in batches for result in _run(command, batch, folder)]


def _run(command: Sequence[str], calls: Sequence[Call], folder: Path) -> list[Result]:
    given, results = folder / "calls", folder / "results"
    given.write_text("\n".join(call.line for call in calls), encoding="utf-8")
    results.unlink(missing_ok=True)
    done = subprocess.run(
        [*command, str(given), str(results)], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
    assert results.exists(), f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
    found = [unicode(json.loads(line)) for line in results.read_text(encoding="utf-8").split("\n")]
    assert len(found) == len(calls)
    return found


def unicode(value: Any) -> Any:
    """Return a JSON value with U+FFFD for each lone surrogate, which Node keeps and njs cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [unicode(one) for one in value]
    return {key: unicode(one) for key, one in value.items()} if isinstance(value, dict) else value


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
