"""An account is set up once, mended in place, and never taken from somebody else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from strata.account.bootstrap import NotShownError, bootstrap, differences, wait_until_shown
from strata.account.part import UNKNOWN_KEY_ARN, ForeignThingError, Part
from strata.account.settings import AUDIENCE, KEY_ALIAS, PROVIDER_HOST, TAGS
from tests.strata.account.conftest import KilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from strata.account.part import Outcome
    from tests.strata.account.conftest import World

TAG_SET = [{"Key": key, "Value": value} for key, value in TAGS.items()]
#: The calls that set an account with one environment up.
CALLS = 33
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}


def run(world: World) -> list[Outcome]:
    return list(bootstrap(world.account, world.settings))


def changed(outcomes: list[Outcome]) -> list[tuple[str, str, str]]:
    return [(one.thing.split()[0], one.setting, one.result) for one in outcomes if one.result != "unchanged"]


def test_a_second_run_changes_nothing(world: World) -> None:
    run(world)
    assert len(world.writes) == CALLS
    world.writes.clear()
    assert changed(run(world)) == []
    assert world.writes == []


def test_a_dry_run_changes_nothing_and_says_every_call(world: World) -> None:
    """The calls that it says are those of the run that follows, with the ARN of the key that it made."""
    said = [call for one in differences(world.account, world.settings) for call in one.calls]
    assert world.writes == []
    made = [call for one in run(world) for call in one.calls]
    assert [call.operation for call in made] == world.writes
    arn = world.client("kms").describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["Arn"]
    as_text = json.dumps([(call.service, call.operation, call.parameters) for call in said])
    assert json.loads(as_text.replace(UNKNOWN_KEY_ARN, arn)) == [
        [call.service, call.operation, json.loads(json.dumps(call.parameters))] for call in made
    ]


def test_what_a_run_leaves_behind(world: World) -> None:
    run(world)
    bucket = world.settings.bucket
    s3 = world.client("s3")
    key = world.client("kms").describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert world.client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    roles = {role["RoleName"] for role in world.client("iam").list_roles()["Roles"]}
    assert roles == {
        "strata-preview",
        "strata-deploy-prod",
        "strata-drift-prod",
    }


def test_who_takes_a_role(world: World) -> None:
    """Jobs of one repository, compared without wildcards."""
    subjects = {
        "strata-preview": ["pull_request", "ref:refs/heads/main"],
        "strata-deploy-prod": ["environment:prod"],
        "strata-drift-prod": ["environment:prod-drift"],
    }
    run(world)
    for role, its_subjects in subjects.items():
        found = world.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = found["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Principal"] == {"Federated": world.settings.provider_arn}
        assert statement["Condition"] == {
            "StringEquals": {
                f"{PROVIDER_HOST}:aud": AUDIENCE,
                f"{PROVIDER_HOST}:sub": [f"repo:acme/strata:{subject}" for subject in its_subjects],
            }
        }


def test_what_aws_shows_late_is_waited_for() -> None:
    answers = iter([None, None, True])
    part = Part("key alias/strata-state", "itself", wanted=True, read=lambda: next(answers), settle=lambda _: [])
    wait_until_shown(part, (0, 0, 0))
    assert next(answers, "read three times") == "read three times"
    never = replace(part, read=lambda: None)
    with pytest.raises(NotShownError, match="does not show it: key alias/strata-state, itself; next: strata account"):
        wait_until_shown(never, (0, 0))


def test_a_run_that_is_killed_at_any_call_is_gone_on_with(world: World) -> None:
    """Each run gets one call further and is killed; in the end there is one key, and nothing was made twice."""
    settings = replace(world.settings, environments=())
    world.settings = settings
    most = 0
    while True:
        world.most_writes = most
        try:
            run(world)
        except KilledError:
            assert len(world.writes) == most
            most += 1
        else:
            break
    assert most == len(world.writes) == len({*world.writes}) == 13
    assert changed(run(world)) == []
    assert len(world.client("kms").list_keys()["Keys"]) == 1


# -- mended in place -------------------------------------------------------------------------------------------------


def _open_bucket(world: World) -> None:
    world.client("s3").delete_public_access_block(Bucket=world.settings.bucket)


def _plain_bucket(world: World) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    world.client("s3").put_bucket_encryption(
        Bucket=world.settings.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def _forgetful_bucket(world: World) -> None:
    world.client("s3").put_bucket_versioning(
        Bucket=world.settings.bucket, VersioningConfiguration={"Status": "Suspended"}
    )


def _bucket_with_acls(world: World) -> None:
    world.client("s3").put_bucket_ownership_controls(
        Bucket=world.settings.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )


def _bucket_without_policy(world: World) -> None:
    world.client("s3").delete_bucket_policy(Bucket=world.settings.bucket)


def _endless_bucket(world: World) -> None:
    world.client("s3").delete_bucket_lifecycle(Bucket=world.settings.bucket)


def _still_key(world: World) -> None:
    kms = world.client("kms")
    kms.disable_key_rotation(KeyId=kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"])


def _going_key(world: World) -> None:
    kms = world.client("kms")
    key_id = kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)


def _shared_key(world: World) -> None:
    kms = world.client("kms")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(
        KeyId=kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"],
        PolicyName="default",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}),
    )


def _trusting_role(world: World) -> None:
    iam = world.client("iam")
    found = iam.get_role(RoleName="strata-deploy-prod")["Role"]["AssumeRolePolicyDocument"]
    text = json.dumps(found).replace("acme/strata:environment:prod", "acme/*")
    iam.update_assume_role_policy(RoleName="strata-deploy-prod", PolicyDocument=text)


def _long_sessions(world: World) -> None:
    world.client("iam").update_role(RoleName="strata-preview", MaxSessionDuration=43_200)


def _mighty_role(world: World) -> None:
    world.client("iam").attach_role_policy(RoleName="strata-preview", PolicyArn=ADMINISTRATOR)


def _role_with_a_policy_inside(world: World) -> None:
    world.client("iam").put_role_policy(
        RoleName="strata-drift-prod", PolicyName="more", PolicyDocument=json.dumps(OPEN)
    )


def _role_without_rights(world: World) -> None:
    world.client("iam").detach_role_policy(
        RoleName="strata-deploy-prod", PolicyArn=world.settings.policy_arn("strata-deploy-prod-edge")
    )


def _other_rights(world: World) -> None:
    world.client("iam").create_policy_version(
        PolicyArn=world.settings.policy_arn("strata-preview-state"), PolicyDocument=json.dumps(OPEN), SetAsDefault=True
    )


DRIFTS = {
    _open_bucket: ("bucket", "public access", "created"),
    _bucket_with_acls: ("bucket", "ownership", "updated"),
    _plain_bucket: ("bucket", "encryption", "updated"),
    _forgetful_bucket: ("bucket", "versioning", "updated"),
    _bucket_without_policy: ("bucket", "policy", "created"),
    _endless_bucket: ("bucket", "lifecycle", "created"),
    _other_rights: ("policy", "itself", "updated"),
    _mighty_role: ("role", "policies", "updated"),
    _trusting_role: ("role", "trust", "updated"),
    _role_with_a_policy_inside: ("role", "inline policies", "updated"),
}
#: The same parts once more, and those that hide another one.
MORE_DRIFTS = {
    _shared_key: ("key", "policy", "updated"),
    _still_key: ("key", "rotation", "updated"),
    _long_sessions: ("role", "description and session", "updated"),
    _role_without_rights: ("role", "policies", "updated"),
}
LAST_DRIFTS = {_going_key: ("key", "itself", "updated")}


def test_every_drift_is_seen_and_mended(world: World) -> None:
    """Exactly the parts that drifted differ, are settled, and are then as wanted."""
    run(world)
    for drifts in (DRIFTS, MORE_DRIFTS, LAST_DRIFTS):
        for drift in drifts:
            drift(world)
        expected = sorted(drifts.values())
        assert sorted(changed(list(differences(world.account, world.settings)))) == expected
        assert sorted(changed(run(world))) == expected
    assert changed(run(world)) == []


def test_a_policy_never_runs_out_of_versions(world: World) -> None:
    """IAM keeps five: the oldest goes."""
    world.settings = replace(world.settings, environments=())
    run(world)
    for _ in range(4):
        _other_rights(world)
    iam, arn = world.client("iam"), world.settings.policy_arn("strata-preview-state")
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 5
    run(world)
    assert {one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]} == {
        "v2",
        "v3",
        "v4",
        "v5",
        "v6",
    }
    assert changed(run(world)) == []


def test_others_tags_on_the_bucket_are_kept(world: World) -> None:
    world.settings = replace(world.settings, environments=())
    s3 = world.client("s3")
    theirs = {"Key": "CostCenter", "Value": "42"}
    s3.create_bucket(Bucket=world.settings.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_tagging(Bucket=world.settings.bucket, Tagging={"TagSet": [theirs]})
    run(world)
    found = s3.get_bucket_tagging(Bucket=world.settings.bucket)["TagSet"]
    assert sorted(found, key=str) == sorted([theirs, *TAG_SET], key=str)
    assert changed(run(world)) == []


# -- somebody else's -------------------------------------------------------------------------------------------------


def _their_key(world: World) -> None:
    kms = world.client("kms")
    kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def _their_bucket(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket=world.settings.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=world.settings.bucket, Key="theirs", Body=b"1")


def _their_provider(world: World) -> None:
    world.client("iam").create_open_id_connect_provider(Url=f"https://{PROVIDER_HOST}", ClientIDList=["theirs"])


def _their_role(world: World) -> None:
    world.client("iam").create_role(RoleName="strata-preview", AssumeRolePolicyDocument=json.dumps(OPEN))


def _their_policy(world: World) -> None:
    world.client("iam").create_policy(PolicyName="strata-preview-state", PolicyDocument=json.dumps(OPEN))


@pytest.mark.parametrize(
    ("make", "what", "next_command"),
    [
        (_their_key, "key alias/strata-state is there already", "aws kms update-alias"),
        (_their_bucket, "is there already and was not made by this command", "--region ANOTHER-REGION"),
        (_their_provider, "does not take tokens for sts.amazonaws.com", "aws iam add-client-id-to-open-id-connect"),
        (_their_role, "role strata-preview is there already", "aws iam tag-role"),
        (_their_policy, "policy strata-preview-state is there already", "aws iam tag-policy"),
    ],
)
def test_what_somebody_else_made_is_refused(
    world: World, make: Callable[[World], None], what: str, next_command: str
) -> None:
    make(world)
    with pytest.raises(ForeignThingError) as refused:
        run(world)
    assert what in refused.value.what
    assert next_command in (refused.value.next_command or "")


def test_a_provider_that_others_use_too_is_used_as_it_is(world: World) -> None:
    iam = world.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{PROVIDER_HOST}", ClientIDList=["theirs", AUDIENCE])
    outcomes = run(world)
    assert "CreateOpenIDConnectProvider" not in world.writes
    assert ("identity", "itself", "created") not in changed(outcomes)


def test_an_empty_bucket_without_tags_is_a_run_that_was_killed(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket=world.settings.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert ("bucket", "tags", "created") in changed(run(world))
    assert s3.get_bucket_tagging(Bucket=world.settings.bucket)["TagSet"] == TAG_SET


def test_another_environment_is_added_beside_the_first(world: World) -> None:
    run(world)
    world.writes.clear()
    first = world.settings.environments[0]
    both = replace(world.settings, environments=(first, replace(first, name="dev", hosted_zone_id=None)))
    found = changed(list(bootstrap(world.account, both)))
    assert {result for _, _, result in found} == {"created"}
    assert {thing for thing, _, _ in found} == {"role", "policy"}
    assert changed(list(differences(world.account, both))) == []
