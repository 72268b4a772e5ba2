"""The commands that guides and runbooks tell are ones that exist, and print what the page says they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from strata.caching.classes import CACHED_PATHS, NONE
from strata.caching.contract import contract_of
from strata.caching.contract_problems import problems
from strata.cli.main import app
from tests.strata.caching.leaky_edge import Settings, serving
from tests.strata.cli.conftest import cloudfront, deployed, emulator_url, run  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from tests.strata.cli.conftest import Run

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    "guides/account-bootstrap.md",
    "guides/environments.md",
    "guides/doctor.md",
    "guides/drift.md",
    "guides/private-database.md",
    "guides/pull-requests.md",
    "guides/purging.md",
    "guides/reading-a-preview.md",
    "guides/tenants.md",
    "runbooks/first-rollout.md",
    "runbooks/leaked-answer.md",
    "runbooks/purge-a-tenant.md",
]
#: As wide as a page is read.
COLUMNS = "150"


def blocks(page: str, language: str) -> list[str]:
    """Return what is in the page's fences of a language; those within a list are indented as their item is."""
    text = (DOCS / page).read_text(encoding="utf-8")
    fences = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"(?m)^{indent}", "", inside) for indent, inside in fences]


def told(page: str) -> list[str]:
    """Return every command line of the page that calls `strata`."""
    lines = "".join(blocks(page, "sh") + blocks(page, "console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ").startswith("strata ")]


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(page: str) -> None:
    assert told(page)
    for line in told(page):
        command: Any = typer.main.get_command(app)
        words = shlex.split(line, comments=True)[1:]
        context = None
        while hasattr(command, "commands"):
            context = command.make_context("strata", [], parent=context, resilient_parsing=True)
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        command.make_context("strata", words, parent=context)


EXAMPLES = [(page, number) for page in PAGES for number in range(len(blocks(page, "console")))]


@pytest.mark.parametrize(("page", "number"), EXAMPLES)
def test_examples_print_what_the_page_says(
    page: str,
    number: int,
    run: Run,  # noqa: F811 - the fixture
    cloudfront: Any,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command, _, expected = blocks(page, "console")[number].partition("\n")
    store = cloudfront.create_key_value_store(Name="edge")["KeyValueStore"]["ARN"]
    distribution = deployed(cloudfront, monkeypatch, store)
    monkeypatch.setenv("COLUMNS", COLUMNS)
    monkeypatch.setenv("TOKEN_A", "token-of-a")
    monkeypatch.setenv("TOKEN_B", "token-of-b")
    with serving(_edge_of(command, expected)) as url:
        monkeypatch.setenv("STRATA_EDGE_URL", url)
        result = run(*shlex.split(command)[2:])
    output = _readable(result.output, distribution)
    assert re.fullmatch(_expression(expected), output), f"the page says otherwise:\n{output}"
    assert result.exit_code == (1 if "LEAK" in expected else 0)


def _edge_of(command: str, expected: str) -> Settings:
    """Return the edge that the page is about at this step: it leaks, keeps nothing, or is right again."""
    if "LEAK" in expected:
        return Settings(key=lambda path, _: path, clock=lambda: 0.0)
    return Settings(keeps="--uncached" not in command, clock=lambda: 0.0)


def _expression(expected: str) -> str:
    """Return what an output has to match: a line of three dots stands for any lines."""
    lines = expected.splitlines(keepends=True)
    return "".join(r"(?:.*\n)+?" if line == "...\n" else re.escape(line) for line in lines)


def _readable(output: str, distribution: str) -> str:
    """Return an output as a page shows it: with made-up ids and no trailing space."""
    text = output.replace(distribution, "E1EXAMPLE")
    text = re.sub(r"after [\d.]+ s", "after 0.0 s", text)
    text = re.sub(r"(?m)^(ids +)\S+", r"\1I1EXAMPLE", text)
    text = re.sub(r"[0-9a-f]{32}", "0" * 32, text)
    return re.sub(r"(?m) +$", "", text)


def test_caching_can_be_switched_off_by_the_class_alone() -> None:
    """What the runbook's first step edits is a contract that the stack accepts."""
    for path in CACHED_PATHS:
        assert problems(contract_of({**CACHED_PATHS, path: NONE})) == ()
    assert problems(contract_of(dict.fromkeys(CACHED_PATHS, NONE))) == ()
