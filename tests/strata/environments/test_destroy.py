"""What destroying an environment comes to, and what it is refused for."""

from __future__ import annotations

from typing import Any

import pytest

from strata.environments.destroy import DestroyRefusedError, plan_teardown

CLOSED = "urn:pulumi:dev::strata::strata:infra:Archive$strata:infra:ClosedBucket"


def instance(*, protected: bool = False) -> dict[str, Any]:
    return {
        "type": "aws:rds/instance:Instance",
        "urn": "urn:pulumi:dev::strata::aws:rds/instance:Instance::database-instance",
        "inputs": {"deletionProtection": protected, "finalSnapshotIdentifier": "strata-dev-final-0a1b"},
        "protect": protected,
    }


def tenant(tenant_id: str, *, active: bool = True) -> dict[str, Any]:
    return {
        "type": "pulumi-python:dynamic/strata:TenantPartitions",
        "urn": f"urn:pulumi:dev::strata::pulumi-python:dynamic/strata:TenantPartitions::tenant-{tenant_id}",
        "outputs": {"tenant_id": tenant_id},
        "protect": active,
    }


BUCKET = [
    {"type": "strata:infra:ClosedBucket", "urn": f"{CLOSED}::archive"},
    {
        "type": "aws:s3/bucket:Bucket",
        "urn": f"{CLOSED}$aws:s3/bucket:Bucket::archive",
        "outputs": {"bucket": "archive-0a1b"},
    },
    {
        "type": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "urn": f"{CLOSED}$aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::archive-public-access",
        "outputs": {"bucket": "archive-0a1b"},
    },
]


def test_a_stack_whose_tenants_have_left() -> None:
    plan = plan_teardown("dev", [instance(), tenant("system"), *BUCKET], with_tenants=False)
    assert [step.words[:2] for step in plan.steps] == [
        ("state", "unprotect"),
        ("state", "protect"),
        ("destroy", "--exclude-protected"),
    ]
    assert plan.steps[0].words[2:-1] == (tenant("system")["urn"],)
    assert set(plan.steps[1].words[2:-1]) == {str(one["urn"]) for one in BUCKET}, "a bucket stays as closed as it was"
    assert (plan.final_snapshot, plan.buckets, plan.tenants) == ("strata-dev-final-0a1b", ("archive-0a1b",), ())


def test_active_tenants_go_only_when_it_is_said() -> None:
    resources = [instance(), tenant("system"), *(tenant(f"t{number}") for number in range(7)), *BUCKET]
    with pytest.raises(DestroyRefusedError) as failure:
        plan_teardown("dev", resources, with_tenants=False)
    assert str(failure.value) == (
        "7 tenants are active: t0, t1, t2, t3, t4, ... (stack dev); allowed: tenants that have left, with their "
        "archives; or --with-tenants: their rows are then only in the final snapshot; "
        "next: strata tenant offboard t0 --on-remove archive --stack dev"
    )
    plan = plan_teardown("dev", resources, with_tenants=True)
    assert plan.tenants == tuple(f"t{number}" for number in range(7))
    assert len(plan.steps[0].words) == 2 + 8 + 1


def test_a_tenant_that_is_leaving_stands_in_nobodys_way() -> None:
    plan = plan_teardown("dev", [instance(), tenant("acme", active=False)], with_tenants=False)
    assert [step.words[0] for step in plan.steps] == ["destroy"]


def test_a_protected_instance_is_never_destroyed() -> None:
    for resources in ([instance(protected=True)], [{**instance(), "protect": True}]):
        with pytest.raises(DestroyRefusedError) as failure:
            plan_teardown("prod", resources, with_tenants=True)
        assert str(failure.value) == (
            "the database instance is protected (stack prod, file Pulumi.prod.yaml); allowed: "
            "strata:database.deletionProtection: false, deployed; production does not allow it; "
            "next: set it, pulumi up --stack prod, then this again"
        )


def test_an_instance_of_somebody_elses_is_not_left_with_our_rows() -> None:
    with pytest.raises(DestroyRefusedError) as failure:
        plan_teardown("dev", [tenant("system"), *BUCKET], with_tenants=True)
    assert failure.value.allowed == "a stack that has made its instance"


def test_a_stack_that_was_never_deployed_has_nothing_to_lose() -> None:
    plan = plan_teardown("dev", [], with_tenants=False)
    assert [step.words for step in plan.steps] == [("destroy", "--exclude-protected", "--yes")]
    assert (plan.final_snapshot, plan.buckets) == (None, ())
