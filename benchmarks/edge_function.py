"""How long the edge function takes for one call, in njs, on one core.

A call is a GET with a token of 1.2 KB: its claims are read, secrets and epoch come from a store in memory, and the
digest is an HMAC. Reading the event is CloudFront's and does not count; nor does a real store, which is AWS's.
"""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.comparison import Comparison, Side
from local.njs import find_or_fetch, version
from strata.caching.classes import USER_DATA
from strata.caching.edge_function import EdgeFunctionSettings, render
from strata.caching.key_value_store import SECRETS_KEY, epoch_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.options import Options

_RUNS: Final = 5
_CALLS_PER_RUN: Final = 22_000
#: njs's first calls compile nothing, but they are the first to touch their memory.
_WARM_UP_CALLS: Final = 2_000
_TOKEN_BYTES: Final = 1_200
_TENANT: Final = "acme"
_SECRETS: Final = json.dumps({"pepper": "0123456789abcdef" * 4, "originVerify": "fedcba9876543210" * 4})
_HERE: Final = Path(__file__).resolve().parent


def measure(options: Options) -> tuple[Comparison, ...]:
    """Return the 99th percentile of calls; a call's time is its median over runs of the same calls.

    njs collects no garbage, so that what one run alone has in a call is the machine's other work. The percentiles of
    the single runs, with that work in them, stand beside it.
    """
    njs = find_or_fetch()
    runs = [_run(njs) for _ in range(options.repeats or _RUNS)]
    name = f"each of {_CALLS_PER_RUN - _WARM_UP_CALLS:,} calls, njs {version(njs)}"
    calls = [statistics.median(times) for times in zip(*runs, strict=True)]
    sides = (
        Side(f"99th percentile, a call's median of {len(runs)} runs", (_99th_percentile(calls),)),
        Side("99th percentile of each run", tuple(map(_99th_percentile, runs))),
        Side("median of each run", tuple(map(statistics.median, runs))),
    )
    return tuple(Comparison(name, "figure", "ms", side) for side in sides)


def _99th_percentile(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[-1]


def _run(njs: Path) -> list[float]:
    """Return the milliseconds of each call of one process, without the warm-up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # njs finds an import in a file of that very name.
        store = {SECRETS_KEY: _SECRETS, epoch_key(_TENANT): "3"}
        text = (_HERE / "edge_function_store.js").read_text()
        (folder / "cloudfront").write_text(text.replace("STORE = {}", f"STORE = {json.dumps(store)}"))
        (folder / "events").write_text("\n".join(_events()))
        settings = EdgeFunctionSettings.of(USER_DATA, has_store=True, tenant_claim="tenant")
        driver = (_HERE / "edge_function_driver.js").read_text()
        (folder / "program.js").write_text(f"import fs from 'fs';\n{render(settings)}{driver}")
        words = [njs, "-p", folder, folder / "program.js", folder / "events"]
        printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    refused = [line for line in printed if not line.startswith("call: ")]
    if refused:
        raise RuntimeError(f"a call that is measured must pass; {refused[0]}")
    return [float(line.removeprefix("call: ").removesuffix("ms")) for line in printed][_WARM_UP_CALLS:]


def _events() -> Iterator[str]:
    for number in range(_CALLS_PER_RUN):
        headers = {
            "host": "api.example.com",
            "authorization": _token(number),
            "accept-language": "en-GB,en;q=0.9,de;q=0.5",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64)",
            "x-request-id": f"{number:032x}",
        }
        request = {
            "method": "GET",
            "uri": "/api/v1/payments",
            "querystring": {"limit": {"value": "50"}},
            "headers": {name: {"value": value} for name, value in headers.items()},
            "cookies": {},
        }
        yield json.dumps({"version": "1.0", "context": {}, "viewer": {"ip": "192.0.2.1"}, "request": request})


def _token(number: int) -> str:
    """Return a JWT of 1.2 KB in all, signed like RS256 with 256 bytes, that expires in the year 2100."""
    claims = {"sub": f"user-{number}", "tenant": _TENANT, "exp": 4_102_444_800, "scope": "payments:read"}
    signature = "s" * 342
    head = f"Bearer {_part({'alg': 'RS256', 'typ': 'JWT'})}."
    missing = _TOKEN_BYTES - len(f"{head}{_part(claims)}.{signature}")
    return f"{head}{_part({**claims, 'entitlements': 'e' * (missing * 3 // 4 - 21)})}.{signature}"


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
