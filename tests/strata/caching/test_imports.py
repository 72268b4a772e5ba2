"""An API takes the middleware without anything that deploys a stack."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
HEAVY = ("pulumi", "boto3", "botocore", "psycopg", "typer", "duckdb", "rich", "starlette", "fastapi", "jinja2", "yaml")

IMPORTS = """
import sys
before = {name.partition(".")[0] for name in sys.modules}
import strata.caching.middleware
from strata.caching import CdnCacheMiddleware, cdn_cache
print(*sorted({name.partition(".")[0] for name in sys.modules} - before - set(sys.stdlib_module_names)))
"""

RUNS = """
import asyncio
from strata.caching import CdnCacheMiddleware, cdn_cache

@cdn_cache.user_data(tags=["payments"])
async def app(scope, receive, send):
    cdn_cache.tag(scope, "payment:1")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

async def send(message):
    for name, value in message.get("headers", ()):
        print(name.decode(), value.decode(), sep=": ")

headers = [(b"x-origin-verify", b"s" * 64), (b"x-auth-hash", b"d" * 64)]
scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
asyncio.run(CdnCacheMiddleware(app, origin_verify=["s" * 64])(scope, None, send))
"""


def python(text, *options, cwd=CHECKOUT):
    done = subprocess.run([sys.executable, *options, "-c", text], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_but_the_standard_library_is_imported():
    loaded = python(IMPORTS).split()
    assert loaded == ["strata"]
    assert not set(loaded) & set(HEAVY)


@pytest.fixture
def installed(tmp_path):
    """Return a folder that holds the packages that the wheel holds, and nothing that the checkout has beside them."""
    patterns = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {found for pattern in patterns for found in CHECKOUT.glob(pattern) if (found / "__init__.py").exists()}
    assert [package.name for package in packages] == ["strata"]
    for package in packages:
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_package_needs_nothing():
    assert PROJECT["project"]["dependencies"] == []
    assert PROJECT["project"]["optional-dependencies"]["api"] == []


def test_the_middleware_runs_where_nothing_else_is_installed(installed):
    """-S -E -I: no site-packages, no variables, no current folder; only the standard library and this package."""
    run = f"import sys; sys.path.insert(0, {str(installed)!r})\n{RUNS}"
    assert python(run, "-S", "-E", "-I", cwd=installed).splitlines() == [
        "cache-control: max-age=0, s-maxage=30, stale-if-error=0",
        "surrogate-control: max-age=30, stale-while-revalidate=0, stale-if-error=0",
        "vary: authorization, x-auth-hash, accept-language",
        "cache-tag: payments,payment:1",
        "surrogate-key: payments payment:1",
    ]
    assert sysconfig.get_path("purelib") not in python("import sys; print(sys.path)", "-S", "-E", "-I", cwd=installed)
