"""A new environment's files hold what is the old one's to share, and nothing that is its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator

from infra.config import ConfigError, load
from strata.environments.files import EnvironmentFileError
from strata.environments.new import NewEnvironmentError, new_environment
from strata.environments.stack_text import UncopyableError
from strata.stack_file import TenantFile
from tests.strata.cli.conftest import run  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tests.strata.cli.conftest import Run

PROJECT = Path(__file__).parents[3]
SCHEMAS = {
    name: Draft7Validator(json.loads((PROJECT / "schemas" / f"{name}.schema.json").read_text()))
    for name in ("stack", "tenants")
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with the stack files of this one."""
    for path in (PROJECT / "Pulumi.yaml", *PROJECT.glob("Pulumi.*.yaml")):
        shutil.copy(path, tmp_path)
    for folder in ("schemas", "tenants"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


def made(project: Path, name: str, source: str | None = None) -> str:
    return new_environment(project, name, source).files[f"Pulumi.{name}.yaml"]


def config_of(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)["config"]


def test_a_cell_of_production(project: Path) -> None:
    """The whole file, as a user finds it."""
    assert made(project, "prod-2") == (
        "# yaml-language-server: $schema=schemas/stack.schema.json\n"
        "# $schema: schemas/stack.schema.json\n"
        "#\n"
        "# The stack prod-2 on AWS, made from Pulumi.prod.yaml. Set what is marked; see docs/guides/environments.md.\n"
        "config:\n"
        "  aws:region: eu-central-1  # yours\n"
        "  strata:tenants:\n"
        '    file: "tenants/prod-2.yaml"\n'
        "  strata:partitions:\n"
        "    # Fixed once deployed: list to 1,000 tenants, bucketed to 10,000.\n"
        "    layout: bucketed\n"
        "    capacity: 5000\n"
        "  strata:database:\n"
        '    engineVersion: "18"\n'
        "    instanceClass: db.r7g.xlarge\n"
        "    allocatedStorageGib: 200\n"
        "    multiAz: true\n"
        "    backupRetentionDays: 14\n"
        "    deletionProtection: true\n"
        "    sslMode: verify-full\n"
        "    # https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem\n"
        "    caBundle: certificates/rds-global-bundle.pem\n"
        "  strata:network:\n"
        "    cidr: 10.20.0.0/16  # yours: a range that no network has which this one talks to\n"
        "    zones: 3\n"
        "  strata:api:\n"
        '    originDomain: "origin.prod-2.example.com"  # yours: the host name of the API\'s load balancer\n'
        "  strata:cdn:\n"
        "    # yours: strata:cdn.aliases, and hostedZoneId or certificateArn beside them\n"
        "    priceClass: PriceClass_All\n"
        "  strata:accessLogs:\n"
        "    retentionDays: 90\n"
    )


def test_it_has_no_tenants_and_takes_the_first(project: Path) -> None:
    new_environment(project, "prod-2").write()
    text = (project / "tenants" / "prod-2.yaml").read_text()
    assert yaml.safe_load(text) == []
    assert text.startswith("# yaml-language-server: $schema=../schemas/tenants.schema.json\n# $schema: ../schemas/")
    opened = TenantFile.open(project / "Pulumi.prod-2.yaml")
    added = opened.added("acme")
    added.write()
    assert (project / "tenants" / "prod-2.yaml").read_text() == text.replace("[]\n", "- acme\n")


@pytest.mark.parametrize("source", ["dev", "staging", "prod"])
def test_both_files_are_what_their_schemas_say(project: Path, source: str) -> None:
    files = new_environment(project, f"{source}-2").files
    for (_, text), schema in zip(files.items(), SCHEMAS.values(), strict=True):
        schema.validate(yaml.safe_load(text))


def test_it_is_deployable_once_it_is_filled_in(project: Path) -> None:
    """Until then the preview names what production must have."""
    new_environment(project, "prod-2").write()
    config = config_of((project / "Pulumi.prod-2.yaml").read_text())
    with pytest.raises(ConfigError) as refused:
        load("prod-2", config, "Pulumi.prod-2.yaml", project)
    assert [problem.key for problem in refused.value.problems] == ["strata:cdn.aliases"]
    config["strata:cdn"] |= {"aliases": ["api-2.example.com"], "hostedZoneId": "Z1"}
    assert load("prod-2", config, "Pulumi.prod-2.yaml", project).purpose == "production"


def test_it_is_made_from_what_is_there_for_its_purpose(project: Path) -> None:
    new_environment(project, "prod-2").write()
    sources = {name: new_environment(project, name).source for name in ("dev-2", "staging-eu", "prod-3", "sandbox")}
    assert sources == {"dev-2": "dev", "staging-eu": "staging", "prod-3": "prod", "sandbox": "dev"}


def test_a_name_that_says_no_purpose_gets_the_one_of_its_source(project: Path) -> None:
    assert config_of(made(project, "eu-1", "prod"))["strata:purpose"] == "production"
    new_environment(project, "eu-1", "prod").write()
    assert "strata:purpose" not in config_of(made(project, "dev-2", "eu-1"))
    assert config_of(made(project, "eu-2", "eu-1"))["strata:purpose"] == "production"


OWN = """\
# A comment of the old environment.
secretsprovider: awskms://alias/strata?region=eu-west-1
encryptedkey: AQICAHg
config:
  # Where it is.
  aws:region: eu-west-1
  strata:partitions: {layout: list, idPattern: "[A-Z]+"}
  datadog:apiKey:
    secure: v1:abc
  strata:database:
    # The old instance.
    existing:
      endpoint: db.example.com
      port: 5432
      database: strata
      resourceId: db-ABC
      masterSecretArn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:x
    # How it is checked.
    sslMode: require
  strata:network:
    vpcId: vpc-1
    privateSubnetIds:
      - subnet-1
      - subnet-2
  strata:cdn: {enabled: true, aliases: [api.example.com], certificateArn: a, secretsVersion: 3}
  strata:alarms:
    email: a@example.com  # ours
    token:
      - secure: v1:def
  strata:tenants:
    - ACME  # the first
    - id: GLOBEX
      state: offboarding
  strata:api:
    originDomain: api.example.com
encryptionsalt: v1:salt
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a project with an environment that has everything of its own."""
    (tmp_path / "Pulumi.old.yaml").write_text(OWN)
    return tmp_path


def test_what_is_the_old_environments_own_is_left_out(old: Path) -> None:
    found = new_environment(old, "dev", "old")
    assert found.left_out == [
        "datadog:apiKey",
        "encryptedkey",
        "encryptionsalt",
        "secretsprovider",
        "strata:alarms.token",
        "strata:cdn.aliases",
        "strata:cdn.certificateArn",
        "strata:cdn.secretsVersion",
        "strata:database.existing",
    ]
    text = found.files["Pulumi.dev.yaml"]
    assert text == (
        "# yaml-language-server: $schema=schemas/stack.schema.json\n"
        "# $schema: schemas/stack.schema.json\n"
        "#\n"
        "# The stack dev on AWS, made from Pulumi.old.yaml. Set what is marked; see docs/guides/environments.md.\n"
        "config:\n"
        "  # Where it is.\n"
        "  aws:region: eu-west-1  # yours: the region\n"
        '  strata:partitions: {layout: list, idPattern: "[A-Z]+"}\n'
        "  strata:database:\n"
        "    # The old instance.\n"
        "    # yours: strata:database.existing, or the keys of an instance to make\n"
        "    # How it is checked.\n"
        "    sslMode: require\n"
        "  strata:network:\n"
        "    vpcId: vpc-1  # yours: the VPC\n"
        "    privateSubnetIds:  # yours: private subnets of the VPC\n"
        "      - subnet-1\n"
        "      - subnet-2\n"
        "  # yours: strata:cdn.aliases, and hostedZoneId or certificateArn beside them\n"
        "  strata:cdn: {enabled: true}\n"
        "  strata:alarms:\n"
        "    email: a@example.com  # ours # yours: who gets the alarms\n"
        "  strata:api:\n"
        '    originDomain: "origin.dev.example.com"  # yours: the host name of the API\n'
        '  strata:tenants: {file: "tenants/dev.yaml"}\n'
    )
    assert "tenants-own-ids.schema.json" in found.files["tenants/dev.yaml"]


def test_lines_that_end_as_on_windows_are_read(old: Path) -> None:
    (old / "Pulumi.old.yaml").write_bytes(OWN.replace("\n", "\r\n").encode())
    found = new_environment(old, "dev", "old")
    assert config_of(found.files["Pulumi.dev.yaml"])["strata:database"] == {"sslMode": "require"}


def test_a_section_of_which_nothing_is_left_goes(old: Path) -> None:
    config = "config:\n  aws:region: eu-west-1\n  strata:cdn:\n    aliases: [a.example.com]\n    hostedZoneId: Z1\n"
    (old / "Pulumi.old.yaml").write_text(config)
    text = made(old, "dev", "old")
    assert config_of(text) == {"aws:region": "eu-west-1", "strata:tenants": {"file": "tenants/dev.yaml"}}
    assert "  # yours: strata:cdn.aliases, and hostedZoneId or certificateArn beside them\n" in text


def test_a_file_that_cannot_be_copied_key_by_key_is_refused(old: Path) -> None:
    (old / "Pulumi.old.yaml").write_text(
        "config:\n  aws:region: a\n  strata:api:\n    originDomain: &host api.example.com\n  other:host: *host\n"
    )
    with pytest.raises(UncopyableError) as refused:
        new_environment(old, "dev", "old")
    assert refused.value.next_command == "copy it by hand"


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("Prod", None, "the name does not fit into names on AWS (name Prod); allowed: a letter, then"),
        ("a--b", None, "the name does not fit into names on AWS"),
        ("dev", None, "the environment is there already (file Pulumi.dev.yaml); allowed: a new name; next: strata"),
        ("eu-1", None, "nothing says what to make it from (name eu-1); allowed: --from dev or staging or prod; next:"),
        ("dev-2", "nowhere", "there is no environment nowhere to make it from (name dev-2)"),
        ("dev-2", "local", "there is no environment local to make it from"),
    ],
)
def test_what_cannot_be_made_is_refused(project: Path, name: str, source: str | None, message: str) -> None:
    with pytest.raises(NewEnvironmentError) as refused:
        new_environment(project, name, source)
    assert str(refused.value).startswith(message)


def test_a_list_of_tenants_that_is_there_is_not_taken_over(project: Path) -> None:
    (project / "tenants" / "prod-2.yaml").write_text("- acme\n")
    with pytest.raises(NewEnvironmentError, match=r"there already \(file tenants/prod-2.yaml\)"):
        new_environment(project, "prod-2")


def test_what_somebody_wrote_meanwhile_stays_and_nothing_else_is_left(project: Path) -> None:
    found = new_environment(project, "prod-2")
    (project / "tenants" / "prod-2.yaml").write_text("- acme\n")
    with pytest.raises(NewEnvironmentError, match="cannot be written: File exists"):
        found.write()
    assert not (project / "Pulumi.prod-2.yaml").exists()
    assert (project / "tenants" / "prod-2.yaml").read_text() == "- acme\n"


def test_the_command_says_what_to_fill_in(
    project: Path,
    run: Run,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(project)
    tried = run("environment", "new", "prod-2", "--dry-run").stdout
    assert tried.startswith("--- Pulumi.prod-2.yaml\n# yaml-language-server")
    assert tried.endswith("nothing was written\n")
    assert not (project / "Pulumi.prod-2.yaml").exists()
    said = run("environment", "new", "prod-2").stdout
    assert "left out, because it is prod's: strata:cdn.aliases, strata:cdn.hostedZoneId\n" in said
    assert "  Pulumi.prod-2.yaml:29: # yours: strata:cdn.aliases, and hostedZoneId or certificateArn" in said
    assert "  strata tenant add TENANT --stack prod-2\n" in said
    assert "--secrets-provider 'awskms://alias/strata-state?region=YOUR-REGION'\n" in said
    found = json.loads(run("environment", "new", "prod-3", "--from", "prod-2", "--json").stdout)
    assert (found["from"], found["written"]) == ("prod-2", True)
    assert found["to_fill_in"][0] == {
        "file": "Pulumi.prod-3.yaml",
        "line": 6,
        "text": "aws:region: eu-central-1  # yours",
    }


def test_the_list_shows_what_each_is_for(
    project: Path,
    run: Run,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Defaults are those of the models: `local` writes neither layout nor standby."""
    monkeypatch.chdir(project)
    new_environment(project, "eu-1", "prod").write()
    found = {one["environment"]: one for one in json.loads(run("environment", "list", "--json").stdout)}
    assert list(found) == ["dev", "local", "staging", "eu-1", "prod"]
    assert found["local"] == {
        "environment": "local",
        "purpose": "development",
        "region": "eu-central-1",
        "tenants": 2,
        "layout": "list",
        "database": {
            "instanceClass": "db.t4g.medium",
            "multiAz": False,
            "deletionProtection": False,
            "backupRetentionDays": 7,
        },
    }
    assert (found["eu-1"]["purpose"], found["eu-1"]["tenants"]) == ("production", 0)
    lines = run("environment", "list").stdout.splitlines()
    assert lines[-1].split(maxsplit=5) == [
        *("prod", "production", "eu-central-1", "1", "bucketed"),
        "db.r7g.xlarge, multi-AZ, protected, backups 14 d",
    ]


def test_a_stack_file_that_is_none_is_named(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.chdir(project)
    for text in ("config: [", "- a\n", "config:\n", "\x00"):
        (project / "Pulumi.odd.yaml").write_text(text)
        refused = run("environment", "list").exception
        assert isinstance(refused, EnvironmentFileError)
        assert refused.where["file"] == project / "Pulumi.odd.yaml"
