"""How large the edge function is as it is deployed, which CloudFront limits to 10 KB and we to 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Comparison, Side
from strata.caching.classes import CACHE_CLASSES
from strata.caching.edge_function import EdgeFunctionSettings, render

if TYPE_CHECKING:
    from benchmarks.options import Options

#: As long as the names of claims get: issuers that want them unique use URLs.
_CLAIM: Final = "https://claims.example.com/2026/tenant_identifier"


def measure(_options: Options) -> tuple[Comparison, ...]:
    """Return the size of the largest class's function."""
    sizes = {name: _bytes(name) for name in CACHE_CLASSES}
    largest = max(sizes, key=lambda name: sizes[name])
    return (Comparison("as deployed", "figure", "bytes", Side(f"class {largest}", (sizes[largest],))),)


def _bytes(name: str) -> int:
    settings = EdgeFunctionSettings.of(CACHE_CLASSES[name], has_store=True, tenant_claim=_CLAIM)
    return len(render(settings).encode())
