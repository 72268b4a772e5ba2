import json

import pytest
from pulumi.runtime import config as runtime_config

from infra.config import read_pulumi_config


@pytest.fixture
def stack_dev(monkeypatch):
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    monkeypatch.delenv("PULUMI_OPTION_CONFIG_FILE", raising=False)
    runtime_config.set_all_config({})


def test_structured_values_are_decoded_and_plain_ones_left(stack_dev, monkeypatch):
    monkeypatch.setenv(
        "PULUMI_CONFIG",
        json.dumps({"aws:region": "eu-central-1", "strata:tenants": '["acme"]', "strata:cdn": "[not json"}),
    )
    found = read_pulumi_config()
    assert found.stack == "dev"
    assert found.raw == {"aws:region": "eu-central-1", "strata:tenants": ["acme"], "strata:cdn": "[not json"}
    assert found.stack_file == "Pulumi.dev.yaml"


def test_messages_name_the_stack_file_that_is_used(stack_dev, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", "elsewhere/Pulumi.local.yaml")
    assert read_pulumi_config().stack_file == "elsewhere/Pulumi.local.yaml"
