"""What is deployed at the edge: the function file with its settings, and nothing else changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.caching.classes import CACHE_CLASSES, LANGUAGES
from strata.caching.edge_function import (
    MAXIMUM_BYTES,
    SOURCE,
    EdgeFunctionError,
    EdgeFunctionSettings,
    render,
)

START, END = "var SETTINGS = ", ";"
#: Longer than any claim that an issuer of tokens documents, which are URLs.
LONG_CLAIM = "https://claims.example.com/2026/tenant_identifier"


def settings(**changes):
    values = {"cache_class": "user_data", "caller_required": True, "has_store": True, "tenant_claim": None, **changes}
    return EdgeFunctionSettings(**values)


def settings_line(code):
    (line,) = (line for line in code.splitlines() if line.startswith(START))
    return line


def test_only_comments_indentation_and_empty_lines_go_and_only_one_line_changes():
    kept = [line.strip() for line in SOURCE.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in kept if line and not line.startswith("//")]
    code = render(settings()).splitlines()
    assert [(old, new) for old, new in zip(kept, code, strict=True) if old != new] == [
        (settings_line("\n".join(kept)), settings_line("\n".join(code)))
    ]


def test_the_settings_are_the_json_that_the_function_reads():
    line = settings_line(render(settings(tenant_claim="tenant", languages=("en", "de"))))
    assert line == (
        'var SETTINGS = {"cacheClass":"user_data","callerRequired":true,"hasStore":true,'
        '"tenantClaim":"tenant","languages":["en","de"]};'
    )


@pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=CACHE_CLASSES)
def test_a_class_that_keeps_answers_for_each_caller_wants_a_caller(cache_class):
    made = EdgeFunctionSettings.of(cache_class, has_store=True, tenant_claim="tenant")
    assert made == EdgeFunctionSettings(
        cache_class.name, cache_class.name in ("user_data", "realtime"), True, "tenant", LANGUAGES
    )


@pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=CACHE_CLASSES)
def test_the_largest_function_fits(cache_class):
    made = EdgeFunctionSettings.of(cache_class, has_store=False, tenant_claim=LONG_CLAIM)
    assert len(render(made).encode()) <= MAXIMUM_BYTES


@given(st.text(), st.lists(st.text(), min_size=1))
def test_hostile_values_stay_data(claim, languages):
    line = settings(tenant_claim=claim, languages=tuple(languages)).line
    assert line.isascii()
    assert len(line.splitlines()) == 1
    values = json.loads(line.removeprefix(START).removesuffix(END))
    assert values["tenantClaim"] == claim
    assert values["languages"] == languages


@pytest.mark.parametrize("claim", ['"};alert(1);//', "</script>", "\u2028\u2029", "\\", "\\g<0>$&$1", "\n", "'"])
def test_values_that_end_strings_elsewhere_do_not_here(claim):
    line = settings_line(render(settings(tenant_claim=claim)))
    assert json.loads(line.removeprefix(START).removesuffix(END))["tenantClaim"] == claim


@pytest.mark.parametrize("lines", [[], ["var SETTINGS = {};", "var SETTINGS = {};"], ["let SETTINGS = {};"]])
def test_a_file_without_its_one_line_of_settings_is_refused(tmp_path, lines):
    file = tmp_path / "viewer_request.js"
    file.write_text("\n".join(["// var SETTINGS = {};", *lines]))
    count = len([line for line in lines if line.startswith("var")])
    with pytest.raises(EdgeFunctionError) as caught:
        render(settings(), file)
    assert str(caught.value) == (
        f"the edge function has {count} lines of settings (file {tmp_path.name}/viewer_request.js); "
        "allowed: exactly one line `var SETTINGS = {...};`"
    )


def test_a_function_that_is_too_large_is_refused_before_it_is_deployed():
    made = settings(tenant_claim="x" * 4_000)
    with pytest.raises(EdgeFunctionError, match="the edge function of class user_data has .* bytes") as caught:
        render(made)
    assert caught.value.allowed == f"4096 bytes, of which its settings take {len(made.line)}"
    assert caught.value.source == SOURCE
