from itertools import pairwise

import pulumi

from infra.components.database_roles import DatabaseRoles, DatabaseRolesArgs
from tests.strata.shared_database import GRANTS


class Thing(pulumi.CustomResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Thing", name)


def deployed(record, address):
    def program():
        instance = Thing("instance")
        args = DatabaseRolesArgs(
            address=address(),
            deployed_with=instance,
            after=[Thing("schema")],
        )
        return [DatabaseRoles("roles", args).last.urn]

    return record(program)


def test_the_provider_logs_in_as_the_deployer_by_token(record, address):
    provider = deployed(record, address).one("pulumi:providers:postgresql").inputs
    assert provider["username"] == "strata_deployer"
    assert provider["awsRdsIamAuth"] == "true"
    assert provider["awsRdsIamRegion"] == "eu-central-1"
    assert provider["sslmode"] == "verify-full"
    assert not {"password", "sslrootcert"} & set(provider)


def test_both_roles_log_in_by_iam_and_have_no_password(record, address):
    roles = [role.inputs for role in deployed(record, address).all("postgresql:index/role:Role")]
    assert [role["name"] for role in roles] == ["strata_app", "strata_readonly"]
    for role in roles:
        assert role["login"] is True
        assert role["roles"] == ["rds_iam"]
        assert not {"password", "passwordWo", "superuser", "bypassRowLevelSecurity"} & set(role)


def test_the_application_reads_and_writes_app_and_has_nothing_on_the_leaves(record, address):
    made = deployed(record, address)
    granted = [grant.inputs for grant in made.all("postgresql:index/grant:Grant")]
    defaults = [grant.inputs for grant in made.all("postgresql:index/defaultPrivileges:DefaultPrivileges")]
    assert {grant["schema"] for grant in [*granted, *defaults] if grant["role"] == "strata_app"} == {"app"}
    assert {grant["objectType"]: grant["privileges"] for grant in granted if grant["role"] == "strata_app"} == {
        "schema": ["USAGE"],
        "table": ["SELECT", "INSERT", "UPDATE", "DELETE"],
    }
    assert {grant["owner"] for grant in defaults} == {"strata_owner"}


def test_the_readonly_role_only_reads(record, address):
    made = deployed(record, address)
    everything = [*made.all("postgresql:index/grant:Grant")]
    everything += made.all("postgresql:index/defaultPrivileges:DefaultPrivileges")
    privileges = {
        p for grant in everything if grant.inputs["role"] == "strata_readonly" for p in grant.inputs["privileges"]
    }
    assert privileges == {"USAGE", "SELECT"}


def test_the_readonly_role_sees_how_leaves_are_made_and_none_of_their_rows(record, address):
    """A check for drift logs in as it: definitions need USAGE, the registry SELECT, and a leaf is never granted."""
    made = deployed(record, address)
    everything = [*made.all("postgresql:index/grant:Grant")]
    everything += made.all("postgresql:index/defaultPrivileges:DefaultPrivileges")
    found = {
        (grant.inputs["schema"], grant.inputs["objectType"], *grant.inputs["privileges"])
        for grant in everything
        if grant.inputs["role"] == "strata_readonly" and grant.inputs["schema"] != "app"
    }
    assert found == {("partitions", "schema", "USAGE"), ("strata", "schema", "USAGE"), ("strata", "table", "SELECT")}


def test_the_tests_of_row_level_security_have_the_rights_of_the_stack(record, address):
    grants = [grant.inputs for grant in deployed(record, address).all("postgresql:index/grant:Grant")]
    planned = {(one["role"], one["schema"], one["objectType"], ", ".join(one["privileges"])) for one in grants}
    assert planned == GRANTS


def test_nothing_changes_the_catalog_at_the_same_time(record, address):
    made = deployed(record, address)
    chain = [resource for resource in made.resources if resource.type.startswith("postgresql:")]
    assert len(chain) == 12
    for previous, resource in pairwise(chain):
        assert previous.name in resource.depends_on
    assert "schema" in chain[0].depends_on
    assert made.result[0].endswith(f"::{chain[-1].name}")


def test_the_roles_go_with_the_instance(record, address):
    made = deployed(record, address)
    chain = [resource for resource in made.resources if resource.type.startswith("postgresql:")]
    assert {resource.request.deletedWith.rsplit("::", maxsplit=1)[-1] for resource in chain} == {"instance"}
