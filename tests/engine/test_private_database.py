"""An environment with a private database, from its stack file to its end: by the real engine and a tunnel that carries.

The plugin is a stand-in that forwards TCP, and the test answers StartSession; the jump host, its
network and its rights are made by the program as on AWS.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from local.variables import process_environment
from tests.engine.clients import client, connection
from tests.engine.environment import EngineEnvironment
from tests.engine.project_copy import project_copy
from tests.engine.session_manager import starting_sessions
from tests.strata.tunnel.fake_plugin import connections, install, is_running, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.environment import Result

pytestmark = pytest.mark.engine

STACK = "private"


class Private:
    """The commands that a deployer outside the network types, with what they need on this machine."""

    def __init__(self, environment: EngineEnvironment, plugin: Path, endpoint_url: str, targets: list[str]) -> None:
        self.environment = environment
        self.plugin = plugin
        self.targets = targets
        self._variables = {
            "AWS_ENDPOINT_URL": endpoint_url,
            "PATH": f"{plugin}:{process_environment(environment.home)['PATH']}",
        }

    def strata(self, *words: str, check: bool = True) -> Result:
        return self.environment.strata(*words, check=check, **self._variables)

    def state(self) -> list[dict[str, Any]]:
        exported = self.environment.pulumi("stack", "export", "--stack", STACK).output
        return list(json.loads(exported)["deployment"].get("resources", []))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    """A stack file for a private database, in a copy of the project with an environment as small as one can be."""
    plugin = install(tmp_path_factory.mktemp("plugin") / "bin", "")
    with project_copy() as project:
        content = yaml.safe_load((project / "Pulumi.local.yaml").read_text())
        config = content["config"]
        config |= {"strata:tenants": [], "strata:cdn": {"enabled": False}, "strata:alarms": {"enabled": False}}
        (project / "Pulumi.local.yaml").write_text(yaml.safe_dump(content))
        config |= {"strata:tenants": ["acme"], "strata:purpose": "development"}
        config["strata:database"]["reach"] = "tunnel"
        (project / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": config}))
        environment = EngineEnvironment.create(project)
        try:
            environment.up()
            with starting_sessions(client(environment, "ssm").meta.endpoint_url) as (url, targets):
                yield Private(environment, plugin, url, targets)
        finally:
            environment.remove()


def _create(private: Private) -> None:
    """Everything but the database's inside is made first; then the rest, through an instance that was not there."""
    tried = private.strata("environment", "create", STACK, "--dry-run").output.splitlines()
    assert [line.split("  #")[0] for line in tried] == [
        f"pulumi stack init --no-select --stack {STACK}",
        f"pulumi up --exclude '**::schema-logins' --exclude-dependents --stack {STACK}",
        f"pulumi up --stack {STACK}",
        "nothing was done",
    ]

    # The first attempt gets no further than the jump host; the second finds what the first has made.
    install(private.plugin, "", refuse="the agent went away")
    cut = private.strata("environment", "create", STACK, "--yes", check=False)
    assert cut.code == 1
    assert "error: the tunnel ended: session-manager-plugin exited with 255" in cut
    made = {one["type"]: one for one in private.state()}
    assert "aws:rds/instance:Instance" in made
    assert not {kind for kind in made if "dynamic/strata" in kind or kind.startswith("postgresql:")}

    install(private.plugin, "")
    done = private.strata("environment", "create", STACK, "--yes")
    assert "stack init" not in done.output
    assert "the tunnel to" in done
    by_type = {one["type"]: one for one in private.state()}
    instance = by_type["aws:ec2/instance:Instance"]
    assert instance["id"] == made["aws:ec2/instance:Instance"]["id"]
    assert private.targets == [instance["id"]] * 2
    assert connection(private.environment, STACK)["jump_host_id"] == instance["id"]
    assert connections(private.plugin) >= 2, "the dynamic providers went through it"
    assert not is_running(int(str(started(private.plugin)["pid"])))
    assert {"pulumi-python:dynamic/strata:TenantPartitions", "postgresql:index/role:Role"} <= by_type.keys()
    text = json.dumps(private.state())
    assert "STRATA_DATABASE_TUNNEL" not in text
    assert str(started(private.plugin)["arguments"][5]) not in text


def _examine(private: Private) -> None:
    """Neither with the stack of this machine, nor with the private one from within its tunnel."""
    own = json.loads(private.strata("doctor", "--json").output)
    within = ("database", "tunnel", "--database", f"ssm:/strata/{STACK}/database", "--", "strata", "doctor", "--json")
    theirs = json.loads(private.strata(*within, "--stack", STACK).output)
    for found in (own, theirs):
        assert [one for one in found if one["status"] == "failed"] == []
    details = {one["check"]: one["detail"] for one in theirs}
    assert details["session-manager-plugin"] == "session-manager-plugin 1.2.707.0"
    assert details["database"].endswith("acting as strata_owner, through a tunnel")


def _destroy(private: Private) -> None:
    refused = private.strata("environment", "destroy", STACK, "--confirm", STACK, check=False)
    assert refused.code == 1
    assert "error: 1 tenants are active: acme" in refused
    unsure = private.strata("environment", "destroy", STACK, "--with-tenants", check=False)
    assert unsure.code == 1
    assert f"next: strata environment destroy {STACK} --with-tenants --confirm {STACK}" in unsure
    tried = json.loads(private.strata("environment", "destroy", STACK, "--with-tenants", "--dry-run", "--json").output)
    assert (tried["done"], tried["tenants"]) == (False, ["acme"])

    done = private.strata("environment", "destroy", STACK, "--with-tenants", "--confirm", STACK)
    assert tried["final_snapshot"] in done
    left = {one["type"] for one in private.state()}
    assert not {kind for kind in left if "rds" in kind or "ec2" in kind or "dynamic" in kind}
    (bucket,) = tried["buckets"]
    held = client(private.environment, "s3")
    assert held.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    assert "aws:kms/key:Key" in left


@pytest.mark.timeout(900)  # Seven runs of the engine.
def test_the_life_of_a_private_environment(private: Private) -> None:
    """It is created through its own jump host, found well, and destroyed but for its archives."""
    _create(private)
    _examine(private)
    _destroy(private)
