"""The alarms of the table, as CloudWatch and RDS raise them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.aws_provider import CLOUDFRONT_REGION
from infra.components.alarm_table import Alarm

#: Events of the instance that somebody should read at once (Amazon RDS User Guide, "Amazon RDS event categories").
EVENT_CATEGORIES: Final = ("availability", "failover", "failure", "low storage", "maintenance", "recovery")
EVENTS_RUNBOOK: Final = "database-events.md"


@dataclass(frozen=True)
class AlarmsArgs:
    """Inputs of `Alarms`.

    Args:
        stack: the stack's name, a part of each alarm's.
        alarms: rows of the table.
        topic_arn: the topic of the stack's region.
        cloudfront_topic_arn: the topic of us-east-1; None where no row is of CloudFront.
        instance: identifier of the DB instance whose events go to the topic; None where it is not known.
        instance_resource: what must be there before its events can be asked for; None if it is not the stack's.
    """

    stack: str
    alarms: Sequence[Alarm]
    topic_arn: pulumi.Input[str]
    cloudfront_topic_arn: pulumi.Input[str] | None = None
    instance: str | None = None
    instance_resource: pulumi.Resource | None = None


class Alarms(pulumi.ComponentResource):
    """One alarm for each row, and the events of the DB instance."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Alarms", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        for alarm in args.alarms:
            self._make_alarm(alarm, args)
        if args.instance:
            self._subscribe(args.instance, args)
        self.register_outputs({"alarm_count": len(args.alarms)})

    def _make_alarm(self, alarm: Alarm, args: AlarmsArgs) -> None:
        topic = args.cloudfront_topic_arn if alarm.metric.is_of_cloudfront else args.topic_arn
        aws.cloudwatch.MetricAlarm(
            f"alarm-{alarm.name}",
            name=f"strata-{args.stack}-{alarm.name}",
            alarm_description=alarm.description,
            namespace=alarm.metric.namespace,
            metric_name=alarm.metric.name,
            dimensions=dict(alarm.metric.dimensions),
            statistic=alarm.statistic,
            comparison_operator="LessThanThreshold" if alarm.is_floor else "GreaterThanThreshold",
            threshold=alarm.threshold,
            period=alarm.period_seconds,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.needed,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic],
            ok_actions=[topic],
            region=CLOUDFRONT_REGION if alarm.metric.is_of_cloudfront else None,
            opts=self._child,
        )

    def _subscribe(self, instance: str, args: AlarmsArgs) -> None:
        after = [args.instance_resource] if args.instance_resource else []
        aws.rds.EventSubscription(
            f"{self._name}-database-events",
            name=f"strata-{args.stack}-database",
            sns_topic=args.topic_arn,
            source_type="db-instance",
            source_ids=[instance],
            event_categories=list(EVENT_CATEGORIES),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=after)),
        )
