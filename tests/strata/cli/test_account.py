"""`strata account`: what it prints, and how it refuses."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from strata import aws
from strata.account.settings import AccountSettingsError
from tests.strata.cli.conftest import emulator_url  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.strata.cli.conftest import Run

REGION = "eu-west-1"


@pytest.fixture
def account(emulator_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:  # noqa: F811 - the fixture
    """Return a new account of the emulator, and work in a folder with no stack file."""
    account_id = str(secrets.randbelow(9 * 10**11) + 10**11)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account_id)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.chdir(tmp_path)
    aws._client.cache_clear()
    yield account_id
    aws._client.cache_clear()


def test_a_dry_run_prints_every_call_and_makes_none(run: Run, account: str) -> None:
    result = run("account", "bootstrap", "--repository", "acme/strata", "--environment", "dev", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "kms:CreateKey\n{" in result.output
    assert f'"Bucket": "strata-state-{account}-{REGION}"' in result.output
    assert '"Action": "sts:AssumeRoleWithWebIdentity"' in result.output
    assert "calls would be made." in result.output
    shown = run("account", "show", "--repository", "acme/strata", "--environment", "dev", "--json")
    assert {one["result"] for one in json.loads(shown.output)["outcomes"]} == {"created", "unchanged"}


def test_a_run_says_what_it_did_and_what_follows(run: Run, account: str) -> None:
    command = ("account", "bootstrap", "--repository", "acme/strata", "--environment", "dev")
    first = run(*command)
    assert first.exit_code == 0, first.output
    assert "parts settled." in first.output
    second = run(*command)
    assert "Everything is as wanted." in second.output
    role = f"arn:aws:iam::{account}:role"
    for line in (
        "gh api --method PUT repos/{owner}/{repo}/environments/dev-drift",
        f"gh variable set AWS_PREVIEW_ROLE_ARN --body {role}/strata-preview",
        f"gh variable set AWS_DEPLOY_ROLE_ARN --env dev --body {role}/strata-deploy-dev",
        f"gh variable set AWS_DRIFT_ROLE_ARN --env dev-drift --body {role}/strata-drift-dev",
        f"pulumi login 's3://strata-state-{account}-{REGION}?region={REGION}'",
        f"pulumi stack init dev --secrets-provider 'awskms://alias/strata-state?region={REGION}'",
    ):
        assert f"  {line}\n" in second.output
    shown = run("account", "show", "--repository", "acme/strata", "--environment", "dev")
    assert "as wanted" in shown.output
    assert "missing" not in shown.output


def test_stack_files_say_region_and_zone(run: Run, account: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  strata:cdn:\n    hostedZoneId: Z0123456789ABCDEFGHIJ\n"
    )
    result = run("account", "bootstrap", "--repository", "acme/strata", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert "hostedzone/Z0123456789ABCDEFGHIJ" in result.output
    found = json.loads(result.output)
    assert found["account"] == account
    regions = {one["environment"]: one["value"] for one in found["variables"] if one["name"] == "AWS_REGION"}
    assert regions == {None: REGION, "prod": "eu-central-1", "prod-drift": "eu-central-1"}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--repository", "acme/*", "--environment", "dev"), "not a repository: 'acme/*'"),
        (("--repository", "acme", "--environment", "dev"), "not a repository: 'acme'"),
        (("--repository", "acme/strata:ref", "--environment", "dev"), "not a repository: 'acme/strata:ref'"),
        (("--repository", "acme/strata", "--environment", "Dev"), "not an environment's name: 'Dev'"),
        (("--repository", "acme/strata", "--environment", "*"), "not an environment's name: '*'"),
        (("--repository", "acme/strata", "--environment", "dev", "--branch", "*"), "not a branch: '*'"),
        (
            ("--repository", "acme/strata", "--environment", "dev", "--environment", "dev"),
            "the environment dev is named twice",
        ),
        (("--repository", "acme/strata"), "no environment is named, and there is no stack file here"),
    ],
)
def test_what_would_widen_a_trust_is_refused(run: Run, account: str, arguments: tuple[str, ...], what: str) -> None:
    del account
    result = run("account", "bootstrap", *arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, AccountSettingsError)
    assert result.exception.what == what


def test_numbers_in_the_repositorys_name_are_trusted_as_they_are(run: Run, account: str) -> None:
    del account
    result = run("account", "bootstrap", "--repository", "acme@12/strata@34", "--environment", "dev", "--dry-run")
    assert '"repo:acme@12/strata@34:pull_request"' in result.output
