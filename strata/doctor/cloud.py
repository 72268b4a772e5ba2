"""Checks of AWS: who is asking, where, and whether both clocks agree."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from strata import aws
from strata.doctor.finding import Finding, failed, ok, skipped
from strata.doctor.subject import REGION_VARIABLES
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.doctor.subject import Subject

#: A request that is signed with another time than AWS's is refused (IAM User Guide, "Signature Version 4").
_MOST_SKEW_SECONDS: Final = 300
#: A deployment takes longer than this.
_LEAST_LEFT_SECONDS: Final = 900
#: As `aws configure export-credentials` and others write it.
_EXPIRATION: Final = "AWS_CREDENTIAL_EXPIRATION"
_SKEWED: Final = ("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException")


def credentials(subject: Subject) -> Finding:
    """Ask AWS who this is."""
    caller = subject.caller
    if isinstance(caller, Exception):
        return failed(" ".join(str(caller).split()), "aws sso login, or AWS credentials in the environment")
    left = _left_seconds(subject)
    until = "" if left is None else f", for {max(0, left) / 60:.0f} more minutes"
    if left is not None and left < _LEAST_LEFT_SECONDS:
        return failed(caller["Arn"] + until, "get new credentials before a deployment")
    return ok(caller["Arn"] + until)


def region(subject: Subject) -> Finding:
    """Hold the region of this shell against the stack's: references are looked up in the shell's."""
    found = subject.region
    if found is None:
        return failed("no region is set", f"export {REGION_VARIABLES[0]}=<the stack's aws:region>")
    try:
        wanted = subject.content["config"].get("aws:region")
    except StrataError:
        return ok(f"{found}; without a stack file there is nothing to hold it against")
    if wanted != found:
        return failed(f"{found}, but the stack is in {wanted}", f"export {REGION_VARIABLES[0]}={wanted}")
    return ok(found)


def clock(subject: Subject) -> Finding:
    """Hold this machine's clock against AWS's."""
    answer = subject.caller
    if isinstance(answer, Exception):
        if aws.error_code(answer) in _SKEWED:
            return failed(" ".join(str(answer).split()), "set the clock of this machine, by NTP")
        return skipped("needs an answer of AWS")
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is None:
        return skipped("the answer of AWS has no date")
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    if skew > _MOST_SKEW_SECONDS:
        return failed(f"{skew:.0f} s away from AWS's", "set the clock of this machine, by NTP")
    return ok(f"{skew:.0f} s away from AWS's, of {_MOST_SKEW_SECONDS} s that it takes")


def _left_seconds(subject: Subject) -> float | None:
    """Return for how long the credentials hold, if the environment says so."""
    text = subject.environment.get(_EXPIRATION)
    if not text:
        return None
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()
