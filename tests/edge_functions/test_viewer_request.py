"""The edge function as it is deployed, in Node and in njs: named cases, and an oracle over fuzzed events."""

from __future__ import annotations

import random
import re

import pytest

from strata.caching.classes import CACHE_CLASSES, IDENTITY_HEADERS, RESERVED_HEADERS
from strata.caching.edge_function import SOURCE, EdgeFunctionSettings, render
from strata.caching.key_value_store import SECRETS_KEY, epoch_key
from tests.edge_functions import fuzz, oracle
from tests.edge_functions.cases import cases
from tests.edge_functions.engines import Call, in_njs, in_node

CODE = render(EdgeFunctionSettings.of(CACHE_CLASSES["user_data"], has_store=True, tenant_claim=None))
NAMES = [case.name for case in cases()]
FUZZED_EVENTS = 5_000
#: Parts of the language that Node has and CloudFront's runtime has not.
NOT_AT_THE_EDGE = (
    "...",
    "?.",
    "??",
    " of ",
    "class ",
    "new Map",
    "new Set",
    "replaceAll",
    "require(",
    "exports",
    "catch {",
    "`",
    "function*",
)


@pytest.fixture(scope="module", params=["node", "njs"])
def run(request, tmp_path_factory):
    """Return a function that runs code on calls in one engine, all in one process."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "node":
        return lambda code, calls: in_node(code, calls, folder)
    njs = request.getfixturevalue("njs")
    return lambda code, calls: in_njs(njs, code, calls, folder)


@pytest.fixture(scope="module")
def answers(run):
    """Return what the engine makes of each case, by name."""
    return dict(zip(NAMES, run(CODE, [case.call for case in cases()]), strict=True))


@pytest.mark.parametrize("case", cases(), ids=NAMES)
def test_each_case_is_answered_as_its_file_says(answers, case):
    assert answers[case.name] == case.expected


@pytest.mark.parametrize("case", cases(), ids=NAMES)
def test_the_oracle_agrees_with_each_case(case):
    assert oracle.answer(case.call) == case.expected


def test_there_are_cases_for_every_rule():
    statuses = [case.expected["value"].get("statusCode") for case in cases()]
    assert len(cases()) >= 35
    assert {status: statuses.count(status) >= 5 for status in (None, 400, 401, 503)} == dict.fromkeys(
        (None, 400, 401, 503), True
    )


def test_fuzzed_events_are_answered_as_the_oracle_says(run):
    seed = random.getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    calls = fuzz.calls(seed, FUZZED_EVENTS)
    wrong = [
        (call.line, answer, expected)
        for call, answer in zip(calls, run(CODE, calls), strict=True)
        if answer != (expected := oracle.answer(call))
    ]
    assert wrong == []


@pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=CACHE_CLASSES)
def test_what_is_rendered_for_a_class_runs_as_it_is(run, cache_class):
    settings = EdgeFunctionSettings.of(cache_class, has_store=True, tenant_claim='o"d\u2028d')
    call = Call(settings, event(host="a.example.com"), {SECRETS_KEY: "{}"})
    # The driver's own settings are taken away: the rendered ones are what counts.
    code = render(settings).replace("var SETTINGS = ", "const RENDERED = ") + "\nvar SETTINGS;\n"
    kept = code.replace("SETTINGS.", "RENDERED.")
    assert run(kept, [call]) == [oracle.answer(call)]


def test_no_two_callers_share_a_key(run):
    source = random.Random(7)  # noqa: S311 - repeatable, not secret
    settings = EdgeFunctionSettings("user_data", caller_required=True, has_store=True, tenant_claim=None)
    store = {SECRETS_KEY: f'{{"pepper":"{"a" * 64}","originVerify":"{"b" * 64}"}}', epoch_key("a.example.com"): "1"}
    stem = "Bearer " + "k" * 1_200
    identities = {
        (f"{'ab'[index % 2]}.example.com", f"{stem}{source.getrandbits(64):x}"[index % 9 :]) for index in range(3_000)
    }
    calls = [Call(settings, event(host=host, authorization=token), store) for host, token in identities]
    keys = [answer["value"]["headers"]["x-auth-hash"]["value"] for answer in run(CODE, calls)]
    assert len(set(keys)) == len(identities)
    assert [key for key in keys if not re.fullmatch("[0-9a-f]{64}", key)] == []


def test_the_function_knows_the_headers_of_the_class_table():
    text = SOURCE.read_text(encoding="utf-8")
    reserved = re.search(r"^const RESERVED = \[(.*)\];$", text, re.MULTILINE)
    assert reserved is not None
    assert tuple(re.findall("'([^']+)'", reserved[1])) == RESERVED_HEADERS
    # Each further one is a part of the digest: add it to `identity` in the function, then here.
    assert IDENTITY_HEADERS == ("authorization",)


def test_the_file_keeps_to_what_the_runtime_has():
    assert [word for word in NOT_AT_THE_EDGE if word in CODE] == []
    assert not re.search(r"\([^()\n]*\bawait\b", CODE), "await in arguments is not supported"
    asynchronous = re.findall(r"^async function.*?^}", SOURCE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(asynchronous) == CODE.count("async ")
    assert [text for text in asynchronous if "=>" in text] == [], "closures in async functions are not supported"
    assert CODE.isascii()


def event(method="GET", uri="/api/v1/payments", **headers):
    named = {name.replace("_", "-"): {"value": value} for name, value in headers.items()}
    request = {"method": method, "uri": uri, "querystring": {}, "cookies": {}, "headers": named}
    return {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {}, "request": request}
