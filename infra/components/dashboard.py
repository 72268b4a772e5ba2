"""The dashboard of a stack: the table's metrics with their thresholds, and what one looks at beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.aws_provider import CLOUDFRONT_REGION
from infra.components.alarm_table import Alarm, Group, Metric

_COLUMNS: Final = 24
_WIDGET_WIDTH: Final = 8
_WIDGET_HEIGHT: Final = 6
_TITLE_HEIGHT: Final = 1
#: What no alarm watches and everybody looks at first, by metric of the instance.
_INSTANCE_EXTRAS: Final[Mapping[Group, Sequence[tuple[str, str]]]] = {
    "Storage": (("WriteIOPS", "Average"), ("WriteLatency", "Average")),
    "Processor and memory": (("ReadLatency", "Average"),),
}
_DISTRIBUTION_EXTRAS: Final = (("Requests", "Sum"), ("4xxErrorRate", "Average"))


@dataclass(frozen=True)
class DashboardArgs:
    """Inputs of `Dashboard`.

    Args:
        stack: the stack's name.
        region: the stack's region.
        alarms: rows of the table, whose metrics and thresholds are shown.
        instance: identifier of the DB instance; None where it is not known.
        distribution_id: the distribution; None for a stack without one.
    """

    stack: str
    region: str
    alarms: Sequence[Alarm]
    instance: str | None
    distribution_id: pulumi.Input[str] | None


class Dashboard(pulumi.ComponentResource):
    """One dashboard.

    Outputs: ``url``.
    """

    url: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:Dashboard", name, None, opts)
        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=f"strata-{args.stack}",
            dashboard_body=pulumi.Output.json_dumps({"widgets": list(_placed(_sections(args)))}, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        console = f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}"
        self.url = pulumi.Output.format("{0}#dashboards/dashboard/{1}", console, dashboard.dashboard_name)
        self.register_outputs({"url": self.url})


Widget = dict[str, Any]


def _sections(args: DashboardArgs) -> Iterator[tuple[str, list[Widget]]]:
    """Yield each group's title and charts: first those of alarms, then the rest."""
    for group, alarms in groupby(sorted(args.alarms, key=lambda alarm: alarm.group), key=lambda alarm: alarm.group):
        charts = [_chart(alarm.metric, alarm.statistic, args.region, alarm) for alarm in alarms]
        extras = [_chart(metric, statistic, args.region) for metric, statistic in _extras(group, args)]
        yield group, [*charts, *extras]


def _extras(group: Group, args: DashboardArgs) -> Iterator[tuple[Metric, str]]:
    if args.instance:
        for name, statistic in _INSTANCE_EXTRAS.get(group, ()):
            yield Metric("AWS/RDS", name, {"DBInstanceIdentifier": args.instance}), statistic
    if args.distribution_id and group == "Edge":
        dimensions = {"DistributionId": args.distribution_id, "Region": "Global"}
        for name, statistic in _DISTRIBUTION_EXTRAS:
            yield Metric("AWS/CloudFront", name, dimensions, is_of_cloudfront=True), statistic


def _chart(metric: Metric, statistic: str, region: str, alarm: Alarm | None = None) -> Widget:
    """Return a chart of one metric, with the threshold of its alarm as a line."""
    dimensions = [part for name, value in sorted(metric.dimensions.items()) for part in (name, value)]
    properties: Widget = {
        "title": alarm.name if alarm else metric.name,
        "region": CLOUDFRONT_REGION if metric.is_of_cloudfront else region,
        "metrics": [[metric.namespace, metric.name, *dimensions]],
        "stat": statistic,
        "period": alarm.period_seconds if alarm else 300,
        "view": "timeSeries",
    }
    if alarm:
        line = {
            "label": f"alarm: {alarm.rule}",
            "value": alarm.threshold,
            "fill": "below" if alarm.is_floor else "above",
        }
        properties["annotations"] = {"horizontal": [line]}
    return {"type": "metric", "properties": properties}


def _placed(sections: Iterator[tuple[str, list[Widget]]]) -> Iterator[Widget]:
    """Yield titles and charts with their places: a section begins a row, and its charts fill rows."""
    y = 0
    for title, charts in sections:
        text = {"type": "text", "properties": {"markdown": f"## {title}"}}
        yield {**text, "x": 0, "y": y, "width": _COLUMNS, "height": _TITLE_HEIGHT}
        y += _TITLE_HEIGHT
        per_row = _COLUMNS // _WIDGET_WIDTH
        for number, chart in enumerate(charts):
            row, column = divmod(number, per_row)
            place = {"x": column * _WIDGET_WIDTH, "y": y + row * _WIDGET_HEIGHT}
            yield {**chart, **place, "width": _WIDGET_WIDTH, "height": _WIDGET_HEIGHT}
        y += -(-len(charts) // per_row) * _WIDGET_HEIGHT
