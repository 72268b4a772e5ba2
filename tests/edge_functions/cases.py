"""The named event cases beside the function, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from strata.caching.edge_function import SOURCE, EdgeFunctionSettings
from tests.edge_functions.engines import Call, Result, unicode

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = SOURCE.parent / "cases"


@dataclass(frozen=True)
class Case:
    """One event, and what the function must make of it.

    Args:
        name: of the file, which says what it shows.
        call: the event with settings, store and clock.
        expected: what is returned and logged.
    """

    name: str
    call: Call
    expected: Result


@cache  # the files do not change while tests run
def cases() -> tuple[Case, ...]:
    """Return all cases, by name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.json")))


def _read(path: Path) -> Case:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    values = document["settings"]
    settings = EdgeFunctionSettings(
        values["cacheClass"],
        values["callerRequired"],
        values["hasStore"],
        values["tenantClaim"],
        tuple(values["languages"]),
    )
    clock = {"now_milliseconds": document["nowSeconds"] * 1000} if "nowSeconds" in document else {}
    call = Call(settings, document["event"], document["store"], tuple(document.get("broken", ())), **clock)
    return Case(path.stem, call, unicode(document["expected"]))
