"""The provider's own rules; what it calls is tested in tests/strata/caching/test_edge_secrets.py."""

import pytest
from pulumi.output import Unknown

from infra.providers import edge_secrets
from infra.providers.edge_secrets import EdgeSecretsProvider

DEPLOYED = {"secret_arn": "arn:secret", "store_arn": "arn:store", "version": 2.0}


@pytest.fixture
def calls(monkeypatch) -> list[tuple]:
    """Record what the provider asks for; a preview must ask for nothing."""
    made = []
    monkeypatch.setattr(edge_secrets, "converge", lambda *arguments: made.append(arguments) or ("done",))
    monkeypatch.setattr(edge_secrets, "drift", lambda *arguments: made.append(arguments))
    return made


def test_an_older_version_is_refused_when_the_stack_is_planned(calls):
    [failure] = EdgeSecretsProvider().check(DEPLOYED, {**DEPLOYED, "version": 1}).failures
    assert failure.property == ""
    assert failure.reason == (
        "the edge's secrets are of version 2 and cannot become version 1 again; "
        "allowed: strata:cdn.secretsVersion 2, or a higher one to rotate them; next: set it back, then pulumi preview"
    )
    assert calls == []


@pytest.mark.parametrize(
    ("olds", "news"),
    [
        ({}, {"secret_arn": Unknown(), "store_arn": Unknown(), "version": 1}),
        (DEPLOYED, DEPLOYED),
        (DEPLOYED, {**DEPLOYED, "version": 3.0}),
        (DEPLOYED, {**DEPLOYED, "secret_arn": Unknown()}),
    ],
)
def test_every_other_change_passes_without_a_call(calls, olds, news):
    provider = EdgeSecretsProvider()
    assert provider.check(olds, news).failures == []
    assert provider.diff("edge-secrets", olds, news).replaces == []
    assert calls == []


def test_a_first_run_and_a_rotation_say_what_they_did_and_keep_only_names(calls, capsys):
    made = EdgeSecretsProvider().create(DEPLOYED)
    assert made.outs == DEPLOYED
    updated = EdgeSecretsProvider().update(made.id, DEPLOYED, {**DEPLOYED, "version": 3.0})
    assert updated.outs == {**DEPLOYED, "version": 3.0}
    assert calls == [("arn:secret", "arn:store", 2, None), ("arn:secret", "arn:store", 3, 2)]
    assert capsys.readouterr().out == "edge secrets: done\n" * 2


def test_what_drifted_is_an_input_that_the_program_does_not_have(calls, monkeypatch):
    provider = EdgeSecretsProvider()
    assert provider.read("edge-secrets", DEPLOYED).inputs is None
    monkeypatch.setattr(edge_secrets, "drift", lambda *_: "the store holds no secrets any more")
    found = provider.read("edge-secrets", DEPLOYED)
    assert found.outs == DEPLOYED
    assert found.inputs == {**DEPLOYED, "drifted": "the store holds no secrets any more"}
