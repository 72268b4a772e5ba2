"""Names and types of tenants' resources: permanent, since a changed URN means delete."""

import pulumi
import pytest

from infra.components.tenancy import Tenancy, TenancyArgs
from infra.config import Tenant

TYPE = "pulumi-python:dynamic/strata:TenantPartitions"


class Thing(pulumi.CustomResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Thing", name)


@pytest.fixture
def made(record):
    def program():
        instance, grants = Thing("instance"), Thing("grants")
        tenants = [Tenant("acme"), Tenant("ACME Corp."), Tenant("hooli", "offboarding", "drop")]
        args = TenancyArgs("ssm:/strata/dev/database", "list", tenants, instance, [grants])
        return [partitions.urn for partitions in Tenancy("tenants", args).partitions.values()]

    return record(program)


def test_the_urn_is_made_of_the_type_and_the_name_suffix(made):
    assert [urn.rsplit("$", maxsplit=1)[1] for urn in made.result] == [
        f"{TYPE}::tenant-acme",
        f"{TYPE}::tenant-acmecorp__3fb91f1e6047213c2d1f164ff5",
        f"{TYPE}::tenant-hooli",
    ]


def test_a_tenant_is_protected_while_it_is_active(made):
    assert {one.name: one.request.protect for one in made.all(TYPE)} == {
        "tenant-acme": True,
        "tenant-acmecorp__3fb91f1e6047213c2d1f164ff5": True,
        "tenant-hooli": False,
    }


def test_a_tenant_waits_for_the_grants_and_goes_with_the_instance(made):
    for tenant in made.all(TYPE):
        assert "grants" in tenant.depends_on
        assert tenant.request.deletedWith.endswith("::instance")


def test_inputs_hold_the_statements_of_each_table_and_no_password(made):
    inputs = made.one(TYPE, "tenant-acme").inputs
    assert set(inputs) == {"connection", "tenant_id", "layout", "state", "on_remove", "statements", "__provider"}
    assert inputs["connection"] == "ssm:/strata/dev/database"
    assert sorted(inputs["statements"]) == ["audit_logs", "invoices", "payments", "webhook_logs"]
    assert 'CREATE TABLE partitions."payments_p_acme"' in inputs["statements"]["payments"][0]
