"""CloudWatch: alarms, dashboards, log groups and metric filters."""

import json

from tests.local.providers.aws.cases_kms import KEY, key_policy
from tests.local.providers.aws.cases_sns import topic_arn
from tests.local.providers.conformance import Case, World

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def dashboard_body(title: str) -> str:
    widget = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": title}}
    return json.dumps({"widgets": [widget]})


def log_key(world: World) -> str:
    admitted = {"AWS": f"arn:aws:iam::{world.client('sts').get_caller_identity()['Account']}:root"}
    principal = {**admitted, "Service": f"logs.{world.region}.amazonaws.com"}
    arn: str = world.create(KEY, {"policy": key_policy(world, Principal=principal)}, "log-key").outputs["arn"]
    return arn


def log_group(world: World, name: str = "/strata/postgresql") -> str:
    return world.create(LOG_GROUP, {"name": name}, name).id


CASES = [
    Case(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=lambda world: {
            "alarmActions": [topic_arn(world)],
            "alarmDescription": "the processor is busy",
            "comparisonOperator": "GreaterThanThreshold",
            "dimensions": {"DBInstanceIdentifier": "strata-dev"},
            "evaluationPeriods": 3,
            "metricName": "CPUUtilization",
            "namespace": "AWS/RDS",
            "period": 300,
            "statistic": "Average",
            "threshold": 90,
        },
        updates=[
            {"threshold": 80, "comparisonOperator": "GreaterThanOrEqualToThreshold", "statistic": "Maximum"},
            {"evaluationPeriods": 5, "datapointsToAlarm": 3, "period": 60},
            lambda world: {"okActions": [topic_arn(world)], "alarmActions": None},
            {"alarmDescription": "busy", "unit": "Percent", "treatMissingData": "notBreaching"},
            {"metricName": "DatabaseConnections", "namespace": "AWS/Other"},
            {"dimensions": {"DBInstanceIdentifier": "strata-prod"}},
            {"actionsEnabled": False, "tags": {"team": "platform"}},
            {"actionsEnabled": None, "tags": None, "dimensions": None, "treatMissingData": None},
        ],
        replacements=[{"name": "another"}],
    ),
    Case(
        token="aws:cloudwatch/dashboard:Dashboard",
        inputs={"dashboardName": "strata-dev", "dashboardBody": dashboard_body("one")},
        updates=[{"dashboardBody": dashboard_body("two")}],
        replacements=[{"dashboardName": "strata-prod"}],
    ),
    Case(
        token=LOG_GROUP,
        inputs=lambda world: {
            "name": "/aws/rds/instance/strata-dev/postgresql",
            "retentionInDays": 30,
            "kmsKeyId": log_key(world),
        },
        updates=[{"retentionInDays": 365}, {"tags": {"team": "platform"}}, {"retentionInDays": None, "tags": None}],
        replacements=[{"name": "/aws/rds/instance/strata-prod/postgresql"}],
        excused={"kmsKeyId": "the emulator cannot change it; test_cloudwatch_logs.py holds that this is said"},
    ),
    Case(
        token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        inputs=lambda world: {
            "logGroupName": log_group(world),
            "pattern": '"still waiting for"',
            "metricTransformation": {
                "name": "LockWaits",
                "namespace": "Strata/dev/Database",
                "value": "1",
                "defaultValue": "0",
            },
        },
        updates=[
            {"pattern": '"deadlock detected"'},
            {"metricTransformation": {"name": "Deadlocks", "namespace": "Strata/dev", "value": "2", "unit": "Count"}},
        ],
        replacements=[{"name": "another"}, lambda world: {"logGroupName": log_group(world, "/strata/other")}],
    ),
]
