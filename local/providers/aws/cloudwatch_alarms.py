"""CloudWatch: alarms on one metric, and dashboards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.shapes import Shape, paths
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import UNKNOWN, Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[\w-]+")
_TREATMENTS = frozenset({"breaching", "ignore", "missing", "notBreaching"})
# API reference, PutMetricAlarm: Period, and the longest time that all periods of an evaluation may span.
_SHORT_PERIODS = (10, 20, 30)
_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_LONGEST_SECONDS = 7 * _DAY_SECONDS
_DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
# Dashboard body structure: a grid of 24 columns, at most 500 widgets.
_COLUMNS = 24
_MOST_WIDGETS = 500
_WIDGET_TYPES = frozenset({"alarm", "custom", "explorer", "log", "metric", "text"})


class MetricAlarm(ResourceType):
    """``aws:cloudwatch/metricAlarm:MetricAlarm`` on one metric; its id is its name.

    Metric math is not modelled: the emulator keeps no expressions.
    """

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "cloudwatch",
        "PutMetricAlarmInput",
        paths(
            {
                "": "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm "
                "evaluationPeriods metricName name namespace okActions period statistic threshold treatMissingData unit"
            }
        ),
        names={"name": "AlarmName"},
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        unordered=frozenset({"alarmActions", "okActions"}),
        choices={"treatMissingData": _TREATMENTS},
    )
    modelled = shape.paths | {"dimensions.*", "dimensions", "tags"}
    autoname = Autoname("name", max_length=255)
    # A put over an existing name changes that alarm, so two of one name cannot stand side by side.
    delete_before_replace = True
    replaces: ClassVar = {"name": "Terraform registry, aws_cloudwatch_metric_alarm: the name is the alarm's identity"}
    defaults: ClassVar = {"actionsEnabled": True, "treatMissingData": "missing"}
    unordered = frozenset({"alarmActions", "okActions"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the metric, the periods and the actions."""
        region = inputs.get("region") or provider.region
        return [*self.shape.failures(inputs), *_metric(inputs), *_periods(inputs), *_actions(inputs, region)]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put a new alarm; a name that is taken is refused, since a put would change that alarm."""
        client, name = provider.client("cloudwatch", inputs.get("region")), inputs["name"]
        if _alarm(client, name) is not None:
            raise ProviderError(f"creating alarm {name}: an alarm of that name exists already")
        self._put(provider, inputs, {"Tags": as_list(provider.tags(inputs))})
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live alarm."""
        client = provider.client("cloudwatch", state.get("region"))
        live = _alarm(client, resource_id)
        if live is None:
            return None
        dimensions = {one["Name"]: one["Value"] for one in live.get("Dimensions", [])}
        return {
            **self.shape.mirror(live, state),
            "arn": live["AlarmArn"],
            "dimensions": dimensions or None,
            "tags": _tags(client, live["AlarmArn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the alarm again and bring its tags in line."""
        self._put(provider, new, {})
        client, arn = provider.client("cloudwatch", new.get("region")), old["arn"]
        added, removed = changes(_tags(client, arn), provider.tags(new))
        what = f"updating alarm {resource_id}"
        if added:
            call(what, client.tag_resource, ResourceARN=arn, Tags=as_list(added))
        if removed:
            call(what, client.untag_resource, ResourceARN=arn, TagKeys=removed)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the alarm; CloudWatch takes names that are not there."""
        client = provider.client("cloudwatch", state.get("region"))
        call(f"deleting alarm {resource_id}", client.delete_alarms, AlarmNames=[resource_id])

    def _put(self, provider: Any, inputs: Properties, tags: Properties) -> None:
        name = inputs["name"]
        topics = provider.client("sns", inputs.get("region"))
        for action in [*(inputs.get("alarmActions") or []), *(inputs.get("okActions") or [])]:
            if find(f"reading topic {action}", topics.get_topic_attributes, TopicArn=action) is None:
                raise ProviderError(f"alarm {name}: no topic {action}")
        dimensions = [{"Name": key, "Value": value} for key, value in sorted((inputs.get("dimensions") or {}).items())]
        wanted = {"actionsEnabled": True, "treatMissingData": "missing", **inputs}
        call(
            f"putting alarm {name}",
            provider.client("cloudwatch", inputs.get("region")).put_metric_alarm,
            **self.shape.to_service(wanted),
            Dimensions=dimensions,
            **tags,
        )


def _alarm(client: Any, name: str) -> Any:
    answer = call(f"reading alarm {name}", client.describe_alarms, AlarmNames=[name], AlarmTypes=["MetricAlarm"])
    return next(iter(answer["MetricAlarms"]), None)


def _tags(client: Any, arn: str) -> dict[str, str]:
    return as_map(call(f"reading tags of {arn}", client.list_tags_for_resource, ResourceARN=arn)["Tags"])


def _metric(inputs: Properties) -> Iterator[CheckFailure]:
    for name in ("metricName", "namespace", "period", "statistic", "threshold"):
        if inputs.get(name) is None:
            yield CheckFailure(name, "is missing; alarms on metric math are not modelled by the local provider")


def _periods(inputs: Properties) -> Iterator[CheckFailure]:
    period, count, needed = (inputs.get(name) for name in ("period", "evaluationPeriods", "datapointsToAlarm"))
    if isinstance(period, int | float) and period not in _SHORT_PERIODS and period % _MINUTE_SECONDS:
        yield CheckFailure("period", f"is {period}; CloudWatch takes 10, 20, 30 or a multiple of 60 seconds")
    if isinstance(count, int | float) and isinstance(needed, int | float) and needed > count:
        yield CheckFailure("datapointsToAlarm", f"is {needed}, more than evaluationPeriods {count}")
    if isinstance(period, int | float) and isinstance(count, int | float):
        longest = _DAY_SECONDS if period < _HOUR_SECONDS else _LONGEST_SECONDS
        if period * count > longest:
            reason = f"{count} periods of {period} seconds are longer than {longest} seconds"
            yield CheckFailure("evaluationPeriods", reason)


def _actions(inputs: Properties, region: Any) -> Iterator[CheckFailure]:
    for name in ("alarmActions", "okActions"):
        actions = inputs.get(name)
        for index, action in enumerate(actions if isinstance(actions, list) else []):
            matched = _TOPIC.fullmatch(action) if isinstance(action, str) else None
            if isinstance(action, str) and not matched:
                yield CheckFailure(f"{name}[{index}]", f"{action} is not the ARN of a topic, the one action modelled")
            if matched and region is not UNKNOWN and matched.group(1) != region:
                yield CheckFailure(f"{name}[{index}]", f"{action} is not in the alarm's region, {region}")


class Dashboard(ResourceType):
    """``aws:cloudwatch/dashboard:Dashboard``; its id is its name."""

    token = "aws:cloudwatch/dashboard:Dashboard"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"dashboardBody", "dashboardName"})
    delete_before_replace = True
    replaces: ClassVar = {"dashboardName": "Terraform registry, aws_cloudwatch_dashboard: the name is the identity"}

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name and of the body, which the emulator takes as it is."""
        del provider
        name, body = inputs.get("dashboardName"), inputs.get("dashboardBody")
        found = []
        if isinstance(name, str) and not _DASHBOARD_NAME.fullmatch(name):
            found.append(CheckFailure("dashboardName", f"{name!r} is not 1 to 255 of A-Z a-z 0-9 - and _"))
        if isinstance(body, str):
            found += [CheckFailure("dashboardBody", reason) for reason in _body_failures(body)]
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put a new dashboard."""
        name = inputs["dashboardName"]
        client = provider.client("cloudwatch", inputs.get("region"))
        if find(f"reading dashboard {name}", client.get_dashboard, DashboardName=name) is not None:
            raise ProviderError(f"creating dashboard {name}: a dashboard of that name exists already")
        self._put(client, inputs)
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live dashboard, its body in the program's own words while it says the same."""
        client = provider.client("cloudwatch", state.get("region"))
        live = find(f"reading dashboard {resource_id}", client.get_dashboard, DashboardName=resource_id)
        if live is None:
            return None
        said = state.get("dashboardBody")
        same = bool(said) and json.loads(live["DashboardBody"]) == json.loads(str(said))
        return {
            "dashboardArn": live["DashboardArn"],
            "dashboardBody": said if same else live["DashboardBody"],
            "dashboardName": live["DashboardName"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the body again."""
        del resource_id, old
        self._put(provider.client("cloudwatch", new.get("region")), new)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the dashboard."""
        client = provider.client("cloudwatch", state.get("region"))
        find(f"deleting dashboard {resource_id}", client.delete_dashboards, DashboardNames=[resource_id])

    @staticmethod
    def _put(client: Any, inputs: Properties) -> None:
        name = inputs["dashboardName"]
        what = f"putting dashboard {name}"
        call(what, client.put_dashboard, DashboardName=name, DashboardBody=inputs["dashboardBody"])


def _body_failures(body: str) -> Iterator[str]:
    """Yield what CloudWatch refuses (CloudWatch API reference, "Dashboard body structure and syntax")."""
    try:
        document = json.loads(body)
    except ValueError as error:
        yield f"is not JSON: {error}"
        return
    widgets = document.get("widgets") if isinstance(document, dict) else None
    if not isinstance(widgets, list):
        yield "has no list of widgets"
        return
    if len(widgets) > _MOST_WIDGETS:
        yield f"has {len(widgets)} widgets; CloudWatch takes {_MOST_WIDGETS}"
    for index, widget in enumerate(widgets):
        if widget.get("type") not in _WIDGET_TYPES:
            yield f"widgets[{index}]: type {widget.get('type')!r} is none of {', '.join(sorted(_WIDGET_TYPES))}"
        if widget.get("x", 0) + widget.get("width", 6) > _COLUMNS:
            yield f"widgets[{index}]: reaches beyond column {_COLUMNS}"
        if not isinstance(widget.get("properties"), dict):
            yield f"widgets[{index}]: has no properties"
