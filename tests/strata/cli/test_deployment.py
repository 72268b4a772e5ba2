"""`strata deployment run`: what it would run, and what it asks for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from strata.cli import deployment
from strata.cli.deployment import NeverCreatedError, step_of
from strata.environments.engine import EngineFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.strata.cli.conftest import Run

UP = "pulumi up --yes --non-interactive --policy-pack policy --stack dev"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one environment, and an engine that knows no stack and writes down what it is asked."""
    (tmp_path / "Pulumi.yaml").write_text("name: strata\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    program = tmp_path / "pulumi"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nif [ "$1" = stack ]; then exec cat {tmp_path}/stacks; fi\n'
    )
    program.chmod(0o755)
    (tmp_path / "stacks").write_text('[{"name": "dev"}]')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("AWS_REGION", "")  # the command sets it; this puts it back
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_deploys_without_asking_and_with_the_policies(run: Run, project: Path) -> None:
    assert run("deployment", "run", "--stack", "dev").exit_code == 0
    assert (project / "asked").read_text().splitlines()[-1] == UP.removeprefix("pulumi ")


def test_a_deployment_that_failed_is_a_deployment_again(run: Run, project: Path) -> None:
    program = project / "pulumi"
    program.write_text(program.read_text() + '[ "$1" = up ] && exit 255\n')
    result = run("deployment", "run", "--stack", "dev")
    assert isinstance(result.exception, EngineFailedError)
    assert result.exception.next_command == "strata deployment run --stack dev"


def test_a_dry_run_says_what_it_would_do(run: Run, project: Path) -> None:
    result = run("deployment", "run", "--stack", "dev", "--dry-run")
    assert result.output == f"{UP}  # directly\nnothing was done\n"
    assert not (project / "asked").exists()


def test_an_environment_that_was_never_created_is_refused(run: Run, project: Path) -> None:
    (project / "stacks").write_text("[]")
    result = run("deployment", "run", "--stack", "dev")
    assert isinstance(result.exception, NeverCreatedError)
    assert result.exception.next_command == "strata environment create dev"
    assert "up" not in (project / "asked").read_text().split()


def test_a_private_database_is_reached_through_the_jump_host(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  strata:database:\n    reach: tunnel\n"
    )
    taken: list[bool] = []
    monkeypatch.setattr(deployment, "find_plugin", lambda: None)
    monkeypatch.setattr(
        deployment.creation, "create", lambda _engine, steps, _say: taken.extend(one.through_tunnel for one in steps)
    )
    assert run("deployment", "run", "--stack", "dev").exit_code == 0
    assert taken == [True]
    assert step_of("direct").through_tunnel is False


def test_protection_is_never_overruled() -> None:
    assert "--ignore-protect" not in deployment.WORDS
