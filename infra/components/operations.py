"""What a team watches the stack with: alarms, the topics that they go to, and a dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from infra.aws_provider import CLOUDFRONT_REGION
from infra.components import alarm_table
from infra.components.alarm_table import Alarm
from infra.components.alarm_topic import AlarmTopic, AlarmTopicArgs
from infra.components.alarms import Alarms, AlarmsArgs
from infra.components.dashboard import Dashboard, DashboardArgs
from infra.components.instance_class import memory_bytes
from infra.config import StackConfig


@dataclass(frozen=True)
class OperationsArgs:
    """Inputs of `Operations`.

    Args:
        config: the whole stack's.
        instance: identifier of the DB instance; None where it is not known.
        instance_resource: the DB instance; None if it is not the stack's.
        distribution_id: the distribution; None for a stack without an edge.
    """

    config: StackConfig
    instance: str | None
    instance_resource: pulumi.Resource | None
    distribution_id: pulumi.Input[str] | None


class Operations(pulumi.ComponentResource):
    """Alarms and dashboard of one stack.

    Outputs: ``dashboard_url``; ``topic_arn`` and ``cloudfront_topic_arn``, None where nothing goes to such a topic.
    """

    dashboard_url: pulumi.Output[str]
    topic_arn: pulumi.Input[str] | None
    cloudfront_topic_arn: pulumi.Input[str] | None

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Operations", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.topic_arn = self.cloudfront_topic_arn = None
        rows = list(planned_alarms(args.config, args.instance, args.distribution_id))
        if args.config.alarms.enabled:
            self._make_alarms(args, rows)
        dashboard = DashboardArgs(args.config.stack, args.config.region, rows, args.instance, args.distribution_id)
        self.dashboard_url = Dashboard(name, dashboard, self._child).url
        self.register_outputs({"dashboard_url": self.dashboard_url})

    def _make_alarms(self, args: OperationsArgs, rows: list[Alarm]) -> None:
        config = args.config
        for gap in _gaps(config, args.instance):
            pulumi.warn(gap, self)
        self.topic_arn = config.alarms.topic_arn or self._make_topic("alarms", config, config.region)
        if args.distribution_id is not None:
            # CloudFront's metrics are in us-east-1, and an alarm publishes in its own region only.
            is_here = config.region == CLOUDFRONT_REGION
            self.cloudfront_topic_arn = (
                self.topic_arn if is_here else self._make_topic("edge-alarms", config, CLOUDFRONT_REGION)
            )
        alarms = AlarmsArgs(
            stack=config.stack,
            alarms=rows,
            topic_arn=self.topic_arn,
            cloudfront_topic_arn=self.cloudfront_topic_arn,
            instance=args.instance,
            instance_resource=args.instance_resource,
        )
        Alarms("alarms", alarms, self._child)

    def _make_topic(self, name: str, config: StackConfig, region: str) -> pulumi.Output[str]:
        topic = AlarmTopicArgs(f"strata-{config.stack}-{name}", config.alarms.email, region)
        return AlarmTopic(name, topic, self._child).arn


def planned_alarms(
    config: StackConfig, instance: str | None, distribution_id: pulumi.Input[str] | None
) -> Iterator[Alarm]:
    """Yield the rows of the table that apply to a stack."""
    if instance:
        yield from alarm_table.database_alarms(instance, config.database)
    if config.database.existing is None:
        yield alarm_table.lock_waits(config.stack)
    if distribution_id is not None:
        yield alarm_table.server_errors(distribution_id)
        yield from alarm_table.hit_ratios(config.stack, config.alarms)


def _gaps(config: StackConfig, instance: str | None) -> Iterator[str]:
    """Yield what is not watched although somebody may think so."""
    if instance is None:
        yield "the database instance has no alarms: its endpoint is not RDS's own name, so its identifier is not known"
    elif config.database.existing is None and memory_bytes(config.database.instance_class) is None:
        yield f"memory and connections have no alarms: the memory of {config.database.instance_class} is not known"
