"""Alarms and dashboards: what CloudWatch refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.providers.aws.cloudwatch_alarms import Dashboard, MetricAlarm
from local.providers.aws.sns import Topic
from local.providers.resource import UNKNOWN, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.provider import Aws

ALARM: dict[str, Any] = {
    "name": "processor",
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 3,
    "metricName": "CPUUtilization",
    "namespace": "AWS/RDS",
    "period": 300,
    "region": "eu-west-1",
    "statistic": "Average",
    "threshold": 90,
}


class Somewhere:
    region = "eu-west-1"


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"period": 90}, "period", "is 90; CloudWatch takes 10, 20, 30 or a multiple of 60 seconds"),
        ({"datapointsToAlarm": 4}, "datapointsToAlarm", "is 4, more than evaluationPeriods 3"),
        (
            {"period": 1800, "evaluationPeriods": 49},
            "evaluationPeriods",
            "49 periods of 1800 seconds are longer than 86400 seconds",
        ),
        (
            {"period": 86400, "evaluationPeriods": 8},
            "evaluationPeriods",
            "8 periods of 86400 seconds are longer than 604800 seconds",
        ),
        (
            {"statistic": None},
            "statistic",
            "is missing; alarms on metric math are not modelled by the local provider",
        ),
        (
            {"treatMissingData": "fine"},
            "treatMissingData",
            "'fine' is not a value that cloudwatch takes; allowed: breaching, ignore, missing, notBreaching",
        ),
        (
            {"alarmActions": ["arn:aws:sns:us-east-1:123456789012:alarms"]},
            "alarmActions[0]",
            "arn:aws:sns:us-east-1:123456789012:alarms is not in the alarm's region, eu-west-1",
        ),
        (
            {"okActions": ["arn:aws:lambda:eu-west-1:123456789012:function:f"]},
            "okActions[0]",
            "arn:aws:lambda:eu-west-1:123456789012:function:f is not the ARN of a topic, the one action modelled",
        ),
    ],
)
def test_alarm_rules(change: dict[str, Any], place: str, reason: str) -> None:
    (failure,) = MetricAlarm().check(Somewhere, {**ALARM, **change})
    assert (failure.property, failure.reason) == (place, reason)


def test_what_is_not_known_yet_is_not_refused() -> None:
    unknown = {"alarmActions": [UNKNOWN], "period": UNKNOWN, "threshold": UNKNOWN, "datapointsToAlarm": UNKNOWN}
    assert MetricAlarm().check(Somewhere, {**ALARM, **unknown}) == []
    assert MetricAlarm().check(Somewhere, {**ALARM, "alarmActions": UNKNOWN}) == []


def test_an_alarm_needs_its_topic_and_a_name_of_its_own(aws: Aws) -> None:
    arn = f"arn:aws:sns:{aws.region}:{aws.account_id}:alarms"
    with pytest.raises(ProviderError, match=f"alarm processor: no topic {arn}"):
        MetricAlarm().create(aws, {**ALARM, "alarmActions": [arn]})
    assert MetricAlarm().read(aws, "processor", {}) is None
    Topic().create(aws, {"name": "alarms", "region": aws.region})
    MetricAlarm().create(aws, {**ALARM, "alarmActions": [arn]})
    with pytest.raises(ProviderError, match="creating alarm processor: an alarm of that name exists already"):
        MetricAlarm().create(aws, {**ALARM, "alarmActions": [arn]})


def body(**widget: Any) -> str:
    plain = {"type": "metric", "x": 0, "y": 0, "width": 8, "height": 6, "properties": {}}
    return json.dumps({"widgets": [{**plain, **widget}]})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "has no list of widgets"),
        ('{"widgets": {}}', "has no list of widgets"),
        (body(type="graph"), "widgets[0]: type 'graph' is none of alarm, custom, explorer, log, metric, text"),
        (body(x=17), "widgets[0]: reaches beyond column 24"),
        (body(properties=None), "widgets[0]: has no properties"),
        (json.dumps({"widgets": [json.loads(body())["widgets"][0]] * 501}), "has 501 widgets; CloudWatch takes 500"),
    ],
)
def test_dashboard_bodies(text: str, reason: str) -> None:
    (failure,) = Dashboard().check(None, {"dashboardName": "strata", "dashboardBody": text})
    assert failure.property == "dashboardBody"
    assert failure.reason.startswith(reason)


@pytest.mark.parametrize("name", ["strata dev", "a/b", "x" * 256])
def test_dashboard_names(name: str) -> None:
    (failure,) = Dashboard().check(None, {"dashboardName": name, "dashboardBody": body()})
    assert failure.property == "dashboardName"


def test_a_dashboard_is_answered_in_the_programs_words_while_it_says_the_same(aws: Aws) -> None:
    said = body()
    Dashboard().create(aws, {"dashboardName": "strata", "dashboardBody": said})
    spaced = json.dumps(json.loads(said), indent=2)
    live = Dashboard().read(aws, "strata", {"dashboardBody": spaced})
    assert live is not None
    assert live["dashboardBody"] == spaced
    other = Dashboard().read(aws, "strata", {"dashboardBody": body(x=8)})
    assert other is not None
    assert json.loads(other["dashboardBody"]) == json.loads(said)
    with pytest.raises(ProviderError, match="a dashboard of that name exists already"):
        Dashboard().create(aws, {"dashboardName": "strata", "dashboardBody": said})
