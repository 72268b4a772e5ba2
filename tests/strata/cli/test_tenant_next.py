"""A stack is named once, and every command that is advised is about that one."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.cli.tenant_next import NamedStack


@pytest.fixture(autouse=True)
def _exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_DATABASE", "ssm:/strata/local/database")
    monkeypatch.setenv("PULUMI_STACK", "local")
    monkeypatch.delenv("PULUMI_OPTION_CONFIG_FILE", raising=False)


@pytest.mark.parametrize(
    ("named", "in_stack_file", "in_database", "deploy"),
    [
        (NamedStack(), "", "", "pulumi up"),
        (NamedStack(database="ssm:/strata/local/database"), "", "", "pulumi up"),
        (NamedStack("dev"), "--stack dev", "--database ssm:/strata/dev/database", "pulumi up --stack dev"),
        (
            NamedStack(database="ssm:/strata/dev/database"),
            "--stack dev",
            "--database ssm:/strata/dev/database",
            "pulumi up --stack dev",
        ),
        (NamedStack(database="env:OTHER"), "--stack STACK", "--database env:OTHER", "pulumi up --stack STACK"),
        (
            NamedStack(file=Path("x/Pulumi.dev.yaml")),
            "--file x/Pulumi.dev.yaml",
            "--database ssm:/strata/dev/database",
            "pulumi up --stack dev --config-file x/Pulumi.dev.yaml",
        ),
        (
            NamedStack("dev", Path("x.yaml")),
            "--stack dev --file x.yaml",
            "--database ssm:/strata/dev/database",
            "pulumi up --stack dev --config-file x.yaml",
        ),
    ],
)
def test_what_was_named_is_named_again(named: NamedStack, in_stack_file: str, in_database: str, deploy: str) -> None:
    assert (" ".join(named.in_stack_file), " ".join(named.in_database)) == (in_stack_file, in_database)
    assert named.engine("up") == deploy
    assert named.engine("up", "--refresh") == deploy.replace("pulumi up", "pulumi up --refresh")


@pytest.mark.parametrize("named", [NamedStack("dev"), NamedStack(database="ssm:/strata/dev/database")])
def test_the_engine_reads_the_file_of_this_stack(
    named: NamedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable names the file of the stack that is exported, and the engine takes it for whatever stack."""
    (tmp_path / "Pulumi.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", "/home/local.yaml")
    assert named.engine("up") == f"pulumi up --stack dev --config-file {tmp_path}/Pulumi.dev.yaml"
