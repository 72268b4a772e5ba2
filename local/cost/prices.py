"""Prices of AWS, each with its unit, its date and where it was read; a price that has no source is not in the table.

They were read in public material, not in AWS's own price list, which cannot be reached from where this was written:
they are for comparing environments, and are to be looked up before money depends on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: All prices are of this region; other regions are mostly dearer.
REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Price:
    """A price in US dollars.

    Args:
        usd: for one unit; the lowest of several where sources disagree.
        unit: what it is for.
        read: year and month that the source is of.
        source: where it was read.
        highest_usd: the highest, where sources disagree.
    """

    usd: float
    unit: str
    read: str
    source: str
    highest_usd: float | None = None

    @property
    def most_usd(self) -> float:
        """The highest figure that a source names."""
        return self.highest_usd or self.usd


_HOUR: Final = "hour"
_MONTH: Final = "month"
_RDS_2026: Final = "infratally.com, AWS RDS Pricing Explained 2026"
_TABLES: Final = "price tables in public repositories, four of which agree"
_DISAGREE: Final = "price tables in public repositories, which disagree and do not all tell the engine"

#: Of PostgreSQL in one zone, by class; in two zones it is twice that (infratally.com, as above).
INSTANCE_HOUR: Final[Mapping[str, Price]] = {
    "db.t4g.micro": Price(0.016, _HOUR, "2026", _RDS_2026),
    "db.t4g.small": Price(0.032, _HOUR, "2026", _RDS_2026),
    "db.t4g.medium": Price(0.065, _HOUR, "2026", _RDS_2026),
    "db.t4g.large": Price(0.129, _HOUR, "2025", _TABLES),
    "db.r7g.xlarge": Price(0.456, _HOUR, "2025", _DISAGREE, highest_usd=0.504),
}
PRICES: Final[Mapping[str, Price]] = {
    "storage (gp3)": Price(0.115, "GB-month", "2026-06", "usage.ai, RDS pricing calculator"),
    "KMS key": Price(1.00, _MONTH, "2026-03", "aws.amazon.com/kms/pricing"),
    "secret": Price(0.40, _MONTH, "2026", "hivebook.wiki, AWS Secrets Manager"),
    "alarm": Price(0.10, _MONTH, "2026", "c3x.dev, aws_cloudwatch_metric_alarm"),
    "dashboard": Price(3.00, _MONTH, "2026-06", "factualminds.com, Amazon CloudWatch Pricing"),
    "custom metric": Price(0.30, _MONTH, "2026-02", "signoz.io, CloudWatch Pricing"),
    "logs taken in": Price(0.50, "GB", "2026-06", "factualminds.com, Amazon CloudWatch Pricing"),
    "interface endpoint in one zone": Price(0.01, _HOUR, "2026", "c3x.dev, aws_vpc_endpoint"),
    "HTTPS requests": Price(0.0100, "10,000", "2026-06", "factualminds.com, Amazon CloudFront Pricing"),
    "function calls": Price(0.10, "million", "2026", "cur.vantage.sh, AmazonCloudFront"),
    "transfer to viewers": Price(0.085, "GB", "2026", "aws.amazon.com/cloudfront/pricing, first 10 TB"),
}
#: What is charged and has no price here, with the reason.
LEFT_OUT: Final = (
    ("the jump host's instance (t4g.nano) and its volume", "no source of its price was found"),
    ("backups beyond the size of the storage, snapshots", "follow from how much changes"),
    ("the archive and access logs in S3, calls of KMS", "follow from the traffic; cents at a million requests"),
    ("Origin Shield, reads of the KeyValueStore", "no source of their price was found"),
    ("surplus CPU credits of burstable classes", "follow from the load"),
    ("taxes, support, reserved instances, the free tier", "differ between accounts"),
)
