"""What `strata environment create` runs, and that a machine which cannot reach the database makes nothing first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from strata.cli.environment_create import create as create_command
from strata.engine_contract import EngineMissingError
from strata.environments.create import UnknownEnvironmentError, find_environment, steps
from strata.environments.engine import Engine, EngineFailedError
from strata.tunnel.errors import PluginMissingError

if TYPE_CHECKING:
    from pathlib import Path

UP = ("up", "--yes")
PRIVATE_UP = ("up", "--yes", "--skip-preview", "--exclude", "**::schema-logins", "--exclude-dependents")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an environment whose database is private, and one whose is not."""
    (tmp_path / "Pulumi.yaml").write_text("name: strata\nruntime: python\n")
    for name, reach in (("inside", "direct"), ("outside", "tunnel")):
        config = {"aws:region": "eu-west-2", "strata:purpose": "development", "strata:database": {"reach": reach}}
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return tmp_path


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path) -> Path:
    """A `pulumi` that knows no stack, writes down how it was called, and fails where a file says so."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(
        "#!/bin/sh\n"
        f'echo "$PWD|$AWS_REGION|$PULUMI_OPTION_CONFIG_FILE|$*" >> {folder}/calls\n'
        'case "$*" in "stack ls"*) echo "[]" ;; esac\n'
        f'case "$*" in "$(/bin/cat {folder}/fails 2>/dev/null)"*) exit 3 ;; esac\n'
    )
    (folder / "pulumi").chmod(0o755)
    (folder / "fails").write_text("nothing")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def calls(engine: Path) -> list[str]:
    return [line.split("|", 3)[3] for line in (engine / "calls").read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "exists", "words"),
    [
        ("inside", True, [UP]),
        ("inside", False, [("stack", "init", "--no-select"), UP]),
        ("outside", True, [PRIVATE_UP, UP]),
        ("outside", False, [("stack", "init", "--no-select"), PRIVATE_UP, UP]),
    ],
)
def test_what_runs(project: Path, name: str, exists: bool, words: list[tuple[str, ...]]) -> None:
    found = steps(find_environment(project, name), exists=exists, yes=True)
    assert [step.words for step in found] == words
    assert [step.through_tunnel for step in found] == [False] * (len(words) - 1) + [name == "outside"]


def test_the_engine_asks_unless_it_is_told_not_to(project: Path) -> None:
    assert [step.words for step in steps(find_environment(project, "inside"), exists=True, yes=False)] == [("up",)]


def test_the_secrets_provider_is_that_of_the_stack_file(project: Path) -> None:
    path = project / "Pulumi.inside.yaml"
    path.write_text(path.read_text() + "secretsprovider: awskms://alias/strata?region=eu-west-2\n")
    (first, _) = steps(find_environment(project, "inside"), exists=False, yes=True)
    assert first.words[-2:] == ("--secrets-provider", "awskms://alias/strata?region=eu-west-2")


def test_an_environment_without_a_stack_file_is_named(project: Path) -> None:
    with pytest.raises(UnknownEnvironmentError) as failure:
        find_environment(project, "elsewhere")
    assert str(failure.value) == (
        "there is no environment elsewhere (file Pulumi.elsewhere.yaml); allowed: inside, outside; "
        "next: strata environment new elsewhere"
    )


def test_the_engine_runs_in_the_project_and_in_the_environments_region(
    engine: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", "/elsewhere/Pulumi.local.yaml")
    create_command("inside", yes=True)
    lines = (engine / "calls").read_text().splitlines()
    assert calls(engine) == [
        "stack ls --json --non-interactive",
        "stack init --no-select --stack inside",
        "up --yes --stack inside",
    ]
    assert {line.split("|")[0] for line in lines} == {str(project)}
    assert {line.split("|")[1] for line in lines} == {"eu-west-2"}
    assert {line.split("|")[2] for line in lines} == {""}, "another stack's file would be read"
    assert "environment inside is deployed; next: strata doctor" in capfd.readouterr().out


def test_a_dry_run_makes_nothing(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    create_command("inside", dry_run=True)
    assert calls(engine) == ["stack ls --json --non-interactive"]
    assert capfd.readouterr().out.splitlines()[0] == (
        "pulumi stack init --no-select --stack inside  # make the stack in the backend"
    )


def test_a_machine_that_could_not_reach_it_makes_no_private_database(engine: Path) -> None:
    with pytest.raises(PluginMissingError):
        create_command("outside", yes=True)
    assert calls(engine) == ["stack ls --json --non-interactive"]


def test_an_engine_that_fails_stops_the_rest_and_says_how_to_go_on(engine: Path) -> None:
    (engine / "fails").write_text("stack init")
    with pytest.raises(EngineFailedError) as failure:
        create_command("inside", yes=True)
    assert str(failure.value) == (
        "`pulumi stack init` failed; its own words are above (stack inside); "
        "allowed: what was made is kept, and found again; next: strata environment create inside"
    )
    assert len(calls(engine)) == 2


def test_a_machine_without_an_engine_is_told(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = Engine(project, "inside", "again")
    for act in (engine.exists, lambda: engine.run(("up",))):
        with pytest.raises(EngineMissingError):
            act()
