"""Every rule of the pack: the project's own stacks pass, and each mistake is named by the rule that it breaks."""

from fnmatch import fnmatchcase

import pytest
import yaml
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_BOOLEAN_VALUE, UNKNOWN_NUMBER_VALUE

from policy.pack import NAME, RULES, as_policy
from policy.skips import rule_skips
from tests.policy.judging import violations
from tests.policy.mutants import CACHE_POLICY, DISTRIBUTION, INSTANCE, MUTANTS, put, with_unknowns
from tests.policy.planning import CHECKOUT, STACKS, plan, plan_of


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_of_the_project_pass(stack):
    assert violations(plan(stack)) == []


def test_a_jump_host_passes():
    content = yaml.safe_load((CHECKOUT / "Pulumi.prod.yaml").read_text())["config"]
    tunnel = {**content, "strata:database": {**content["strata:database"], "reach": "tunnel"}}
    assert violations(plan_of("prod", tunnel)) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_first_preview_of_a_stack_passes(stack):
    assert violations(with_unknowns(plan(stack))) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mistake_is_named_by_its_rule(mutant):
    found = violations(mutant.plan())
    assert {violation.rule for violation in found} == mutant.rules
    assert any(mutant.message in violation.message for violation in found)
    for violation in found:
        assert "; next: " in violation.message
        assert not any(secret in violation.message for secret in ("correct-horse", "hunter22", "s3cr3t"))


def test_every_rule_is_broken_by_a_mutant():
    assert {rule for mutant in MUTANTS for rule in mutant.rules} == {rule.name for rule in RULES}
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_mistake_in_what_is_known_is_named_in_the_first_preview_too():
    found = violations(with_unknowns(next(one for one in MUTANTS if one.name == "public instance").plan()))
    assert {violation.rule for violation in found} == {"no-public-access"}


def test_what_nobody_knows_yet_is_for_the_update():
    planned = plan("prod")
    for key in ("publiclyAccessible", "storageEncrypted", "deletionProtection"):
        planned = put(INSTANCE, None, key, UNKNOWN_BOOLEAN_VALUE)(planned)
    planned = put(CACHE_POLICY, "edge-policies-realtime", "minTtl", UNKNOWN_NUMBER_VALUE)(planned)
    planned = put(DISTRIBUTION, None, "orderedCacheBehaviors", UNKNOWN_ARRAY_VALUE)(planned)
    assert violations(planned) == []


def test_every_exception_is_needed(monkeypatch):
    monkeypatch.setattr("policy.pack.is_skipped", lambda rule, resource: False)
    for skip in rule_skips():
        found = {one.resource for one in violations(plan(skip.stack)) if one.rule == skip.rule}
        for pattern in skip.resources:
            assert any(fnmatchcase(name, pattern) for name in found)
        assert skip.reason


def test_exceptions_are_of_one_machine_only():
    assert {skip.stack for skip in rule_skips()} == {"local"}


def test_a_rule_says_what_holds_and_what_to_do():
    assert NAME == "strata"
    for rule in RULES:
        policy = as_policy(rule)
        assert policy.name == rule.name == rule.name.lower()
        assert policy.description.endswith(".")
        assert policy.remediation_steps


def test_a_name_that_says_nothing_does_not_escape(monkeypatch):
    mutant = next(one for one in MUTANTS if one.name == "dropped in production")
    planned = mutant.plan()
    renamed = type(planned)(
        "acme",
        tuple(
            type(one)(
                one.type, one.name, one.urn.replace(":prod:", ":acme:"), one.properties, one.protect, one.provider
            )
            for one in planned.resources
            if one.name == "tenant-globex"
        ),
    )
    assert {violation.rule for violation in violations(renamed)} == {"tenant-protection"}
