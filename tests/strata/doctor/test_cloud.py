from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from botocore.exceptions import ClientError

from strata.doctor import cloud as checks
from strata.doctor.subject import Subject


def in_minutes(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def test_credentials(subject, cloud):
    found = checks.credentials(subject())
    assert (found.status, found.detail) == ("ok", f"arn:aws:iam::{cloud}:root")


def test_credentials_that_end_soon(subject, cloud, monkeypatch):
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", in_minutes(45.2))
    assert checks.credentials(subject()).detail.endswith(", for 45 more minutes")
    for minutes in (10.2, -3):
        monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", in_minutes(minutes))
        found = checks.credentials(subject())
        assert (found.status, found.remedy) == ("failed", "get new credentials before a deployment")


def test_no_credentials(subject, cloud, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    found = checks.credentials(subject())
    assert (found.status, found.detail) == ("failed", "Unable to locate credentials")
    assert found.remedy == "aws sso login, or AWS credentials in the environment"
    assert checks.clock(subject()) == checks.skipped("needs an answer of AWS")


def test_the_region_is_the_stacks(subject, monkeypatch):
    assert checks.region(subject()) == checks.ok("eu-west-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    found = checks.region(subject())
    assert (found.status, found.detail) == ("failed", "us-east-1, but the stack is in eu-west-1")
    assert found.remedy == "export AWS_REGION=eu-west-1"


def test_no_region(subject, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert checks.region(subject()).detail == "no region is set"


def test_a_region_without_a_stack(subject):
    assert checks.region(subject(stack=None)).status == "ok"


@pytest.mark.parametrize(("seconds", "status"), [(0, "ok"), (290, "ok"), (310, "failed"), (-3600, "failed")])
def test_the_clock(subject, monkeypatch, seconds, status):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    monkeypatch.setattr(Subject, "caller", answer)
    assert checks.clock(subject()).status == status


def test_the_clock_of_a_real_answer(subject, cloud):
    assert checks.clock(subject()).status == "ok"


def test_a_signature_that_is_refused_for_its_time(subject, monkeypatch):
    error = {"Code": "SignatureDoesNotMatch", "Message": "Signature expired: 20260101T000000Z is now earlier than"}
    monkeypatch.setattr(Subject, "caller", ClientError({"Error": error}, "GetCallerIdentity"))
    found = checks.clock(subject())
    assert (found.status, found.remedy) == ("failed", "set the clock of this machine, by NTP")


def test_an_answer_without_a_date(subject, monkeypatch):
    monkeypatch.setattr(Subject, "caller", {"ResponseMetadata": {"HTTPHeaders": {}}})
    assert checks.clock(subject()).status == "skipped"
