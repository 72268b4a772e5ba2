"""Checks of the stack: its file, its backend, and what encrypts its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from strata import aws
from strata.doctor.finding import Finding, failed, failed_by, ok, skipped
from strata.environments.engine import Engine, EngineRefusedError
from strata.errors import StrataError
from strata.stack_file import TenantFile

if TYPE_CHECKING:
    from strata.doctor.subject import Subject

_PASSPHRASES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def stack_file(subject: Subject) -> Finding:
    """Read the stack file so far as the commands do; what it may say is the preview's to check."""
    try:
        region = subject.content["config"].get("aws:region")
        tenants = len(TenantFile.open(subject.stack_file).entries)
    except StrataError as error:
        return failed_by(error, "pulumi preview")
    if not region:
        return failed(f"{subject.stack_file.name} has no aws:region", f"edit {subject.stack_file.name}")
    return ok(f"{subject.stack_file.name}: {tenants} tenants, {region}")


def backend(subject: Subject) -> Finding:
    """Ask the engine's backend for the stack."""
    if not subject.stack:
        return skipped("no stack is named")
    try:
        exists = Engine(subject.project, subject.stack, "strata doctor").exists()
    except EngineRefusedError as error:
        return failed(error.what, "pulumi login s3://<the state bucket>")
    except StrataError as error:
        return failed_by(error, "install the Pulumi CLI")
    if not exists:
        return failed(f"the backend has no stack {subject.stack}", f"strata environment create {subject.stack}")
    return ok(f"the backend has stack {subject.stack}")


def secrets_provider(subject: Subject) -> Finding:
    """Look for what decrypts the stack's secrets."""
    try:
        provider, salt = subject.content.get("secretsprovider"), subject.content.get("encryptionsalt")
    except StrataError as error:
        return skipped(f"needs the stack file: {error.what}")
    if str(provider or "").startswith("awskms:"):
        return _key(str(provider))
    if salt or provider == "passphrase":
        if any(subject.environment.get(name) is not None for name in _PASSPHRASES):
            return ok("passphrase, from the environment")
        return failed("the stack is encrypted with a passphrase, and none is set", f"export {_PASSPHRASES[0]}=...")
    return ok(str(provider)) if provider else skipped("the stack file names none: it is set when the stack is made")


def _key(provider: str) -> Finding:
    """Look at the KMS key of ``awskms://alias/name?region=R`` or ``awskms:///arn...``."""
    url = urlsplit(provider)
    key = (url.netloc + url.path).lstrip("/")
    region = parse_qs(url.query).get("region", [None])[0]
    try:
        state = aws.client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except aws.failures() as error:
        return failed(
            f"{key}: {' '.join(str(error).split())}", "strata account bootstrap --dry-run says what there should be"
        )
    if state != "Enabled":
        return failed(f"{key} is {state}", f"aws kms enable-key --key-id {key}, or cancel its deletion")
    return ok(f"{key} is enabled")
