"""The resource types of CloudWatch; here log delivery (v2): source, destination, and the delivery between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.cloudwatch_alarms import Dashboard, MetricAlarm
from local.providers.aws.cloudwatch_fields import ACCESS_LOG_FIELDS, DELIMITED_FORMATS, PATH_VARIABLES, REGION
from local.providers.aws.cloudwatch_logs import LogGroup, LogMetricFilter
from local.providers.aws.cloudwatch_requirements import (
    BUCKET,
    DISTRIBUTION,
    refuse_in_use,
    require_admission,
    require_bucket,
    require_distribution,
)
from local.providers.aws.shapes import Shape, paths
from local.providers.aws.tags import changes
from local.providers.resource import UNKNOWN, Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[\w-]{1,60}", re.ASCII)
_VARIABLE = re.compile(r"\{(.*?)\}")
_REPLACES = "terraform-provider-aws, {}: {} requires replacement"


def _name_failures(inputs: Properties) -> list[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and not _NAME.fullmatch(name):
        return [CheckFailure("name", f"{name!r} is not 1 to 60 letters, digits, underscores and hyphens")]
    return []


class _Tagged(ResourceType):
    """What the three types share: tags under their ARN."""

    def read_tags(self, client: Any, arn: str) -> dict[str, str]:
        """Return the live tags."""
        answer = call(f"reading tags of {arn}", client.list_tags_for_resource, resourceArn=arn)
        return dict(answer.get("tags", {}))

    def write_tags(self, client: Any, arn: str, wanted: dict[str, str]) -> None:
        """Bring the tags in line."""
        added, removed = changes(self.read_tags(client, arn), wanted)
        if added:
            call(f"tagging {arn}", client.tag_resource, resourceArn=arn, tags=added)
        if removed:
            call(f"untagging {arn}", client.untag_resource, resourceArn=arn, tagKeys=removed)


class LogDeliverySource(_Tagged):
    """``aws:cloudwatch/logDeliverySource:LogDeliverySource``; its id is its name."""

    token = "aws:cloudwatch/logDeliverySource:LogDeliverySource"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"logType", "name", "resourceArn", "tags"})
    autoname = Autoname("name", max_length=60)
    # A put over an existing name changes it or is refused, so two of one name cannot stand side by side.
    delete_before_replace = True
    replaces: ClassVar = {
        name: _REPLACES.format("delivery_source.go", name) for name in ("logType", "name", "resourceArn")
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name, resource, log type and region."""
        found, arn = _name_failures(inputs), inputs.get("resourceArn")
        if not isinstance(arn, str):
            return found
        # Only CloudFront is modelled; its types are those of "Enable standard logging (v2)".
        if not DISTRIBUTION.fullmatch(arn):
            return [*found, CheckFailure("resourceArn", f"{arn} is not a CloudFront distribution's ARN")]
        region = inputs.get("region") or provider.region
        if region not in (REGION, UNKNOWN):
            found.append(CheckFailure("region", f"is {region}; CloudFront's log deliveries are in {REGION} only"))
        log_type = inputs.get("logType")
        if log_type not in ("ACCESS_LOGS", "CONNECTION_LOGS", UNKNOWN):
            found.append(CheckFailure("logType", f"{log_type!r}; CloudFront has ACCESS_LOGS and CONNECTION_LOGS"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the source of a distribution that must exist; one source per distribution and log type."""
        client, name = provider.client("logs", inputs.get("region")), inputs["name"]
        arn, log_type = inputs["resourceArn"], inputs["logType"]
        require_distribution(provider, arn)
        for other in call("listing delivery sources", client.describe_delivery_sources)["deliverySources"]:
            if other["name"] == name or (arn in other["resourceArns"] and other["logType"] == log_type):
                raise ProviderError(
                    f"creating delivery source {name}: ConflictException: {other['name']} is a delivery source of "
                    f"{other['resourceArns'][0]} for {other['logType']}"
                )
        what = f"creating delivery source {name}"
        tags = _tags_argument(provider, inputs)
        call(what, client.put_delivery_source, name=name, resourceArn=arn, logType=log_type, **tags)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live source."""
        client = provider.client("logs", state.get("region"))
        answer = find(f"reading delivery source {resource_id}", client.get_delivery_source, name=resource_id)
        if answer is None:
            return None
        live = answer["deliverySource"]
        return {
            "arn": live["arn"],
            "logType": live["logType"],
            "name": live["name"],
            "resourceArn": live["resourceArns"][0],
            "service": live["service"],
            "tags": self.read_tags(client, live["arn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the tags; all else replaces."""
        del resource_id
        self.write_tags(provider.client("logs", new.get("region")), old["arn"], provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the source, unless a delivery uses it."""
        client = provider.client("logs", state.get("region"))
        refuse_in_use(client, f"deleting delivery source {resource_id}", "deliverySourceName", resource_id)
        find(f"deleting delivery source {resource_id}", client.delete_delivery_source, name=resource_id)


class LogDeliveryDestination(_Tagged):
    """``aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination``; its id is its name."""

    token = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "logs",
        "PutDeliveryDestinationRequest",
        paths({"": "outputFormat", "deliveryDestinationConfiguration": "destinationResourceArn"}),
    )
    modelled = shape.paths | {"name", "tags"}
    autoname = Autoname("name", max_length=60)
    # A put over an existing name changes it or is refused, so two of one name cannot stand side by side.
    delete_before_replace = True
    replaces: ClassVar = {name: _REPLACES.format("delivery_destination.go", name) for name in ("name", "outputFormat")}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of name, format and target; S3 buckets are the one target modelled."""
        del provider
        configuration = inputs.get("deliveryDestinationConfiguration")
        configuration = configuration if isinstance(configuration, dict) else {}
        arn, place = configuration.get("destinationResourceArn"), "deliveryDestinationConfiguration"
        found = [*_name_failures(inputs), *self.shape.failures(inputs)]
        if arn is None and inputs.get("deliveryDestinationConfiguration") is not UNKNOWN:
            found.append(CheckFailure(place, "needs destinationResourceArn"))
        if isinstance(arn, str) and not BUCKET.fullmatch(arn):
            reason = f"{arn} is not the ARN of an S3 bucket, the one target that is modelled"
            found.append(CheckFailure(f"{place}.destinationResourceArn", reason))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put the destination; the bucket must exist and the name be free."""
        client, name = provider.client("logs", inputs.get("region")), inputs["name"]
        if find("reading delivery destination", client.get_delivery_destination, name=name) is not None:
            raise ProviderError(f"creating delivery destination {name}: ConflictException: the name is taken")
        self._put(provider, name, inputs, _tags_argument(provider, inputs))
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live destination."""
        client = provider.client("logs", state.get("region"))
        what = f"reading delivery destination {resource_id}"
        answer = find(what, client.get_delivery_destination, name=resource_id)
        if answer is None:
            return None
        live = answer["deliveryDestination"]
        return {
            **self.shape.mirror(live, state),
            "arn": live["arn"],
            "deliveryDestinationType": live["deliveryDestinationType"],
            "name": live["name"],
            "tags": self.read_tags(client, live["arn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the destination again with its new target, and its tags."""
        if old.get("deliveryDestinationConfiguration") != new.get("deliveryDestinationConfiguration"):
            self._put(provider, resource_id, new, {})
        self.write_tags(provider.client("logs", new.get("region")), old["arn"], provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the destination, unless a delivery uses it."""
        client = provider.client("logs", state.get("region"))
        refuse_in_use(
            client, f"deleting delivery destination {resource_id}", "deliveryDestinationArn", state.get("arn")
        )
        find(f"deleting delivery destination {resource_id}", client.delete_delivery_destination, name=resource_id)

    def _put(self, provider: Any, name: str, inputs: Properties, tags: Properties) -> None:
        arn = inputs["deliveryDestinationConfiguration"]["destinationResourceArn"]
        require_bucket(provider, f"delivery destination {name}", arn)
        client = provider.client("logs", inputs.get("region"))
        what = f"putting delivery destination {name}"
        call(what, client.put_delivery_destination, name=name, **self.shape.to_service(inputs), **tags)


class LogDelivery(_Tagged):
    """``aws:cloudwatch/logDelivery:LogDelivery``; its id is CloudWatch's own."""

    token = "aws:cloudwatch/logDelivery:LogDelivery"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "logs",
        "CreateDeliveryRequest",
        paths({"": "deliveryDestinationArn deliverySourceName fieldDelimiter recordFields"}),
    )
    modelled = shape.paths | {
        "s3DeliveryConfigurations.enableHiveCompatiblePath",
        "s3DeliveryConfigurations.suffixPath",
        "tags",
    }
    replaces: ClassVar = {
        name: _REPLACES.format("delivery.go", name) for name in ("deliveryDestinationArn", "deliverySourceName")
    }
    computed = frozenset({"fieldDelimiter", "recordFields", "s3DeliveryConfigurations"})
    recomputed: ClassVar = {"arn": computed}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of fields and of the path in the bucket."""
        del provider
        return [*self.shape.failures(inputs), *_fields(inputs), *_paths(inputs.get("s3DeliveryConfigurations"))]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Create the delivery between a source and a destination whose bucket admits the delivery service."""
        self._require(provider, inputs)
        client = provider.client("logs", inputs.get("region"))
        tags = _tags_argument(provider, inputs)
        answer = call("creating delivery", client.create_delivery, **_delivery(self.shape, inputs), **tags)
        return Created(answer["delivery"]["id"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live delivery; there is one at most per pair of source and destination."""
        client = provider.client("logs", state.get("region"))
        live = _live_delivery(client, resource_id, state)
        if live is None:
            return None
        configuration = live.get("s3DeliveryConfiguration") or {}
        configured = {"enableHiveCompatiblePath": False, **configuration}
        return {
            **self.shape.mirror(live, state),
            **({"s3DeliveryConfigurations": [configured]} if configuration else {}),
            "arn": live["arn"],
            "tags": self.read_tags(client, live["arn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change fields and path.

        The emulator has no UpdateDeliveryConfiguration, so the delivery is made again: its ARN changes here, on AWS
        it does not. The resource keeps its id, and `read` finds the delivery by its source and destination.
        """
        client = provider.client("logs", new.get("region"))
        live = _live_delivery(client, resource_id, old)
        if live is None:
            raise ProviderError(f"updating delivery {resource_id}: it does not exist any more")
        if any(old.get(name) != new.get(name, old.get(name)) for name in self.computed):
            self._require(provider, new)
            call(f"updating delivery {resource_id}", client.delete_delivery, id=live["id"])
            tags = _tags_argument(provider, new)
            call(f"updating delivery {resource_id}", client.create_delivery, **_delivery(self.shape, new), **tags)
        else:
            self.write_tags(client, live["arn"], provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the delivery."""
        client = provider.client("logs", state.get("region"))
        live = _live_delivery(client, resource_id, state)
        if live is not None:
            call(f"deleting delivery {resource_id}", client.delete_delivery, id=live["id"])

    @staticmethod
    def _require(provider: Any, inputs: Properties) -> None:
        client = provider.client("logs", inputs.get("region"))
        source, destination_arn = inputs["deliverySourceName"], inputs["deliveryDestinationArn"]
        if find("reading delivery source", client.get_delivery_source, name=source) is None:
            raise ProviderError(f"delivery: deliverySourceName: no delivery source has the name {source}")
        name = destination_arn.rpartition(":")[2]
        found = find("reading delivery destination", client.get_delivery_destination, name=name)
        if found is None or found["deliveryDestination"]["arn"] != destination_arn:
            raise ProviderError(f"delivery: deliveryDestinationArn: {destination_arn} does not exist")
        destination = found["deliveryDestination"]
        output_format = destination.get("outputFormat", "json")
        if inputs.get("fieldDelimiter") and output_format not in DELIMITED_FORMATS:
            formats = ", ".join(sorted(DELIMITED_FORMATS))
            raise ProviderError(f"delivery: fieldDelimiter: not with outputFormat {output_format}; allowed: {formats}")
        arn = destination["deliveryDestinationConfiguration"]["destinationResourceArn"]
        require_admission(provider, arn)


def _delivery(shape: Shape, inputs: Properties) -> Properties:
    configurations = inputs.get("s3DeliveryConfigurations") or []
    return {
        **shape.to_service(inputs),
        **({"s3DeliveryConfiguration": dict(configurations[0])} if configurations else {}),
    }


def _live_delivery(client: Any, delivery_id: str, state: Properties) -> Any:
    found = find(f"reading delivery {delivery_id}", client.get_delivery, id=delivery_id)
    if found is not None:
        return found["delivery"]
    pair = (state.get("deliverySourceName"), state.get("deliveryDestinationArn"))
    deliveries = call("listing deliveries", client.describe_deliveries)["deliveries"]
    return next((d for d in deliveries if (d["deliverySourceName"], d["deliveryDestinationArn"]) == pair), None)


def _fields(inputs: Properties) -> Iterator[CheckFailure]:
    fields = inputs.get("recordFields")
    seen: set[str] = set()
    for index, name in enumerate(fields if isinstance(fields, list) else []):
        if isinstance(name, str) and name not in ACCESS_LOG_FIELDS:
            yield CheckFailure(f"recordFields[{index}]", f"{name!r} is not a field of CloudFront's access logs")
        if name in seen:
            yield CheckFailure(f"recordFields[{index}]", f"{name} is there twice")
        if isinstance(name, str):
            seen.add(name)


def _paths(configurations: Any) -> Iterator[CheckFailure]:
    entries = configurations if isinstance(configurations, list) else []
    if len(entries) > 1:
        yield CheckFailure("s3DeliveryConfigurations", f"has {len(entries)} items; CloudWatch takes one")
    for index, entry in enumerate(entries):
        suffix = entry.get("suffixPath") if isinstance(entry, dict) else None
        for variable in _VARIABLE.findall(suffix) if isinstance(suffix, str) else []:
            if variable not in PATH_VARIABLES:
                allowed = ", ".join(sorted(PATH_VARIABLES))
                reason = f"{{{variable}}} is no variable of CloudFront's logs; allowed: {allowed}"
                yield CheckFailure(f"s3DeliveryConfigurations[{index}].suffixPath", reason)


def _tags_argument(provider: Any, inputs: Properties) -> Properties:
    wanted = provider.tags(inputs)
    return {"tags": wanted} if wanted else {}


RESOURCES = (
    Dashboard,
    LogDelivery,
    LogDeliveryDestination,
    LogDeliverySource,
    LogGroup,
    LogMetricFilter,
    MetricAlarm,
)
FUNCTIONS = ()
