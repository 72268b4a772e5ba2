"""Checkov over the planned stacks: nothing fails that is not explained, and mistakes fail through the translation."""

import copy
import re

import pytest
import yaml

from local.scanner.checkov import scan
from local.scanner.terraform import translate
from policy.skips import check_skips, setting_skips
from tests.policy.mutants import (
    ACCESS_BLOCK,
    BUCKET_ENCRYPTION,
    DISTRIBUTION,
    INGRESS,
    INSTANCE,
    KEY,
    LOG_GROUP,
    PARAMETERS,
    TOPIC,
    put,
    without,
)
from tests.policy.planning import AWS_STACKS, CHECKOUT, plan, plan_of

MOST_SKIPS = 8


def ssh_for_everybody(planned):
    for key, value in {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22}.items():
        planned = put(INGRESS, "network-database-from-application", key, value)(planned)
    return planned


#: What production has to have and other stacks may leave out, and what the account has beside the stack.
AS_IN_PRODUCTION = {
    "strata:database": {"multiAz": True, "deletionProtection": True, "backupRetentionDays": 14},
    "strata:network": {
        "vpcId": "vpc-0123456789abcdef0",
        "privateSubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "allowedSecurityGroupIds": ["sg-0123456789abcdef0"],
    },
    "strata:cdn": {
        "aliases": ["api.example.com"],
        "hostedZoneId": "Z0123456789ABCDEFGHIJ",
        "webAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/account/0123",
    },
}
#: Mistakes, each in a resource of its own, and the check that must see it.
MISTAKES = {
    "CKV_AWS_17": put(INSTANCE, None, "publiclyAccessible", True),
    "CKV_AWS_16": put(INSTANCE, None, "storageEncrypted", False),
    "CKV_AWS_157": put(INSTANCE, None, "multiAz", False),
    "CKV_AWS_133": put(INSTANCE, None, "backupRetentionPeriod", 0),
    "CKV_AWS_118": put(INSTANCE, None, "monitoringInterval", 0),
    "CKV2_AWS_69": put(PARAMETERS, None, "parameters[2].value", "0"),
    "CKV_AWS_7": put(KEY, "archive-key", "enableKeyRotation", False),
    "CKV_AWS_26": put(TOPIC, "alarms-topic", "kmsMasterKeyId", None),
    "CKV_AWS_158": put(LOG_GROUP, "database-logs-postgresql", "kmsKeyId", None),
    "CKV_AWS_338": put(LOG_GROUP, "database-logs-postgresql", "retentionInDays", 7),
    "CKV_AWS_24": ssh_for_everybody,
    "CKV_AWS_34": put(DISTRIBUTION, None, "orderedCacheBehaviors[0].viewerProtocolPolicy", "allow-all"),
    "CKV_AWS_174": put(DISTRIBUTION, None, "viewerCertificate.minimumProtocolVersion", "TLSv1"),
    "CKV2_AWS_6": without(ACCESS_BLOCK, "archive-public-access"),
    "CKV_AWS_53": put(ACCESS_BLOCK, "access-logs-public-access", "blockPublicAcls", False),
    "CKV_AWS_145": put(
        BUCKET_ENCRYPTION,
        "access-logs-encryption",
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
        "AES256",
    ),
}


def as_in_production(stack: str):
    """Return the plan of a stack with what its file leaves out."""
    content = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())["config"]
    content = copy.deepcopy(content)
    for section, values in AS_IN_PRODUCTION.items():
        # Of a network there is one: the stack's own, or the one that is there.
        content[section] = values if section == "strata:network" else {**content.get(section, {}), **values}
    return plan_of(stack, content)


def with_every_mistake():
    planned = plan("prod")
    for mistake in MISTAKES.values():
        planned = mistake(planned)
    return planned


def through_a_tunnel():
    """Return the plan of production with a jump host."""
    content = yaml.safe_load((CHECKOUT / "Pulumi.prod.yaml").read_text())["config"]
    return plan_of("prod", {**content, "strata:database": {**content["strata:database"], "reach": "tunnel"}})


@pytest.fixture(scope="module")
def reports():
    """The report of each stack, of each as production would have it, and of a plan full of mistakes; one scan."""
    plans = {stack: plan(stack) for stack in AWS_STACKS}
    plans |= {f"{stack}-as-in-production": as_in_production(stack) for stack in AWS_STACKS}
    plans["tunnel"] = through_a_tunnel()
    plans["mistakes"] = with_every_mistake()
    return scan({name: translate(planned.resources) for name, planned in plans.items()})


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_nothing_fails_that_is_not_explained(reports, stack):
    explained = {skip.check for skip in check_skips()}
    explained |= {skip.check for skip in setting_skips() if stack in skip.stacks}
    assert reports[stack].failed_checks == explained
    assert len(reports[stack].passed) > 100


def test_nothing_of_a_jump_host_fails_that_is_not_explained(reports):
    explained = {skip.check for skip in check_skips()}
    explained |= {skip.check for skip in setting_skips() if skip.stacks & {"prod", "tunnel"}}
    assert reports["tunnel"].failed_checks == explained


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_what_a_setting_explains_passes_with_the_setting(reports, stack):
    assert reports[f"{stack}-as-in-production"].failed_checks == {skip.check for skip in check_skips()}


def test_skips_are_few_and_have_reasons():
    assert len(check_skips()) <= MOST_SKIPS
    for skip in (*check_skips(), *setting_skips()):
        assert re.fullmatch(r"CKV2?_AWS_\d+", skip.check)
        assert len(skip.reason) > 20
    shown_to_pass = {f"{section}.{key}" for section, values in AS_IN_PRODUCTION.items() for key in values}
    assert {skip.key for skip in setting_skips()} <= {*shown_to_pass, "strata:database.reach"}


@pytest.mark.parametrize("check", MISTAKES)
def test_a_mistake_fails_through_the_translation(reports, check):
    before = {finding.resource for finding in reports["prod"].failed if finding.check == check}
    after = {finding.resource for finding in reports["mistakes"].failed if finding.check == check}
    assert after - before, f"{check} does not see its mistake"
