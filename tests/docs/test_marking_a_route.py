"""What the guide tells an API's developer is run, block after block, as one module."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from strata.caching import cdn_cache, verdict
from strata.caching.classes import CACHE_CLASSES

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "marking-a-route.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def told(monkeypatch):
    """Run every block and return what they define; Secrets Manager is one that knows the guide's secret."""
    asked = []

    def get_secret_value(**arguments):
        asked.append(arguments)
        return {"SecretString": json.dumps({"pepper": "p" * 64, "origin_verify": ["0123456789abcdef" * 4]})}

    monkeypatch.setattr(boto3, "client", lambda name: SimpleNamespace(get_secret_value=get_secret_value))
    monkeypatch.setenv("EDGE_SECRET_ARN", "arn:of-the-secret")
    names = {"__name__": "guide"}
    for number, (_, text) in enumerate(BLOCKS, 1):
        code = compile(text, f"{GUIDE.name} block {number}", "exec", dont_inherit=True)
        exec(code, names)  # noqa: S102 - the guide's own code
    assert asked == [{"SecretId": "arn:of-the-secret"}]
    return names


def test_every_block_is_python_and_runs(told):
    assert {language for language, _ in BLOCKS} == {"python"}
    tests = [found for name, found in told.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()


def test_the_table_of_presets_says_what_they_do():
    rows = re.findall(r"^\| `cdn_cache\.(\w+)\(\)` \| .* \| (never|\d+ s) \|$", GUIDE.read_text(), re.MULTILINE)
    seconds = {
        name: f"{found.fresh_seconds} s" if found.is_cached else "never" for name, found in CACHE_CLASSES.items()
    }
    assert dict(rows) == {name: seconds[name] for name in cdn_cache.presets()}


def test_the_reasons_are_those_that_there_are():
    """A reason in the guide is one of the code's, with something in place of what varies."""
    table = GUIDE.read_text().partition("| reason |")[2]
    reasons = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    texts = Path(verdict.__file__).read_text() + Path(verdict.__file__).with_name("tags.py").read_text()
    written = re.findall(r'_UncacheableError\(\s*f?"([^"]+)"|__init__\(f"([^"]+)"', texts)
    patterns = [re.sub(r"\\\{.*?\\\}", ".+", re.escape(first or second)) for first, second in written]
    assert len(patterns) == len(reasons)
    for pattern in patterns:
        assert [reason for reason in reasons if re.fullmatch(pattern, reason)], pattern
