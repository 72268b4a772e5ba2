"""How a refusal of AWS reads, and what a bucket of another account is told by."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.account import bucket
from strata.account.calls import Account, AccountCallError
from strata.account.part import ForeignThingError
from tests.strata.account.rights import REGION, SETTINGS


def refusal(operation: str, code: str) -> AccountCallError:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
    return AccountCallError("s3", operation, error)


class RefusingAccount(Account):
    """An account whose every answer is one error code."""

    code = "403"

    def _call(self, service: str, operation: str, parameters: Any) -> dict[str, Any]:
        del service, parameters
        raise refusal(operation, self.code)


def test_a_refusal_says_who_may_and_what_to_run() -> None:
    assert str(refusal("CreateBucket", "AccessDenied")) == (
        "s3:CreateBucket failed: An error occurred (AccessDenied) when calling the CreateBucket operation: no; "
        "allowed: credentials of somebody who administers the account; "
        "next: strata account bootstrap (again: it goes on where it stopped)"
    )
    assert refusal("CreateBucket", "SlowDown").allowed is None


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(AccountCallError, match="sts:GetCallerIdentity failed: Could not connect"):
        Account("eu-north-1").answer("sts", "GetCallerIdentity")


def test_a_bucket_of_another_account_is_refused() -> None:
    """S3 answers 403 where the owner is not the expected one; the emulator does not look at owners."""
    itself = next(bucket.parts(RefusingAccount(REGION), SETTINGS, "arn"))
    with pytest.raises(ForeignThingError) as refused:
        itself.read()
    assert refused.value.what == f"bucket {SETTINGS.bucket} belongs to another account, or is closed to this identity"
    assert refused.value.next_command == "strata account bootstrap --region ANOTHER-REGION"


def test_an_unknown_code_is_not_taken_for_absence() -> None:
    account = RefusingAccount(REGION)
    with pytest.raises(AccountCallError):
        account.ask("s3", "GetBucketPolicy", ("NoSuchBucketPolicy",), Bucket="b")
    assert account.ask("s3", "HeadBucket", ("403",), Bucket="b") is None
