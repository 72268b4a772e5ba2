"""The rights on the state are those that the real engine uses: each command runs as its role, and nothing is refused.

The bucket and the key are the ones that the bootstrap makes; in front of them every call is judged by the role's own
policies. What a stack's resources need is no part of this: the stack here has none of AWS.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from local.engine.install import find_or_make, link_into
from local.paths import CHECKOUT, Home
from strata.account.bootstrap import bootstrap
from strata.account.key import key_arn
from tests.engine.guarded_aws import Guard, guarding
from tests.strata.account.conftest import emulator_url, world  # noqa: F401 - fixtures
from tests.strata.account.rights import statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.strata.account.conftest import World

pytestmark = pytest.mark.engine

PROJECT = f"""
name: strata
runtime:
  name: python
  options:
    virtualenv: {CHECKOUT}/.venv
"""
PROGRAM = """
import pulumi

pulumi.export("secret", pulumi.Config().require_secret("secret"))
pulumi.export("answer", pulumi.Config().get("answer"))
pulumi.ComponentResource("strata:test:Thing", "thing")
"""
EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


@dataclass(frozen=True)
class StateBackend:
    """A project on the state bucket of an account, and the guard in front of it."""

    world: World
    guard: Guard
    variables: dict[str, str]
    project: Path

    def administrator(self, *arguments: str) -> str:
        """Run ``pulumi`` as somebody who may do everything."""
        self.guard.statements = EVERYTHING
        return self._run(*arguments).stdout

    def as_role(self, role: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``pulumi`` as a role of the account; the guard has its calls, and only its."""
        self.guard.statements = statements_of(role, self.world.settings, self.guard.key_arn)
        self.guard.calls.clear()
        return self._run(*arguments, check=False)

    def _run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.variables["PULUMI"], *arguments, "--non-interactive"],
            cwd=self.project,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done


@pytest.fixture
def backend(world: World, tmp_path: Path) -> Iterator[StateBackend]:  # noqa: F811 - the fixture
    """Set an account up, and make the stack prod in its bucket as the guide tells."""
    list(bootstrap(world.account, world.settings))
    home = Home(tmp_path / "home")
    home.bin.mkdir(parents=True)
    link_into(home, find_or_make())
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(PROJECT)
    (project / "__main__.py").write_text(PROGRAM)
    port = int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    guard = Guard(world.settings.account_id, EVERYTHING, key_arn(world.account))
    with ExitStack() as stack:
        address = stack.enter_context(guarding(guard, port))
        variables = {
            **os.environ,
            "PULUMI": str(home.bin / "pulumi"),
            "PATH": f"{home.bin}:{os.environ['PATH']}",
            "PULUMI_HOME": str(tmp_path / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # The host's names would put the bucket in front of localhost.
            "PULUMI_BACKEND_URL": f"{world.settings.backend_url}&use_path_style=true",
            "AWS_ENDPOINT_URL": address,
        }
        one = StateBackend(world, guard, variables, project)
        one.administrator("stack", "init", "prod", "--secrets-provider", world.settings.secrets_provider)
        one.administrator("config", "set", "--secret", "secret", "forty-two")
        yield one


def test_each_role_does_its_work_and_no_other(backend: StateBackend) -> None:
    """Previews and refreshes write nothing and lock nothing; an update needs the deploy role of that environment."""
    deploy, drift, preview = "strata-deploy-prod", "strata-drift-prod", "strata-preview"

    refused = backend.as_role(preview, "up", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert {call.split()[0] for call in backend.guard.refused} == {"!s3:PutObject"}

    done = backend.as_role(deploy, "up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    assert backend.guard.refused == []
    assert any(call.startswith("s3:DeleteObject") and "/.pulumi/locks/" in call for call in backend.guard.calls)

    for role, command in (
        (preview, ("preview", "--expect-no-changes")),
        (drift, ("preview", "--refresh", "--expect-no-changes")),
        (drift, ("refresh", "--preview-only", "--expect-no-changes")),
    ):
        done = backend.as_role(role, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert backend.guard.refused == []
        assert {call.split()[0] for call in backend.guard.calls} == {"kms:Decrypt", "s3:GetObject", "s3:ListBucket"}
        assert not [call for call in backend.guard.calls if "/.pulumi/locks/" in call]

    # A stack of another environment: seen by a preview, and by nobody else.
    backend.administrator("stack", "init", "dev", "--secrets-provider", backend.world.settings.secrets_provider)
    backend.administrator("config", "set", "--stack", "dev", "--secret", "secret", "forty-two")
    assert backend.as_role(preview, "preview", "--stack", "dev").returncode == 0
    assert backend.as_role(drift, "preview", "--stack", "dev").returncode != 0
    refused = backend.as_role(deploy, "up", "--yes", "--skip-preview", "--stack", "dev")
    assert refused.returncode != 0
    assert all("/dev" in call for call in backend.guard.refused)
    assert backend.guard.refused


def test_a_right_to_list_that_is_narrower_would_hide_what_is_missing(backend: StateBackend) -> None:
    """Why `ListBucket` has no prefix: with one, the tags that a stack lacks are forbidden instead of missing."""
    backend.administrator("up", "--yes", "--skip-preview")
    by_prefix = [
        {**one, "Condition": {"StringLike": {"s3:prefix": ".pulumi/*"}}} if one["Action"] == ["s3:ListBucket"] else one
        for one in statements_of("strata-preview", backend.world.settings, backend.guard.key_arn)
    ]
    backend.guard.statements = by_prefix
    backend.guard.calls.clear()
    assert backend._run("preview", check=False).returncode != 0
    assert any(call.startswith("s3:ListBucket") for call in backend.guard.calls)
    missing = backend.guard.calls.index(f"!s3:ListBucket arn:aws:s3:::{backend.world.settings.bucket}") - 1
    assert backend.guard.calls[missing].endswith("/prod.pulumi-tags")
