"""The AWS calls of the library, and how their failures read."""

from __future__ import annotations

import os
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import urlsplit

from strata.errors import StrataError

#: The service that holds a KeyValueStore's pairs; the store itself is made by the service ``cloudfront``.
KEY_VALUE_STORE: Final = "cloudfront-keyvaluestore"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class AwsCallError(StrataError):
    """A call to AWS that was refused or never arrived."""


class MasterSecretError(AwsCallError):
    """The secret with the master's password cannot be read."""


def parameter(name: str) -> str:
    """Return the value of a parameter of Systems Manager.

    Raises:
        AwsCallError: there is none of that name, or it may not be read.
    """
    try:
        response = client("ssm", _region()).get_parameter(Name=name, WithDecryption=True)
    except failures() as error:
        raise AwsCallError(f"ssm:GetParameter failed: {error}", where={"parameter": name}) from None
    return str(response["Parameter"]["Value"])


def secret(arn: str, region: str) -> str:
    """Return the text of a secret of Secrets Manager; the caller uses it at once and keeps it nowhere.

    Raises:
        MasterSecretError: it does not exist or may not be read.
    """
    try:
        response = client("secretsmanager", region).get_secret_value(SecretId=arn)
    except failures() as error:
        raise MasterSecretError(
            f"secretsmanager:GetSecretValue failed: {error}",
            where={"secret": arn},
            allowed="an AWS identity that may read the secret of the RDS master",
        ) from None
    return str(response["SecretString"])


def database_token(region: str, host: str, port: int, user: str) -> str:
    """Return an IAM token that opens connections for 15 minutes; it is signed here, without a call.

    Raises:
        AwsCallError: there are no credentials to sign with.
    """
    try:
        token = client("rds", region).generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user, Region=region)
    except failures() as error:
        raise AwsCallError(
            f"no database token: {error}",
            where={"role": user, "host": host},
            allowed="AWS credentials in the environment",
        ) from None
    return str(token)


def client(service: str, region: str | None) -> Any:
    """Return a boto3 client, one per service, region and endpoint of the process."""
    return _client(service, region, os.environ.get("AWS_ENDPOINT_URL"))


@lru_cache(maxsize=16)  # Clients are thread-safe, hold no answer, and take 50 ms to make.
def _client(service: str, region: str | None, endpoint_url: str | None) -> Any:
    import boto3  # noqa: PLC0415 - 0.2 s that a preview, which calls nothing, does not pay
    from botocore.config import Config  # noqa: PLC0415 - see above

    # A KeyValueStore's own SigV4A names no account that a stand-in could read; SigV4 does.
    stand_in = urlsplit(endpoint_url or "")
    stands_in = service == KEY_VALUE_STORE and stand_in.hostname in _LOOPBACK
    config = Config(signature_version="v4") if stands_in else None
    made = boto3.session.Session().client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    if stands_in:
        made.meta.events.register(f"before-sign.{service}", partial(_send_to, stand_in.netloc))
    return made


def _send_to(authority: str, request: Any, **_: Any) -> None:
    """Send a call to the stand-in itself: the SDK puts the account before its host.

    Names under localhost are loopback (RFC 6761, 6.3), but not every resolver knows it.
    """
    request.url = urlsplit(request.url)._replace(netloc=authority).geturl()


def error_code(error: Exception) -> str | None:
    """Return AWS's name of a refusal, or None when none came."""
    response = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code")
    return None if code is None else str(code)


def _region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def failures() -> tuple[type[Exception], ...]:
    """Return what a call of a client raises: it was refused, it never arrived, or its answer cannot be read."""
    import botocore.exceptions  # noqa: PLC0415 - see _client
    import botocore.parsers  # noqa: PLC0415 - see _client

    return (
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
        botocore.parsers.ResponseParserError,
    )
