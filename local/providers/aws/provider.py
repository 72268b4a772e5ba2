"""The AWS provider of the local environment: its configuration, its boto3 clients, regions and default tags."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.aws import registry
from local.providers.properties import contains_unknown
from local.providers.provider import Provider
from local.providers.resource import UNKNOWN, CheckFailure
from local.providers.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.providers.resource import Function, Properties, ResourceType

# What the program sets on AWS and what says nothing here: the emulator's address and account come from the environment.
_TAKEN: Final = frozenset(
    {
        "defaultTags.tags",
        "endpoints.*",
        "maxRetries",
        "region",
        "retryMode",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    }
)
# Keys of the engine itself in every provider's configuration.
_ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL"})


@dataclass(frozen=True)
class Config:
    """The provider's parsed configuration."""

    region: str
    default_tags: Mapping[str, str] = field(default_factory=dict)


class Aws(Provider):
    """The provider that every AWS resource type gets; it talks to the emulator at ``AWS_ENDPOINT_URL``."""

    name = "aws"
    package = "pulumi_aws"
    common_inputs: ClassVar = frozenset({"region"})

    def __init__(self) -> None:
        super().__init__()
        #: Held from the check of a rule among several resources to the change that rests on it: the engine calls
        #: in parallel, and the emulator would let both of two that exclude each other through.
        self.checking = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._config = Config(region="")

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """Return unknown, unmodelled and missing keys; ``AWS_REGION`` stands in for a missing region."""
        said = _parsed(config)
        failures = Validation(self.sdk, "pulumi:providers:aws", _TAKEN).failures(self.sdk.provider_config(), said)
        if not failures and not said.get("region") and not os.environ.get("AWS_REGION"):
            failures.append(CheckFailure("region", "missing; set aws:region, or AWS_REGION in the environment"))
        return failures

    def configure(self, config: Properties) -> None:
        """Take region and default tags."""
        said = _parsed(config)
        tags = said.get("defaultTags") or {}
        self._config = Config(said.get("region") or os.environ["AWS_REGION"], tags.get("tags") or {})

    def resource_type(self, token: str) -> ResourceType:
        """Return the resource type of a token."""
        return registry.resource_type(token)

    def function(self, token: str) -> Function:
        """Return the function of a token."""
        return registry.function(token)

    def effective_inputs(self, inputs: Properties) -> Properties:
        """Return the inputs with the region, which pulumi-aws 7 takes per resource or from the provider."""
        return {**inputs, "region": inputs.get("region") or self.region}

    def derived_outputs(self, outputs: frozenset[str], inputs: Properties) -> Properties:
        """Return `region` and `tagsAll` where the type has them."""
        derived: Properties = {"region": inputs.get("region") or self.region, "tagsAll": self.tags(inputs)}
        return {key: value for key, value in derived.items() if key in outputs}

    def mirrored(self, live: Properties, inputs: Properties) -> Properties:
        """Return live outputs whose `tags`, if they are all that a service has, are split into `tags` and `tagsAll`."""
        if "tags" not in live or "tagsAll" in live:
            return live
        said, tags = inputs.get("tags") or {}, live["tags"] or {}
        own = {key: value for key, value in tags.items() if key in said or self._config.default_tags.get(key) != value}
        return {**live, "tags": own or None, "tagsAll": tags}

    def explain(self, error: Exception) -> str | None:
        """Return the service's own words for a refusal that boto3 raised."""
        if not type(error).__module__.startswith("botocore."):
            return None
        response = getattr(error, "response", None)
        if response is None:
            return str(error)
        details = response["Error"]
        operation = getattr(error, "operation_name", "request")
        return f"{operation}: {details.get('Code')}: {details.get('Message')}"

    @property
    def region(self) -> str:
        """The region of resources that name none."""
        return self._config.region

    @property
    def partition(self) -> str:
        """The partition of `region`, by the prefixes that AWS documents."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((partition for prefix, partition in prefixes.items() if self.region.startswith(prefix)), "aws")

    @cached_property
    def account_id(self) -> str:
        """The account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def tags(self, inputs: Properties) -> Any:
        """Return the provider's default tags and, over them, the resource's own; `UNKNOWN` if its own are."""
        own = inputs.get("tags") or {}
        return UNKNOWN if own is UNKNOWN else {**self._config.default_tags, **own}

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service in a region; clients are shared, which boto3 documents as safe."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    def _new_client(self, service: str, region: str) -> Any:
        import boto3  # noqa: PLC0415 - costs a third of a second, and a no-op preview needs none of it
        from botocore.config import Config as ClientConfig  # noqa: PLC0415

        # S3 by path: a bucket's name is no host name that resolves here. A local server answers at once or not at all.
        config = ClientConfig(
            retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}, max_pool_connections=32
        )
        # A session of its own: boto3's default one may not be shared between threads.
        return boto3.session.Session().client(
            service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config
        )


def _parsed(config: Properties) -> Properties:
    """Return the configuration with the nested values that bridged SDKs send as JSON text."""
    return {key: _json(value) for key, value in config.items() if key not in _ENGINE_KEYS}


def _json(value: Any) -> Any:
    if contains_unknown(value) or not isinstance(value, str):
        return value
    if value in ("true", "false") or value[:1] in ("{", "["):
        return json.loads(value)
    return int(value) if value.isdecimal() else value
