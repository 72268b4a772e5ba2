"""What stands on an S3 bucket: ownership, public access block, encryption, versioning and policy.

Each is one setting of one bucket, so the resource's id is the bucket's name and a new bucket is a new resource.
"""

from __future__ import annotations

from typing import Any, ClassVar

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.shapes import Shape, known, paths
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ProviderError, ResourceType


class BucketSetting(ResourceType):
    """A setting that is put, read back and deleted under the bucket's name."""

    replaces: ClassVar = {"bucket": "Terraform registry: bucket forces a new resource in every aws_s3_bucket_* type"}
    #: What the setting is called in the client's methods, for example ``bucket_versioning``.
    noun: ClassVar[str]

    def request(self, inputs: Properties) -> Properties:
        """Return the arguments of the put call beside the bucket."""
        raise NotImplementedError

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return what the get call answered, in the shape of the inputs; None when it is not set."""
        raise NotImplementedError

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the setting on a bucket that must exist."""
        bucket = inputs["bucket"]
        client = provider.client("s3", inputs.get("region"))
        if find(f"reading bucket {bucket}", client.head_bucket, Bucket=bucket) is None:
            raise ProviderError(f"{self.label(bucket)}: NoSuchBucket: no bucket has the name {bucket}")
        self.require(provider, inputs)
        call(
            f"putting {self.label(bucket)}", getattr(client, f"put_{self.noun}"), Bucket=bucket, **self.request(inputs)
        )
        return Created(bucket)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live setting."""
        client = provider.client("s3", state.get("region"))
        what = f"reading {self.label(resource_id)}"
        answer = find(what, getattr(client, f"get_{self.noun}"), Bucket=resource_id)
        live = None if answer is None else self.mirrored(answer, state)
        return None if live is None else {**live, "bucket": resource_id}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the setting again; every put replaces the whole of it."""
        del old
        client = provider.client("s3", new.get("region"))
        self.require(provider, new)
        what = f"putting {self.label(resource_id)}"
        call(what, getattr(client, f"put_{self.noun}"), Bucket=resource_id, **self.request(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the setting; a bucket that is gone took it along."""
        client = provider.client("s3", state.get("region"))
        # The one delete that is called otherwise is DeleteBucketLifecycle.
        noun = self.noun.replace("lifecycle_configuration", "lifecycle")
        find(f"deleting {self.label(resource_id)}", getattr(client, f"delete_{noun}"), Bucket=resource_id)

    def require(self, provider: Any, inputs: Properties) -> None:
        """Refuse inputs that refer to what does not exist."""

    def label(self, bucket: str) -> str:
        """Return the setting and its bucket for a message."""
        return f"{self.noun.replace('_', ' ')} of {bucket}"


class BucketOwnershipControls(BucketSetting):
    """``aws:s3/bucketOwnershipControls:BucketOwnershipControls``."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"  # noqa: S105 - a type token, no secret
    noun = "bucket_ownership_controls"
    shape = Shape("s3", "OwnershipControlsRule", paths({"": "objectOwnership"}))
    modelled = frozenset({"bucket", "rule.objectOwnership"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return an ownership that S3 does not know."""
        del provider
        rule = inputs.get("rule")
        found = self.shape.failures(rule) if isinstance(rule, dict) else []
        return [CheckFailure(f"rule.{failure.property}", failure.reason) for failure in found]

    def request(self, inputs: Properties) -> Properties:
        """Return the one rule as S3's list."""
        return {"OwnershipControls": {"Rules": [self.shape.to_service(inputs["rule"])]}}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the one rule."""
        del state
        return {"rule": self.shape.from_service(answer["OwnershipControls"]["Rules"][0])}


class BucketPublicAccessBlock(BucketSetting):
    """``aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock``."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"  # noqa: S105 - a type token, no secret
    noun = "public_access_block"
    # Terraform registry, aws_s3_bucket_public_access_block: all four default to false.
    defaults: ClassVar = {
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    }
    shape = Shape("s3", "PublicAccessBlockConfiguration", frozenset(defaults), defaults=defaults)
    modelled = shape.paths | {"bucket"}

    def request(self, inputs: Properties) -> Properties:
        """Return all four switches."""
        return {"PublicAccessBlockConfiguration": self.shape.to_service(inputs)}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the switches."""
        return self.shape.mirror(answer["PublicAccessBlockConfiguration"], state)


class BucketServerSideEncryptionConfiguration(BucketSetting):
    """``aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration``."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"  # noqa: S105
    noun = "bucket_encryption"
    shape = Shape(
        "s3",
        "ServerSideEncryptionConfiguration",
        paths(
            {
                "rules": "bucketKeyEnabled",
                "rules.applyServerSideEncryptionByDefault": "kmsMasterKeyId sseAlgorithm",
            }
        ),
        defaults={"rules.bucketKeyEnabled": False, "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": ""},
        limits={"rules": (1, 1)},
        choices={
            # PutBucketEncryption: the model lists other services' algorithms too.
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm": frozenset({"AES256", "aws:kms", "aws:kms:dsse"})
        },
    )
    modelled = shape.paths | {"bucket"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of algorithm and key."""
        del provider
        found = self.shape.failures(inputs)
        for index, default in enumerate(_by_default(inputs)):
            algorithm, place = default.get("sseAlgorithm"), f"rules[{index}].applyServerSideEncryptionByDefault"
            if algorithm == "AES256" and default.get("kmsMasterKeyId"):
                found.append(CheckFailure(f"{place}.kmsMasterKeyId", "AES256 takes no key"))
        return found

    def request(self, inputs: Properties) -> Properties:
        """Return the configuration without an empty key, which S3 would look for."""
        configuration = self.shape.to_service(inputs)
        for rule in configuration["Rules"]:
            if rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") == "":
                del rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        return {"ServerSideEncryptionConfiguration": configuration}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the rules; a bucket always has some, S3's own being AES256."""
        return self.shape.mirror(answer["ServerSideEncryptionConfiguration"], state)

    def require(self, provider: Any, inputs: Properties) -> None:
        """Refuse a key that does not exist in the bucket's region."""
        client = provider.client("kms", inputs.get("region"))
        for default in _by_default(inputs):
            key = default.get("kmsMasterKeyId")
            if key and find(f"reading key {key}", client.describe_key, KeyId=key) is None:
                raise ProviderError(f"{self.label(inputs['bucket'])}: KMS.NotFoundException: no key {key}")


def _by_default(inputs: Properties) -> list[Properties]:
    rules = inputs.get("rules")
    found = [r.get("applyServerSideEncryptionByDefault") for r in rules if isinstance(r, dict)] if rules else []
    return [default for default in found if isinstance(default, dict)]


class BucketVersioning(BucketSetting):
    """``aws:s3/bucketVersioning:BucketVersioning``; versioning once on can only be suspended."""

    token = "aws:s3/bucketVersioning:BucketVersioning"  # noqa: S105 - a type token, no secret
    noun = "bucket_versioning"
    shape = Shape(
        "s3",
        "VersioningConfiguration",
        paths({"": "mfaDelete status"}),
        names={"mfaDelete": "MFADelete"},
        # Terraform registry, aws_s3_bucket_versioning; `Disabled` names a bucket that never had it.
        choices={"status": frozenset({"Disabled", "Enabled", "Suspended"})},
    )
    modelled = frozenset({"bucket", "versioningConfiguration.status"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return a status that S3 does not know."""
        del provider
        configuration = inputs.get("versioningConfiguration")
        found = self.shape.failures(configuration) if isinstance(configuration, dict) else []
        return [CheckFailure(f"versioningConfiguration.{item.property}", item.reason) for item in found]

    def request(self, inputs: Properties) -> Properties:
        """Return the status."""
        return {"VersioningConfiguration": self.shape.to_service(inputs["versioningConfiguration"])}

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the status; `Disabled` is what a new bucket has and cannot be put."""
        if inputs["versioningConfiguration"]["status"] == "Disabled":
            return Created(inputs["bucket"])
        return super().create(provider, inputs)

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the status."""
        del state
        return {"versioningConfiguration": {"status": answer.get("Status", "Disabled")}}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the new status; there is no way back to a bucket that never had versions."""
        if new["versioningConfiguration"]["status"] == "Disabled":
            raise ProviderError(f"{self.label(resource_id)}: status cannot return to Disabled; Suspended is allowed")
        return super().update(provider, resource_id, old, new)

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Suspend versioning: S3 has no call that removes it."""
        client = provider.client("s3", state.get("region"))
        status = (state.get("versioningConfiguration") or {}).get("status")
        if status == "Enabled":
            configuration = {"Status": "Suspended"}
            what = f"suspending {self.label(resource_id)}"
            find(what, client.put_bucket_versioning, Bucket=resource_id, VersioningConfiguration=configuration)


class BucketPolicy(BucketSetting):
    """``aws:s3/bucketPolicy:BucketPolicy``."""

    token = "aws:s3/bucketPolicy:BucketPolicy"  # noqa: S105 - a type token, no secret
    noun = "bucket_policy"
    modelled = frozenset({"bucket", "policy.*"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return what S3 would call malformed; resources must be this bucket and its objects."""
        del provider
        bucket, policy = inputs.get("bucket"), inputs.get("policy")
        if policy is UNKNOWN or not known(policy):
            return []
        arn = f"arn:aws:s3:::{bucket if isinstance(bucket, str) else '*'}"
        found = policy_documents.failures(policy, "s3", (arn, f"{arn}/*"))
        return [CheckFailure("policy", reason) for reason in found]

    def request(self, inputs: Properties) -> Properties:
        """Return the policy as JSON text."""
        return {"Policy": policy_documents.text(inputs["policy"])}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the live policy, in the program's words when it says the same."""
        said = state.get("policy")
        return {"policy": said if policy_documents.same(answer["Policy"], said) else answer["Policy"]}

    def require(self, provider: Any, inputs: Properties) -> None:
        """Refuse a public policy where the bucket's public access block forbids one."""
        bucket = inputs["bucket"]
        client = provider.client("s3", inputs.get("region"))
        block = find(f"reading public access block of {bucket}", client.get_public_access_block, Bucket=bucket)
        blocked = block is not None and block["PublicAccessBlockConfiguration"].get("BlockPublicPolicy")
        if blocked and policy_documents.is_public(inputs["policy"]):
            raise ProviderError(
                f"{self.label(bucket)}: AccessDenied: the policy is public, and the bucket's public access block "
                "(blockPublicPolicy) forbids that"
            )
