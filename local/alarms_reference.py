"""docs/reference/alarms.md: every alarm, with its threshold in each environment and its runbook."""

from collections.abc import Iterator, Mapping
from typing import Final

from infra.components.alarm_table import Alarm
from infra.components.alarms import EVENT_CATEGORIES, EVENTS_RUNBOOK
from infra.components.operations import planned_alarms
from infra.config import StackConfig
from local.aws_environments import environments
from local.markdown import table

_GIB: Final = 1024**3
_INSTANCE: Final = "the instance"
_DISTRIBUTION: Final = "the distribution"


def rows(config: StackConfig) -> dict[str, Alarm]:
    """Return the alarms of a stack, by name."""
    if not config.alarms.enabled:
        return {}
    edge = _DISTRIBUTION if config.api and config.cdn.enabled else None
    return {alarm.name: alarm for alarm in planned_alarms(config, _INSTANCE, edge)}


def render() -> str:
    """Return the page's text."""
    by_environment = {name: rows(config) for name, config in environments().items()}
    every = {name: alarm for alarms in by_environment.values() for name, alarm in alarms.items()}
    return "\n".join(
        [
            "# Alarms",
            "",
            "The table is `infra/components/alarm_table.py`. `strata:alarms.enabled: false` makes none;",
            "`strata:alarms.email` is written to once it has confirmed, for the topic of the stack's region and again",
            "for that of us-east-1, where CloudFront keeps its metrics. A topic of your own (`strata:alarms.topicArn`)",
            "must let `cloudwatch.amazonaws.com` and `events.rds.amazonaws.com` publish, and its key let them encrypt;",
            "it gets those of the stack's region, and the output `edge_alarm_topic_arn` names the topic of the rest.",
            "",
            *table(("alarm", "metric", "raised", "over", *by_environment, "runbook"), _rows(every, by_environment)),
            "",
            "Without a value for a period nothing is known, but for `lock-waits` and `server-errors`, where it means",
            "that all is well. An alarm that is over sends a second message.",
            "",
            f"Events of the DB instance go to the same topic ({', '.join(EVENT_CATEGORIES)}):",
            f"[{EVENTS_RUNBOOK}](../runbooks/{EVENTS_RUNBOOK}).",
            "",
            "There is no alarm on replica lag: the stack makes no read replica, and the standby of a multi-AZ instance",
            "is written synchronously and has no such metric. With `strata:database.existing` the stack knows no sizes",
            "and owns no log groups: what follows from a size, and lock waits, are left out, and all alarms of the",
            "instance, where its endpoint is not RDS's own name.",
            "",
        ]
    )


def _rows(every: Mapping[str, Alarm], by_environment: Mapping[str, Mapping[str, Alarm]]) -> Iterator[tuple[str, ...]]:
    for name, alarm in every.items():
        beyond = "below" if alarm.is_floor else "above"
        thresholds = (_threshold(alarms.get(name)) for alarms in by_environment.values())
        yield (
            f"`{name}`",
            f"`{alarm.metric.name}`, {alarm.statistic.lower()}",
            f"{beyond} {alarm.rule}",
            f"{alarm.needed} of {alarm.periods} periods of {alarm.period_seconds} s",
            *thresholds,
            f"[{alarm.runbook}](../runbooks/{alarm.runbook})",
        )


def _threshold(alarm: Alarm | None) -> str:
    if alarm is None:
        return "-"
    if alarm.unit == "bytes":
        return f"{alarm.threshold / _GIB:,.2g} GiB"
    return f"{alarm.threshold:,} {alarm.unit}"
