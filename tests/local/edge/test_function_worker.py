"""The function worker: its sandbox, answers that reach the right caller, and functions that give none."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.edge import node
from local.edge.function_worker import EdgeFunctionError, FunctionWorker
from local.edge.messages import FunctionFailure, FunctionResult
from local.edge.model import EdgeFunction
from strata.caching.edge_function import EdgeFunctionSettings, render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STORE = "arn:aws:cloudfront::123456789012:key-value-store/some"


def function(code: str, arn: str = "function", store: str | None = None) -> EdgeFunction:
    return EdgeFunction(arn, code.encode(), "cloudfront-js-2.0", store)


@asynccontextmanager
async def worker(*functions: EdgeFunction, limit_seconds: float = 2.0) -> AsyncIterator[FunctionWorker]:
    one = FunctionWorker(limit_seconds)
    await one.start()
    try:
        one.deploy(functions)
        yield one
    finally:
        await one.stop()


def run(
    code: str,
    event: dict[str, object] | None = None,
    *,
    store: dict[str, str] | None = None,
    limit_seconds: float = 0.4,
) -> FunctionResult:
    async def calling() -> FunctionResult:
        async with worker(
            function(code, store=STORE if store is not None else None), limit_seconds=limit_seconds
        ) as one:
            one.set_stores({} if store is None else {STORE: store})
            return await one("function", event or {})

    return asyncio.run(calling())


def failure(code: str, **arguments: Any) -> FunctionFailure:
    with pytest.raises(FunctionFailure) as caught:
        run(code, **arguments)
    return caught.value


# -- what a function has, and what it has not ---------------------------------------------------------------------


def test_a_function_gets_the_event_and_its_result_comes_back_whole() -> None:
    event = {"text": "é 😀 \u2028 \ud800", "number": 1.5, "none": None, "list": [True]}

    assert run("function handler(event) { return { got: event }; }", event).value == {"got": event}


def test_digests_are_those_of_everybody_else() -> None:
    code = """
    import crypto from 'crypto';
    function handler(event) {
        return {
            hmac: crypto.createHmac('sha256', event.key).update('a').update(event.text).digest('hex'),
            md5: crypto.createHash('md5').update(event.text).digest('base64url'),
            bytes: crypto.createHash('sha1').update('x').digest().length
        };
    }
    """
    text, key = "é😀" * 100, "pepper"
    value = run(code, {"text": text, "key": key}).value

    assert value["hmac"] == hmac.new(key.encode(), f"a{text}".encode(), hashlib.sha256).hexdigest()
    assert len(value["md5"]) == 22
    assert value["bytes"] == 20


def test_the_store_and_the_log() -> None:
    code = """
    import cf from 'cloudfront';
    async function handler(event) {
        const kvs = cf.kvs();
        cf.logCustomData('first');
        cf.logCustomData('class=x');
        let missing = 'found';
        try { await kvs.get('other'); } catch (error) { missing = error.message; }
        return { text: await kvs.get('k'), json: (await kvs.get('j', { format: 'json' })).a,
                 has: await kvs.exists('other'), count: await kvs.count(), missing };
    }
    """
    result = run(code, store={"k": "é", "j": '{"a": 1}'})

    assert result.value == {"text": "é", "json": 1, "has": False, "count": 2, "missing": "Key not found"}
    assert result.log_data == "class=x"


def test_a_change_of_the_store_is_seen_and_another_functions_store_is_not() -> None:
    code = "import cf from 'cloudfront'; async function handler() { return { v: await cf.kvs().get('k') }; }"

    async def calling() -> None:
        async with worker(function(code, "with", STORE), function(code, "without")) as one:
            one.set_stores({STORE: {"k": "1"}})
            assert (await one("with", {})).value == {"v": "1"}
            one.set_stores({STORE: {"k": "2"}})
            assert (await one("with", {})).value == {"v": "2"}
            with pytest.raises(FunctionFailure, match="throws: Error"):
                await one("without", {})

    asyncio.run(calling())


@pytest.mark.parametrize(
    "name",
    [
        "process",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "queueMicrotask",
        "fetch",
        "module",
        "exports",
        "WebAssembly",
        "performance",
        "global",
    ],
)
def test_a_function_has_no(name: str) -> None:
    assert run(f"function handler() {{ return {{ kind: typeof {name} }}; }}").value == {"kind": "undefined"}


@pytest.mark.parametrize(
    "expression",
    [
        "eval('1')",
        "new Function('return 1')()",
        "(function () {}).constructor('return process')()",
        "event.constructor.constructor('return process')()",
        "require('crypto').createHash.constructor('return process')()",
        "require('buffer').Buffer.from('x').constructor.constructor('return process')()",
        "require('fs')",
        "require('child_process')",
        "require('constructor')",
        "require('crypto').createHash('sha512')",
        "require('crypto').createHash('sha256').update('x').digest('latin1')",
        "require('crypto').randomBytes(8)",
        "require('cloudfront').updateRequestOrigin({})",
        "undeclared = 1",
        "Buffer.alloc(3 * 1024 * 1024)",
    ],
)
def test_a_function_may_not(expression: str) -> None:
    assert failure(f"function handler(event) {{ return {{ value: String({expression}) }}; }}").kind == "throws"


def test_nothing_of_one_call_is_there_in_the_next() -> None:
    code = """
    var seen = [];
    function handler(event) {
        seen.push(event.token);
        try { globalThis.leak = event.token; } catch (error) { }
        return { seen: seen, leak: typeof leak };
    }
    """

    async def calling() -> list[object]:
        async with worker(function(code)) as one:
            return [(await one("function", {"token": token})).value for token in "ab"]

    assert asyncio.run(calling()) == [{"seen": ["a"], "leak": "undefined"}, {"seen": ["b"], "leak": "undefined"}]


# -- failures -----------------------------------------------------------------------------------------------------


def test_a_failure_names_the_line_and_quotes_nothing() -> None:
    code = "function handler(event) {\n  return JSON.parse(event.token);\n}"

    assert str(failure(code, event={"token": "secret-token"})) == "throws: SyntaxError at line 2"
    assert str(failure("function handler() { throw 'secret'; }")) == "throws: a value that is no Error"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("function handler( {", "throws"),
        ("exports.handler = function () {};", "throws"),
        ("async function handler() { throw new Error('x'); }", "throws"),
        ("var other = 1;", "invalid"),
        ("function handler() { }", "invalid"),
        ("function handler() { return [1]; }", "invalid"),
        ("async function handler() { return 'text'; }", "invalid"),
        ("function handler() { while (true) {} }", "timeout"),
        ("async function handler() { while (true) { await 0; } }", "timeout"),
        ("async function handler() { await new Promise(function () {}); }", "timeout"),
    ],
    ids=range(10),
)
def test_a_function_that_gives_no_result(code: str, kind: str) -> None:
    assert failure(code).kind == kind


def test_a_function_that_grows_without_end_ends() -> None:
    """It has time enough, so that what ends it is its memory."""
    code = "function handler() { var all = []; while (true) { all.push(new Array(1000).fill(0.5)); } }"
    assert failure(code, limit_seconds=60.0).kind == "throws"


def test_an_unknown_function_is_missing() -> None:
    async def calling() -> None:
        async with worker() as one:
            await one("nobody", {})

    with pytest.raises(FunctionFailure, match="missing: nobody is not deployed"):
        asyncio.run(calling())


def test_code_that_cloudfront_would_refuse_is_refused() -> None:
    with pytest.raises(EdgeFunctionError) as caught:
        FunctionWorker().deploy([function("//" + "x" * 10_240)])
    assert str(caught.value) == "its code has 10,242 bytes (function function); allowed: 10,240 bytes at most"
    with pytest.raises(EdgeFunctionError, match="its runtime is cloudfront-js-1.0"):
        FunctionWorker().deploy([EdgeFunction("function", b"", "cloudfront-js-1.0")])


# -- who gets which answer ----------------------------------------------------------------------------------------

SOME_LOOP = """
function handler(event) {
    while (event.loops) { }
    if (event.throws) { throw new Error('x'); }
    return { number: event.number };
}
"""


async def _outcome(one: FunctionWorker, number: int, event: dict[str, object]) -> object:
    try:
        return (await one("function", {"number": number, **event})).value["number"]  # type: ignore[index]
    except FunctionFailure as problem:
        return problem.kind


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    throwing=st.sets(st.integers(0, 499), max_size=50),
    looping=st.sets(st.integers(0, 499), max_size=2),
)
def test_500_calls_at_once_each_get_their_own_result(throwing: set[int], looping: set[int]) -> None:
    async def calling() -> list[object]:
        async with worker(function(SOME_LOOP), limit_seconds=0.2) as one:
            calls = (
                _outcome(one, number, {"throws": number in throwing, "loops": number in looping})
                for number in range(500)
            )
            return await asyncio.gather(*calls)

    expected = ["timeout" if number in looping else "throws" if number in throwing else number for number in range(500)]
    assert asyncio.run(calling()) == expected


def test_a_killed_process_loses_no_call() -> None:
    async def calling() -> tuple[list[object], int]:
        async with worker(function(SOME_LOOP)) as one:
            calls = asyncio.gather(*(_outcome(one, number, {}) for number in range(500)))
            await asyncio.sleep(0)
            os.kill(one.pid, signal.SIGKILL)
            return await calls, one.restarts

    outcomes, restarts = asyncio.run(calling())
    assert outcomes == list(range(500))
    assert restarts == 1


def test_a_caller_who_leaves_takes_nobodys_answer() -> None:
    async def calling() -> list[object]:
        async with worker(function(SOME_LOOP)) as one:
            tasks = [asyncio.create_task(_outcome(one, number, {})) for number in range(20)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            return await asyncio.gather(*tasks[1::2])

    assert asyncio.run(calling()) == list(range(1, 20, 2))


def test_calls_before_a_stop_fail_instead_of_hanging() -> None:
    async def calling() -> object:
        one = FunctionWorker(5.0)
        await one.start()
        one.deploy([function(SOME_LOOP)])
        task = asyncio.create_task(_outcome(one, 1, {"loops": True}))
        await asyncio.sleep(0.2)
        await one.stop()
        return await task

    assert asyncio.run(calling()) == "throws"


# -- the project's own function -----------------------------------------------------------------------------------


def test_the_projects_function_runs_as_rendered() -> None:
    code = render(
        EdgeFunctionSettings(
            cache_class="user_data", caller_required=True, has_store=True, tenant_claim=None, languages=("en",)
        )
    )
    secrets = json.dumps({"pepper": "ab" * 32, "originVerify": "cd" * 32})
    event: dict[str, object] = {
        "version": "1.0",
        "context": {"eventType": "viewer-request"},
        "viewer": {"ip": "127.0.0.1"},
        "request": {
            "method": "GET",
            "uri": "/api/v1/payments",
            "querystring": {},
            "headers": {"host": {"value": "localhost"}, "authorization": {"value": "Bearer alice"}},
            "cookies": {},
        },
    }
    result = run(code, event, store={"secrets": secrets})

    headers = result.value["headers"]
    assert len(headers["x-auth-hash"]["value"]) == 64
    assert headers["x-origin-authorization"]["value"] == "Bearer alice"
    assert headers["x-origin-verify"]["value"] == "cd" * 32
    assert result.log_data == "class=user_data&tenant=localhost"


# -- Node ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "own"), [("v20.1.0", True), ("v12.22.12", False), ("", False)])
def test_a_machines_node_is_used_if_it_is_new_enough(
    version: str, own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    node.node.cache_clear()
    found = node.node()
    node.node.cache_clear()

    assert (found == program) is own
    assert found.exists()
