"""check and delete of a tenant's resource, which need no database."""

from typing import Any

import pytest

from infra.providers.tenant_partitions import TenantPartitionsProvider, TenantRemovalError
from strata.partitions.errors import TenantArchivedError

INPUTS: dict[str, Any] = {
    "connection": "ssm:/strata/dev/database",
    "tenant_id": "acme",
    "layout": "list",
    "state": "active",
    "on_remove": "archive",
    "statements": {"payments": ["CREATE TABLE a (", "b int);"]},
}


def test_a_reworded_template_is_no_change() -> None:
    """White space and comments keep the deployed text, so that the engine sees equal inputs."""
    news = {**INPUTS, "statements": {"payments": ["-- a comment", "CREATE TABLE a (b int);"]}}
    result = TenantPartitionsProvider().check(INPUTS, news)
    assert result.failures == []
    assert result.inputs == INPUTS


def test_a_changed_statement_and_a_new_table_are_changes() -> None:
    """They show as updates of the tenant."""
    statements = {"payments": ["CREATE TABLE a (b bigint);"], "refunds": ["CREATE TABLE c (d int);"]}
    result = TenantPartitionsProvider().check(INPUTS, {**INPUTS, "statements": dict(statements)})
    assert result.inputs["statements"] == statements


@pytest.mark.parametrize(
    ("key", "value"), [("tenant_id", "other"), ("layout", "bucketed"), ("connection", "ssm:/strata/prod/database")]
)
def test_a_changed_identity_is_refused(key: str, value: str) -> None:
    """It is never a replacement: the old partitions would be left behind or dropped."""
    [failure] = TenantPartitionsProvider().check(INPUTS, {**INPUTS, key: value}).failures
    assert failure.property == ""  # or the engine would print every statement before the reason
    assert failure.reason == (
        f"{key} is {INPUTS[key]!r} since this was first deployed and cannot become {value!r}; "
        f"allowed: {INPUTS[key]!r}; next: set it back, or deploy a new stack"
    )


@pytest.mark.parametrize("on_remove", ["archive", "drop"])
def test_delete_keeps_what_was_not_offboarded(on_remove: str) -> None:
    """The refusal comes before any connection: the reference leads nowhere."""
    with pytest.raises(TenantRemovalError) as refused:
        TenantPartitionsProvider().delete("acme", {**INPUTS, "state": "active", "on_remove": on_remove})
    assert str(refused.value) == (
        f"the partitions of this tenant are kept (tenant acme, state active, onRemove {on_remove}); "
        "allowed: removal of a tenant deployed with state: offboarding; "
        "next: put the entry back under strata:tenants with this key, run pulumi up, then remove it"
    )


def test_diff_never_replaces() -> None:
    """The engine compares the inputs itself."""
    result = TenantPartitionsProvider().diff("acme", INPUTS, {**INPUTS, "state": "offboarding"})
    assert result.changes is None
    assert result.replaces == []


def _archived(*_: object) -> None:
    raise TenantArchivedError("acme", "archived", "s3://bucket/tenants/acme/1")


def test_a_tenant_that_left_between_two_deploys_is_recorded_as_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its partitions were is kept: delete needs the rest."""
    monkeypatch.setattr(TenantPartitionsProvider, "_ensure", staticmethod(_archived))
    olds = {**INPUTS, "partitions": {"payments": "payments_p_acme"}, "digests": {"payments": "d"}}
    result = TenantPartitionsProvider().update("acme", olds, {**INPUTS, "state": "offboarding"})
    del olds["statements"]
    assert result.outs == {**olds, "state": "offboarding"}
    with pytest.raises(TenantArchivedError):
        TenantPartitionsProvider().update("acme", olds, INPUTS)
