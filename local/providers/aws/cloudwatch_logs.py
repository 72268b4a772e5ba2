"""CloudWatch Logs: log groups, and metric filters on them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from local.providers.aws import policy_documents
from local.providers.aws.calls import call, find
from local.providers.aws.shapes import Shape, paths
from local.providers.aws.tags import changes
from local.providers.resource import Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

# API reference, CreateLogGroup, and PutRetentionPolicy: the days that may be asked for.
_GROUP_NAME = re.compile(r"[a-zA-Z0-9_./#-]{1,512}")
_RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class LogGroup(ResourceType):
    """``aws:cloudwatch/logGroup:LogGroup``; its id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"kmsKeyId", "name", "retentionInDays", "tags"})
    autoname = Autoname("name", max_length=512)
    delete_before_replace = True
    replaces: ClassVar = {"name": "Terraform registry, aws_cloudwatch_log_group: name forces a new resource"}
    defaults: ClassVar = {"retentionInDays": 0}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name and retention; 0 keeps for ever."""
        del provider
        found, name, days = [], inputs.get("name"), inputs.get("retentionInDays")
        if isinstance(name, str) and (not _GROUP_NAME.fullmatch(name) or name.startswith("aws/")):
            found.append(CheckFailure("name", f"{name!r} is not 1 to 512 of a-z A-Z 0-9 _-/.#, or is AWS's own"))
        if isinstance(days, int | float) and days not in _RETENTION_DAYS | {0}:
            allowed = ", ".join(map(str, sorted(_RETENTION_DAYS)))
            found.append(CheckFailure("retentionInDays", f"is {days}; CloudWatch takes {allowed}, or 0 for ever"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the group under a key whose policy lets CloudWatch Logs use it."""
        client, name = provider.client("logs", inputs.get("region")), inputs["name"]
        _require_key(provider, inputs)
        optional = {"kmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        tags = provider.tags(inputs)
        call(
            f"creating log group {name}",
            client.create_log_group,
            logGroupName=name,
            **optional,
            **({"tags": tags} if tags else {}),
        )
        _retain(client, name, inputs)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live group."""
        client = provider.client("logs", state.get("region"))
        live = _group(client, resource_id)
        if live is None:
            return None
        arn = live["arn"].removesuffix(":*")
        return {
            "arn": arn,
            "kmsKeyId": live.get("kmsKeyId"),
            "name": live["logGroupName"],
            "retentionInDays": live.get("retentionInDays", 0),
            "tags": _tags(client, arn),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change retention and tags; the emulator cannot change the key of a group."""
        if (old.get("kmsKeyId") or None) != (new.get("kmsKeyId") or None):
            raise ProviderError(
                f"updating log group {resource_id}: kmsKeyId: the emulator has no AssociateKmsKey; AWS changes it"
            )
        client, what = provider.client("logs", new.get("region")), f"updating log group {resource_id}"
        _retain(client, resource_id, new)
        added, removed = changes(_tags(client, old["arn"]), provider.tags(new))
        if added:
            call(what, client.tag_resource, resourceArn=old["arn"], tags=added)
        if removed:
            call(what, client.untag_resource, resourceArn=old["arn"], tagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the group with what it holds."""
        client = provider.client("logs", state.get("region"))
        find(f"deleting log group {resource_id}", client.delete_log_group, logGroupName=resource_id)


def _retain(client: Any, name: str, inputs: Properties) -> None:
    what, days = f"setting the retention of log group {name}", inputs.get("retentionInDays")
    if days:
        call(what, client.put_retention_policy, logGroupName=name, retentionInDays=int(days))
    else:
        find(what, client.delete_retention_policy, logGroupName=name)


def _group(client: Any, name: str) -> Any:
    answer = call(f"reading log group {name}", client.describe_log_groups, logGroupNamePrefix=name)
    return next((group for group in answer["logGroups"] if group["logGroupName"] == name), None)


def _tags(client: Any, arn: str) -> dict[str, str]:
    return dict(call(f"reading tags of {arn}", client.list_tags_for_resource, resourceArn=arn).get("tags", {}))


def _require_key(provider: Any, inputs: Properties) -> None:
    """Refuse a key that is not there or does not admit the service (Logs User Guide, "Encrypt log data using KMS")."""
    key, name = inputs.get("kmsKeyId"), inputs["name"]
    if not key:
        return
    region = inputs.get("region") or provider.region
    client = provider.client("kms", region)
    if find(f"reading key {key}", client.describe_key, KeyId=key) is None:
        raise ProviderError(f"log group {name}: kmsKeyId: no key {key}")
    policy = call("reading key policy", client.get_key_policy, KeyId=key, PolicyName="default")["Policy"]
    service = f"logs.{region}.amazonaws.com"
    if not policy_documents.admits(policy, service, "kms:GenerateDataKey", "*"):
        raise ProviderError(
            f"log group {name}: AccessDeniedException: the policy of key {key} does not allow {service} "
            "kms:GenerateDataKey*"
        )


class LogMetricFilter(ResourceType):
    """``aws:cloudwatch/logMetricFilter:LogMetricFilter``; its id is its name."""

    token = "aws:cloudwatch/logMetricFilter:LogMetricFilter"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "logs",
        "MetricTransformation",
        paths({"": "defaultValue name namespace unit value"}),
        names={"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"},
    )
    modelled = frozenset(
        {"logGroupName", "name", "pattern", "metricTransformation"}
        | {f"metricTransformation.{path}" for path in shape.paths}
    )
    autoname = Autoname("name", max_length=512)
    replaces: ClassVar = {
        name: f"Terraform registry, aws_cloudwatch_log_metric_filter: {name} forces a new resource"
        for name in ("logGroupName", "name")
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the transformation."""
        del provider
        transformation = inputs.get("metricTransformation")
        found = self.shape.failures(transformation) if isinstance(transformation, dict) else []
        return [CheckFailure(f"metricTransformation.{one.property}", one.reason) for one in found]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the filter on a group that must exist."""
        self._put(provider, inputs)
        return Created(inputs["name"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live filter."""
        client = provider.client("logs", state.get("region"))
        group = state["logGroupName"]
        what = f"reading metric filter {resource_id}"
        answer = find(what, client.describe_metric_filters, logGroupName=group, filterNamePrefix=resource_id)
        found = answer["metricFilters"] if answer else []
        live = next((one for one in found if one["filterName"] == resource_id), None)
        if live is None:
            return None
        transformation = dict(live["metricTransformations"][0])
        if "defaultValue" in transformation:
            # A number in the service, text in the SDK.
            transformation["defaultValue"] = f"{transformation['defaultValue']:g}"
        return {
            "logGroupName": group,
            "metricTransformation": self.shape.mirror(transformation, state.get("metricTransformation") or {}),
            "name": resource_id,
            "pattern": live["filterPattern"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the filter again."""
        del resource_id, old
        self._put(provider, new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the filter."""
        client = provider.client("logs", state.get("region"))
        what = f"deleting metric filter {resource_id}"
        find(what, client.delete_metric_filter, logGroupName=state["logGroupName"], filterName=resource_id)

    def _put(self, provider: Any, inputs: Properties) -> None:
        transformation = self.shape.to_service(inputs["metricTransformation"])
        if "defaultValue" in transformation:
            transformation["defaultValue"] = float(transformation["defaultValue"])
        call(
            f"putting metric filter {inputs['name']}",
            provider.client("logs", inputs.get("region")).put_metric_filter,
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[transformation],
        )
