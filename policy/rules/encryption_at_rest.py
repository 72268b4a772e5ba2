"""Encryption at rest: what a lost disk, or a copied snapshot, would give away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policy.rule import ResourceRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policy.plan import PlannedResource

_KMS: Final = ("aws:kms", "aws:kms:dsse")


def _check(resource: PlannedResource, _stack: str) -> Iterable[str]:
    return _CHECKS.get(resource.type, _nothing)(resource)


def _nothing(_resource: PlannedResource) -> Iterable[str]:
    return ()


def _instance(resource: PlannedResource) -> Iterator[str]:
    if resource.differs("storageEncrypted", True):
        yield "storageEncrypted is not true; allowed: true"


def _key(resource: PlannedResource) -> Iterator[str]:
    if resource.differs("enableKeyRotation", True):
        yield "enableKeyRotation is not true; allowed: true"


def _bucket_encryption(resource: PlannedResource) -> Iterator[str]:
    for rule in resource.blocks("rules"):
        algorithm = (rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm")
        if algorithm not in _KMS:
            yield f"sseAlgorithm is {algorithm}; allowed: {' or '.join(_KMS)}"


def _machine(resource: PlannedResource) -> Iterator[str]:
    disks = resource.blocks("rootBlockDevice")
    if not disks or not all(disk.get("encrypted") is True for disk in disks):
        yield "its root disk is not encrypted; allowed: rootBlockDevice.encrypted true"


def _topic(resource: PlannedResource) -> Iterator[str]:
    if not resource.get("kmsMasterKeyId"):
        yield "its messages wait in clear text; allowed: a kmsMasterKeyId"


def _log_group(resource: PlannedResource) -> Iterator[str]:
    if not resource.get("kmsKeyId"):
        yield "its logs, which hold statements with their values, have no key of ours; allowed: a kmsKeyId"


def _secret(resource: PlannedResource) -> Iterator[str]:
    # Secrets Manager encrypts with AWS's own key where none is named.
    if resource.get("kmsKeyId") == "":
        yield "kmsKeyId is empty; allowed: a key, or no such property"


_CHECKS: Final[Mapping[str, Callable[[PlannedResource], Iterable[str]]]] = {
    "aws:rds/instance:Instance": _instance,
    "aws:kms/key:Key": _key,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_encryption,
    "aws:ec2/instance:Instance": _machine,
    "aws:sns/topic:Topic": _topic,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:secretsmanager/secret:Secret": _secret,
}

RULE = ResourceRule(
    name="encryption-at-rest",
    description="What keeps data keeps it encrypted, with keys that rotate.",
    remedy="turn encryption on; an instance that is there is restored from an encrypted copy of its snapshot",
    check=_check,
)
