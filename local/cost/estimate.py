"""The lines of an environment's bill that follow from its config."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra.components.operations import planned_alarms
from infra.config import NewNetworkConfig, StackConfig
from local.cost.prices import INSTANCE_HOUR, PRICES, Price
from strata.caching.classes import CACHE_CLASSES, NONE

HOURS_PER_MONTH: Final = 730
#: An assumption: slow statements and DDL of a database without trouble.
LOG_GB_PER_MONTH: Final = 1
#: An assumption: a page of an API, compressed.
ANSWER_KIB: Final = 10
_MILLION: Final = 1_000_000
_KIB_PER_GB: Final = 1024 * 1024
_DATABASE_METRICS: Final = 1
_METRICS_PER_CLASS: Final = 2
_ENDPOINTS: Final = 3
_JUMP_HOST_ZONES: Final = 1


@dataclass(frozen=True)
class Line:
    """One line of a bill.

    Args:
        what: is charged.
        quantity: in the price's unit, for a month.
        price: of one unit; None where no price is known.
    """

    what: str
    quantity: float
    price: Price | None

    @property
    def usd(self) -> float:
        """Dollars in a month, at the lowest price; 0 where none is known."""
        return self.quantity * self.price.usd if self.price else 0

    @property
    def most_usd(self) -> float:
        """Dollars in a month, at the highest price."""
        return self.quantity * self.price.most_usd if self.price else 0


def fixed_lines(config: StackConfig) -> Iterator[Line]:
    """Yield what is charged without any traffic."""
    database = config.database
    if database.existing is None:
        zones = 2 if database.multi_az else 1
        where = "two zones" if database.multi_az else "one zone"
        hours = HOURS_PER_MONTH * zones
        yield Line(f"{database.instance_class} in {where}", hours, INSTANCE_HOUR.get(database.instance_class))
        gigabytes = database.allocated_storage_gib * zones
        yield Line(f"{database.allocated_storage_gib} GiB of storage in {where}", gigabytes, PRICES["storage (gp3)"])
        yield Line("the database's logs, assumed", LOG_GB_PER_MONTH, PRICES["logs taken in"])
    yield from _shared(config)
    if database.reach == "tunnel" and isinstance(config.network, NewNetworkConfig):
        hours = HOURS_PER_MONTH * _ENDPOINTS * _JUMP_HOST_ZONES
        yield Line("interface endpoints of the jump host", hours, PRICES["interface endpoint in one zone"])


def _shared(config: StackConfig) -> Iterator[Line]:
    yield Line("KMS keys", key_count(config), PRICES["KMS key"])
    yield Line("secrets", secret_count(config), PRICES["secret"])
    if config.alarms.enabled:
        yield Line("alarms", alarm_count(config), PRICES["alarm"])
    yield Line("dashboard", 1, PRICES["dashboard"])
    yield Line("custom metrics", metric_count(config), PRICES["custom metric"])


def has_edge(config: StackConfig) -> bool:
    """Say whether the stack has a distribution."""
    return config.api is not None and config.cdn.enabled


def key_count(config: StackConfig) -> int:
    """Return how many KMS keys the stack makes: one for each thing that is encrypted with one."""
    is_made, edge, enabled = config.database.existing is None, has_edge(config), config.alarms.enabled
    own_topic = enabled and config.alarms.topic_arn is None
    topic_of_edge = enabled and edge and config.region != "us-east-1"
    has_secrets = edge and config.cdn.key_value_store
    # The archive, the database's logs, the access logs, the edge's secrets, the topics.
    return 1 + is_made + edge + has_secrets + own_topic + topic_of_edge


def secret_count(config: StackConfig) -> int:
    """Return how many secrets there are: the master's, which RDS makes, and the edge's."""
    return (config.database.existing is None) + (has_edge(config) and config.cdn.key_value_store)


def alarm_count(config: StackConfig) -> int:
    """Return how many alarms the table has for the stack."""
    return len(list(planned_alarms(config, "instance", "distribution" if has_edge(config) else None)))


def metric_count(config: StackConfig) -> int:
    """Return how many metrics are of our own: lock waits, and two of each cache class."""
    classes = len([name for name in CACHE_CLASSES if name != NONE.name]) if has_edge(config) else 0
    return (_DATABASE_METRICS if config.database.existing is None else 0) + classes * _METRICS_PER_CLASS


def traffic_lines() -> Iterator[Line]:
    """Yield what a million requests to the edge cost, whatever the environment."""
    yield Line("1,000,000 HTTPS requests", _MILLION / 10_000, PRICES["HTTPS requests"])
    yield Line("1,000,000 calls of the edge function", 1, PRICES["function calls"])
    gigabytes = _MILLION * ANSWER_KIB / _KIB_PER_GB
    yield Line(f"{ANSWER_KIB} KiB of answer each, assumed", round(gigabytes, 2), PRICES["transfer to viewers"])
