"""What pages somebody: one table of alarms, each with its metric, its threshold, its meaning and its runbook.

The alarms that are deployed, the dashboard, `docs/reference/alarms.md` and the runbooks are all held to it.
There is no alarm on replica lag: the stack makes no read replica, and the standby of a multi-AZ instance is written
synchronously and has no such metric (Amazon RDS User Guide, "Multi-AZ DB instance deployments").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pulumi

from infra.components.instance_class import max_connections, memory_bytes, most_cpu_credits
from infra.config import AlarmsConfig, DatabaseConfig
from strata.caching.metric_names import CLASS_DIMENSION, HIT_RATIO, NAMESPACE, STACK_DIMENSION

_GIB: Final = 1024**3
_MINUTE_SECONDS: Final = 60
_FIVE_MINUTES_SECONDS: Final = 300
_HOUR_SECONDS: Final = 3_600
_LEAST_FREE_STORAGE_PERCENT: Final = 20
_MOST_WRITE_AHEAD_LOG_PERCENT: Final = 20
_MOST_CONNECTIONS_PERCENT: Final = 80
_LEAST_MEMORY_PERCENT: Final = 5
_MOST_PROCESSOR_PERCENT: Final = 90
_LEAST_CREDITS_PERCENT: Final = 10
#: Half of the 2 billion at which PostgreSQL stops writing (documentation, "Preventing Transaction ID Wraparound").
_MOST_TRANSACTION_IDS: Final = 1_000_000_000
#: A wait is logged once it has lasted `deadlock_timeout`, a second.
_MOST_LOCK_WAITS: Final = 10
_MOST_SERVER_ERRORS_PERCENT: Final = 5

Missing = Literal["missing", "notBreaching"]
Group = Literal["Storage", "Connections and locks", "Processor and memory", "Edge"]

LOCK_WAITS_METRIC: Final = "LockWaits"


def log_namespace(stack: str) -> str:
    """Return the namespace of what is counted in the instance's log; a metric filter knows no dimensions of a stack."""
    return f"Strata/Database/{stack}"


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch.

    Args:
        namespace: such as ``AWS/RDS``.
        name: of the metric.
        dimensions: which thing it is of.
        is_of_cloudfront: whether it is in us-east-1, where CloudFront keeps its metrics whatever the stack's region.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    is_of_cloudfront: bool = False


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Args:
        name: its last part; the stack's name is before it.
        group: the section of the dashboard.
        metric: what it watches.
        statistic: of the values in one period.
        is_floor: whether it is raised below the threshold, not above.
        threshold: in the metric's unit.
        unit: of the threshold, for people.
        rule: how the threshold comes about.
        period_seconds: what one value is taken over.
        periods: how many of the newest values count.
        needed: how many of them must be beyond the threshold.
        missing: what a period without data does: nothing is known, or all is well.
        meaning: what has happened when it is raised.
        runbook: file name in docs/runbooks.
    """

    name: str
    group: Group
    metric: Metric
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    is_floor: bool
    threshold: float
    unit: Literal["bytes", "connections", "credits", "lock waits", "percent", "transactions"]
    rule: str
    period_seconds: int
    periods: int
    needed: int
    missing: Missing
    meaning: str
    runbook: str

    @property
    def description(self) -> str:
        """What the message of a raised alarm says: the meaning, and where to read on."""
        return f"{self.meaning} Runbook: docs/runbooks/{self.runbook}"


def database_alarms(instance: str, config: DatabaseConfig) -> Iterator[Alarm]:
    """Yield the alarms of a DB instance.

    Args:
        instance: its identifier.
        config: its sizes; of an instance that is not the stack's none is known, and what follows from them is left out.
    """
    yield _processor(instance)
    yield _transaction_ids(instance)
    if config.existing:
        return
    yield from _storage(instance, config.allocated_storage_gib * _GIB)
    memory = memory_bytes(config.instance_class)
    if memory is not None:
        yield _connections(instance, memory)
        yield _memory(instance, memory)
    most_credits = most_cpu_credits(config.instance_class)
    if most_credits is not None:
        yield _credits(instance, most_credits)


def _instance(instance: str, name: str) -> Metric:
    return Metric("AWS/RDS", name, {"DBInstanceIdentifier": instance})


def _storage(instance: str, allocated_bytes: int) -> Iterator[Alarm]:
    yield Alarm(
        name="free-storage",
        group="Storage",
        metric=_instance(instance, "FreeStorageSpace"),
        statistic="Minimum",
        is_floor=True,
        threshold=allocated_bytes * _LEAST_FREE_STORAGE_PERCENT // 100,
        unit="bytes",
        rule=f"{_LEAST_FREE_STORAGE_PERCENT} % of the allocated storage",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="The database is running out of storage; when it is full, nothing can be written.",
        runbook="storage.md",
    )
    yield Alarm(
        name="write-ahead-log",
        group="Storage",
        metric=_instance(instance, "TransactionLogsDiskUsage"),
        statistic="Maximum",
        is_floor=False,
        threshold=allocated_bytes * _MOST_WRITE_AHEAD_LOG_PERCENT // 100,
        unit="bytes",
        rule=f"{_MOST_WRITE_AHEAD_LOG_PERCENT} % of the allocated storage",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="The write-ahead log is growing and fills the storage: something keeps it from being removed.",
        runbook="storage.md",
    )


def _transaction_ids(instance: str) -> Alarm:
    return Alarm(
        name="transaction-ids",
        group="Storage",
        metric=_instance(instance, "MaximumUsedTransactionIDs"),
        statistic="Maximum",
        is_floor=False,
        threshold=_MOST_TRANSACTION_IDS,
        unit="transactions",
        rule="half of the 2 billion at which PostgreSQL stops writing",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="Vacuum does not keep up: transaction ids are running out, and at the end PostgreSQL stops writing.",
        runbook="transaction-ids.md",
    )


def _connections(instance: str, memory: int) -> Alarm:
    return Alarm(
        name="connections",
        group="Connections and locks",
        metric=_instance(instance, "DatabaseConnections"),
        statistic="Maximum",
        is_floor=False,
        threshold=max_connections(memory) * _MOST_CONNECTIONS_PERCENT // 100,
        unit="connections",
        rule=f"{_MOST_CONNECTIONS_PERCENT} % of max_connections, LEAST(memory in bytes / 9531392, 5000)",
        period_seconds=_MINUTE_SECONDS,
        periods=5,
        needed=3,
        missing="missing",
        meaning="The database is running out of connections; the next ones are refused.",
        runbook="connections.md",
    )


def lock_waits(stack: str) -> Alarm:
    """Return the alarm on what PostgreSQL logs of waits for locks (log_lock_waits)."""
    return Alarm(
        name="lock-waits",
        group="Connections and locks",
        metric=Metric(log_namespace(stack), LOCK_WAITS_METRIC, {}),
        statistic="Sum",
        is_floor=False,
        threshold=_MOST_LOCK_WAITS,
        unit="lock waits",
        rule=f"{_MOST_LOCK_WAITS} waits of more than a second in five minutes",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=2,
        missing="notBreaching",
        meaning="Statements wait for locks of others for more than a second each.",
        runbook="lock-waits.md",
    )


def _processor(instance: str) -> Alarm:
    return Alarm(
        name="processor",
        group="Processor and memory",
        metric=_instance(instance, "CPUUtilization"),
        statistic="Average",
        is_floor=False,
        threshold=_MOST_PROCESSOR_PERCENT,
        unit="percent",
        rule=f"{_MOST_PROCESSOR_PERCENT} %",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="The processor of the database has been busy for a quarter of an hour; statements queue.",
        runbook="processor.md",
    )


def _credits(instance: str, most: int) -> Alarm:
    return Alarm(
        name="processor-credits",
        group="Processor and memory",
        metric=_instance(instance, "CPUCreditBalance"),
        statistic="Minimum",
        is_floor=True,
        threshold=most * _LEAST_CREDITS_PERCENT // 100,
        unit="credits",
        rule=f"{_LEAST_CREDITS_PERCENT} % of what a day earns; burstable classes (db.t) only",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="The burstable instance has used up its saved CPU credits; what it uses from here on is charged.",
        runbook="processor.md",
    )


def _memory(instance: str, memory: int) -> Alarm:
    return Alarm(
        name="memory",
        group="Processor and memory",
        metric=_instance(instance, "FreeableMemory"),
        statistic="Average",
        is_floor=True,
        threshold=memory * _LEAST_MEMORY_PERCENT // 100,
        unit="bytes",
        rule=f"{_LEAST_MEMORY_PERCENT} % of the class's memory",
        period_seconds=_FIVE_MINUTES_SECONDS,
        periods=3,
        needed=3,
        missing="missing",
        meaning="The database has hardly any memory left; when there is none, PostgreSQL is killed and restarts.",
        runbook="memory.md",
    )


def server_errors(distribution_id: pulumi.Input[str]) -> Alarm:
    """Return the alarm on the share of requests that a distribution answered with an error of the server's."""
    return Alarm(
        name="server-errors",
        group="Edge",
        metric=Metric(
            "AWS/CloudFront",
            "5xxErrorRate",
            {"DistributionId": distribution_id, "Region": "Global"},
            is_of_cloudfront=True,
        ),
        statistic="Average",
        is_floor=False,
        threshold=_MOST_SERVER_ERRORS_PERCENT,
        unit="percent",
        rule=f"{_MOST_SERVER_ERRORS_PERCENT} % of the requests of a minute",
        period_seconds=_MINUTE_SECONDS,
        periods=5,
        needed=3,
        missing="notBreaching",
        meaning="The edge answers with 5xx: the API fails or cannot be reached.",
        runbook="server-errors.md",
    )


def hit_ratios(stack: str, config: AlarmsConfig) -> Iterator[Alarm]:
    """Yield the alarm of each cache class that has a floor."""
    floors = config.hit_ratio_floor
    by_class = {
        "static_data": floors.static_data,
        "user_data": floors.user_data,
        "realtime": floors.realtime,
    }
    for cache_class, floor in by_class.items():
        if floor:
            yield _hit_ratio(stack, cache_class, floor)


def _hit_ratio(stack: str, cache_class: str, floor: int) -> Alarm:
    return Alarm(
        name=f"hit-ratio-{cache_class.replace('_', '-')}",
        group="Edge",
        metric=Metric(NAMESPACE, HIT_RATIO, {CLASS_DIMENSION: cache_class, STACK_DIMENSION: stack}),
        statistic="Average",
        is_floor=True,
        threshold=floor,
        unit="percent",
        rule="strata:alarms.hitRatioFloor",
        # An hour's logs are complete, and published, an hour or two later: six periods leave three that are there.
        period_seconds=_HOUR_SECONDS,
        periods=6,
        needed=3,
        missing="missing",
        meaning=f"The edge answers less of {cache_class} itself than it should, and the API answers the rest.",
        runbook="low-hit-ratio.md",
    )
