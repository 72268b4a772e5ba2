import json

import pytest

from strata import aws
from strata.doctor import stack as checks


def test_a_stack_file(subject, write_stack):
    assert checks.stack_file(subject()) == checks.ok("Pulumi.dev.yaml: 1 tenants, eu-west-1")


def test_no_stack_is_named(subject):
    found = checks.stack_file(subject(stack=None))
    assert (found.status, found.remedy) == ("failed", "source .strata/env, or strata doctor --stack dev")
    assert checks.backend(subject(stack=None)).status == "skipped"
    assert checks.secrets_provider(subject(stack=None)).status == "skipped"


@pytest.mark.parametrize("text", ["config: [", "config: {}\n", "- a list\n", "config:\n  strata:tenants: 7\n"])
def test_a_stack_file_that_cannot_be_used(subject, tmp_path, text):
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    found = checks.stack_file(subject())
    assert found.status == "failed"
    assert found.remedy


def test_a_stack_file_that_is_not_there(subject):
    found = checks.stack_file(subject(stack="nowhere"))
    assert found.status == "failed"


def test_the_backend(subject, programs):
    assert checks.backend(subject()).remedy == "source .strata/env, or install the Pulumi CLI"
    programs.add("pulumi")
    found = checks.backend(subject())
    assert (found.status, found.remedy) == ("failed", "pulumi login s3://<the state bucket>")
    assert found.detail == "`pulumi stack ls` failed: cannot"
    programs.add("pulumi", stack=json.dumps([{"name": "organization/strata/other"}]))
    found = checks.backend(subject())
    assert (found.status, found.remedy) == ("failed", "strata environment create dev")
    programs.add("pulumi", stack=json.dumps([{"name": "organization/strata/dev"}]))
    assert checks.backend(subject()) == checks.ok("the backend has stack dev")


def test_a_passphrase(subject, write_stack, monkeypatch):
    write_stack(encryptionsalt="v1:abc")
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert checks.secrets_provider(subject()).remedy == "export PULUMI_CONFIG_PASSPHRASE=..."
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    assert checks.secrets_provider(subject()) == checks.ok("passphrase, from the environment")


def test_a_key(subject, write_stack, cloud):
    client = aws.client("kms", "eu-west-1")
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName="alias/strata", TargetKeyId=key_id)
    write_stack(secretsprovider="awskms://alias/strata?region=eu-west-1")
    assert checks.secrets_provider(subject()) == checks.ok("alias/strata is enabled")
    client.disable_key(KeyId=key_id)
    found = checks.secrets_provider(subject())
    assert (found.status, found.detail) == ("failed", "alias/strata is Disabled")
    write_stack(secretsprovider="awskms://alias/nobodys?region=eu-west-1")
    found = checks.secrets_provider(subject())
    assert found.status == "failed"
    assert "NotFoundException" in found.detail


def test_other_providers_and_none(subject, write_stack):
    assert checks.secrets_provider(subject()).status == "skipped"
    write_stack(secretsprovider="gcpkms://projects/p/keys/k")
    assert checks.secrets_provider(subject()).status == "ok"
