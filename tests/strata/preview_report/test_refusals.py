"""Errors by what to do about them; the texts are the engine's and our own, and other tests hold ours."""

from __future__ import annotations

from strata.engine_contract import SCHEMA_TYPE, TENANT_TYPE
from strata.preview_report.reading import read_events
from strata.preview_report.refusals import (
    OtherError,
    ProtectedResource,
    ProtectedTenant,
    Refusals,
    RefusedInput,
    RefusedMigration,
    refusals,
)
from tests.strata.preview_report import streams

TENANT = streams.urn("tenant-areallyl__9bfc", TENANT_TYPE)
DATABASE = streams.urn("database-instance", "aws:rds/instance:Instance")
SCHEMA = streams.urn("schema-migrations", SCHEMA_TYPE)
NONE = Refusals((), (), (), (), ())


def found(*lines: str, tenant_ids: dict[str, str] | None = None) -> Refusals:
    return refusals(read_events(lines).diagnostics, tenant_ids or {})


def not_deleted(urn: str) -> str:
    """Return pkg/resource/deploy/step.go's text."""
    return streams.error(
        f'Preview failed: resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, '
        f"either remove the `protect` flag ...\n`pulumi state unprotect '{urn}'`\n",
        urn,
    )


def not_replaced(urn: str) -> str:
    """Return pkg/resource/deploy/step_generator.go's text."""
    return streams.error(
        f'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the resource, '
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
        urn,
    )


def test_protected_tenants_are_named_by_their_id() -> None:
    assert found(not_deleted(TENANT), tenant_ids={TENANT: "a-really-long-tenant"}).tenants == (
        ProtectedTenant(TENANT, "a-really-long-tenant"),
    )
    assert found(not_deleted(TENANT)).tenants == (ProtectedTenant(TENANT, "areallyl__9bfc"),)


def test_protected_resources_are_told_with_what_would_happen() -> None:
    type_ = "aws:rds/instance:Instance"
    assert found(not_deleted(DATABASE), not_replaced(DATABASE)).resources == (
        ProtectedResource(DATABASE, "database-instance", type_, "deleted"),
        ProtectedResource(DATABASE, "database-instance", type_, "replaced"),
    )


def test_a_tenant_that_would_be_replaced_is_a_protected_resource() -> None:
    refused = found(not_replaced(TENANT))
    assert refused.tenants == ()
    assert [one.would_be for one in refused.resources] == ["replaced"]


def test_an_edited_and_a_removed_migration() -> None:
    text = "pulumi-python:dynamic/strata:SchemaMigrations resource 'schema-migrations' has a problem: "
    file = "sql_templates/migrations/0003_payments.sql.j2"
    for what in ("was edited", "was removed"):
        said = f"{text}migration 0003_payments is applied and {what} ({file}); allowed: add a new one; next: ..."
        assert found(streams.error(said, SCHEMA)).migrations == (RefusedMigration("0003_payments", what, file),)


def test_other_refusals_of_a_provider_are_told_by_resource() -> None:
    said = "aws:s3/bucket:Bucket resource 'archive' has a problem: names are\nlower case"
    assert found(streams.error(said)).inputs == (RefusedInput("archive", ("names are\nlower case",)),)


def test_problems_of_config_and_contract_are_told_one_by_one() -> None:
    config = "the stack's config has 2 problems:\n  Pulumi.dev.yaml: a\n  Pulumi.dev.yaml: b\nnext: edit it\n"
    contract = "the cache contract has 1 problem:\n  /api/v1/payments: a leak\nnext: edit it\n"
    assert found(streams.error(config), streams.error(contract)).inputs == (
        RefusedInput("the stack's config", ("Pulumi.dev.yaml: a", "Pulumi.dev.yaml: b")),
        RefusedInput("the cache contract", ("/api/v1/payments: a leak",)),
    )


def test_what_the_engine_says_after_the_error_is_no_second_error() -> None:
    echoes = (
        streams.error("preview failed\n"),
        streams.error("an unhandled error occurred: the program ended with exit code 1\n"),
    )
    assert found(*echoes) == NONE
    assert found(streams.error("the real one"), *echoes).count == 1


def test_equal_errors_are_told_once() -> None:
    said = [streams.error("no credentials\n", streams.urn(name)) for name in ("a", "b", "a")]
    assert found(*said).errors == (OtherError("no credentials", 3, ("a", "b")),)
    assert found(not_deleted(DATABASE), not_deleted(DATABASE)).count == 1


def test_warnings_are_no_refusals() -> None:
    assert found(streams.warning("has a problem")) == NONE


def test_every_reason_counts() -> None:
    refused = found(
        not_deleted(TENANT),
        not_deleted(DATABASE),
        streams.error("the stack's config has 2 problems:\n  a\n  b\nnext: edit it\n"),
        streams.error("boom"),
    )
    assert refused.count == 5
