"""Where a distribution's access logs go, and in which shape: as deployed, read from AWS's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from local.edge.errors import UnmodelledError
from strata import aws

#: Log delivery of CloudFront is an API of one region (Developer Guide, "Standard logging (v2)").
REGION: Final = "us-east-1"
#: The same page, "Provide a field path": what a path may name, with how the hour of a file fills it in.
PARTITIONS: Final = {"{yyyy}": "%Y", "{MM}": "%m", "{dd}": "%d", "{HH}": "%H"}
_FORMATS: Final = ("json", "w3c")

#: Developer Guide, "Standard log file format" (legacy): all fields in their fixed order.
LEGACY_FIELDS: Final = (
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
)


@dataclass(frozen=True)
class LogDelivery:
    """One way that access logs take.

    Args:
        bucket: where the files go.
        folder: key of a file without its name; may hold the partitions of an hour.
        fields: of a record, in order.
        output_format: ``json`` is one object per line; ``w3c`` is tab-separated below two header lines.
    """

    bucket: str
    folder: str
    fields: tuple[str, ...]
    output_format: Literal["json", "w3c"]


def read_deliveries(distribution_arn: str, logging: dict[str, Any]) -> tuple[LogDelivery, ...]:
    """Return where the logs of a distribution go.

    Args:
        distribution_arn: of the distribution.
        logging: ``Logging`` of its DistributionConfig, which is the older kind.

    Raises:
        UnmodelledError: a delivery in a form that the local edge does not write.
    """
    client = aws.client("logs", REGION)
    sources = {one["name"]: one["resourceArns"] for one in client.describe_delivery_sources()["deliverySources"]}
    destinations = {one["arn"]: one for one in client.describe_delivery_destinations()["deliveryDestinations"]}
    ours = [
        _delivery(distribution_arn, one, destinations[one["deliveryDestinationArn"]])
        for one in client.describe_deliveries()["deliveries"]
        if distribution_arn in sources.get(one["deliverySourceName"], ())
    ]
    return (*ours, *([_legacy(logging)] if logging.get("Enabled") else []))


def _delivery(distribution_arn: str, delivery: dict[str, Any], destination: dict[str, Any]) -> LogDelivery:
    output_format, to_s3 = destination.get("outputFormat"), delivery.get("s3DeliveryConfiguration") or {}
    where = {"delivery": delivery["id"]}
    if delivery["deliveryDestinationType"] != "S3" or output_format not in _FORMATS:
        kind = f"delivery of {output_format} to {delivery['deliveryDestinationType']}"
        raise UnmodelledError(kind, where=where, allowed=f"{' or '.join(_FORMATS)} to S3")
    if to_s3.get("enableHiveCompatiblePath"):
        raise UnmodelledError("Hive paths of access logs", where=where, allowed="paths without names")
    # arn:aws:s3:::bucket/prefix
    bucket, _, prefix = destination["deliveryDestinationConfiguration"]["destinationResourceArn"][13:].partition("/")
    account, distribution = distribution_arn.split(":")[4], distribution_arn.rpartition("/")[2]
    suffix = to_s3.get("suffixPath", "").replace("{DistributionId}", distribution).replace("{accountid}", account)
    parts = [prefix, "AWSLogs", account, "CloudFront", suffix]
    return LogDelivery(bucket, "/".join(part for part in parts if part), tuple(delivery["recordFields"]), output_format)


def _legacy(logging: dict[str, Any]) -> LogDelivery:
    # The bucket is given by its name in the DNS.
    return LogDelivery(
        logging["Bucket"].removesuffix(".s3.amazonaws.com"), logging["Prefix"].strip("/"), LEGACY_FIELDS, "w3c"
    )
