"""Alarms, topics and dashboard of a stack, as the engine would be sent them."""

import json

import pulumi
import pytest

from infra.components.database import known_identifier
from infra.components.operations import Operations, OperationsArgs, planned_alarms
from infra.config import load

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
RAW = {"aws:region": "eu-central-1", "strata:api": {"originDomain": "api.example.com"}}
OURS = "arn:aws:sns:eu-central-1:123456789012:ours"
EXISTING = {
    "port": 5432,
    "database": "payments",
    "resourceId": "db-OLD",
    "masterSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:there",
}


def config(region="eu-central-1", **sections):
    return load(
        "dev", {**RAW, "aws:region": region, **{f"strata:{key}": value for key, value in sections.items()}}, "x"
    )


def deployed(record, instance="strata-dev", distribution_id="E1", **sections):
    def program():
        distribution = None if distribution_id is None else pulumi.Output.from_input(distribution_id)
        operations = Operations("operations", OperationsArgs(config(**sections), instance, None, distribution))
        return [operations.dashboard_url]

    return record(program)


def alarms(made):
    return {alarm.name.removeprefix("alarm-"): alarm.inputs for alarm in made.all(ALARM)}


def test_each_row_of_the_table_is_an_alarm_that_links_its_runbook(record):
    made = alarms(deployed(record))
    rows = {row.name: row for row in planned_alarms(config(), "strata-dev", "E1")}
    assert made.keys() == rows.keys()
    for name, row in rows.items():
        assert made[name]["name"] == f"strata-dev-{name}"
        assert made[name]["alarmDescription"].endswith(f" Runbook: docs/runbooks/{row.runbook}")
        assert made[name]["threshold"] == row.threshold
        assert made[name]["comparisonOperator"] == ("LessThanThreshold" if row.is_floor else "GreaterThanThreshold")
        assert made[name]["datapointsToAlarm"] <= made[name]["evaluationPeriods"]
        assert made[name]["alarmActions"] == made[name]["okActions"] != []


def test_thresholds_follow_the_sizes_of_the_instance(record):
    made = alarms(deployed(record, database={"instanceClass": "db.r7g.xlarge", "allocatedStorageGib": 200}))
    gib = 1024**3
    assert made["free-storage"]["threshold"] == 40 * gib
    assert made["write-ahead-log"]["threshold"] == 40 * gib
    assert made["connections"]["threshold"] == 2883
    assert made["memory"]["threshold"] == 32 * gib * 5 // 100
    assert made["free-storage"]["dimensions"] == {"DBInstanceIdentifier": "strata-dev"}


def test_only_burstable_classes_have_an_alarm_on_credits(record):
    assert alarms(deployed(record))["processor-credits"]["threshold"] == 57
    assert "processor-credits" not in alarms(deployed(record, database={"instanceClass": "db.m7g.large"}))


def test_a_class_that_is_not_known_has_no_alarm_that_follows_from_its_memory(record):
    made = alarms(deployed(record, database={"instanceClass": "db.z9x.large"}))
    assert not {"memory", "connections"} & made.keys()
    assert {"free-storage", "processor"} <= made.keys()


def test_alarms_of_cloudfront_are_in_its_region_with_a_topic_there(record):
    made = deployed(record)
    errors = alarms(made)["server-errors"]
    assert errors["region"] == "us-east-1"
    assert errors["dimensions"] == {"DistributionId": "E1", "Region": "Global"}
    topics = {topic.name: topic.inputs["region"] for topic in made.all(TOPIC)}
    assert topics == {"alarms-topic": "eu-central-1", "edge-alarms-topic": "us-east-1"}
    assert ":edge-alarms-topic" in errors["alarmActions"][0]
    assert ":alarms-topic" in alarms(made)["processor"]["alarmActions"][0]


def test_in_the_region_of_cloudfront_one_topic_is_enough(record):
    made = deployed(record, region="us-east-1")
    assert [topic.name for topic in made.all(TOPIC)] == ["alarms-topic"]
    assert ":alarms-topic" in alarms(made)["server-errors"]["alarmActions"][0]


def test_hit_ratios_are_in_the_stacks_region_where_the_command_puts_them(record):
    made = alarms(deployed(record, alarms={"hitRatioFloor": {"staticData": 90, "userData": 0, "realtime": 10}}))
    floors = {name: alarm["threshold"] for name, alarm in made.items() if name.startswith("hit-ratio")}
    assert floors == {"hit-ratio-static-data": 90, "hit-ratio-realtime": 10}
    alarm = made["hit-ratio-static-data"]
    assert alarm["dimensions"] == {"Class": "static_data", "Stack": "dev"}
    assert alarm["treatMissingData"] == "missing"
    assert alarm.get("region") is None


def test_a_topic_of_ones_own_is_used_and_only_the_edge_gets_another(record):
    made = deployed(record, alarms={"topicArn": OURS, "email": "oncall@example.com"})
    assert [topic.name for topic in made.all(TOPIC)] == ["edge-alarms-topic"]
    assert alarms(made)["processor"]["alarmActions"] == [OURS]
    subscription = made.one("aws:sns/topicSubscription:TopicSubscription")
    assert subscription.inputs["endpoint"] == "oncall@example.com"


def test_alarms_that_are_off_leave_the_dashboard(record):
    made = deployed(record, alarms={"enabled": False})
    assert alarms(made) == {}
    assert made.all(TOPIC) == []
    assert made.all("aws:rds/eventSubscription:EventSubscription") == []
    assert made.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardName"] == "strata-dev"


def test_a_stack_without_an_edge_has_nothing_of_it(record):
    made = deployed(record, distribution_id=None)
    assert not {"server-errors", "hit-ratio-static-data"} & alarms(made).keys()
    assert [topic.name for topic in made.all(TOPIC)] == ["alarms-topic"]


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        ("payments.abc.eu-central-1.rds.amazonaws.com", {"processor", "transaction-ids"}),
        ("database.example.com", set()),
    ],
)
def test_of_an_existing_instance_only_what_needs_no_size_is_watched(endpoint, names):
    stack = config(database={"existing": {**EXISTING, "endpoint": endpoint}})
    instance = known_identifier(stack.stack, stack.database)
    assert {alarm.name for alarm in planned_alarms(stack, instance, None)} == names


def test_events_of_the_instance_go_to_the_topic(record):
    subscription = deployed(record).one("aws:rds/eventSubscription:EventSubscription").inputs
    assert subscription["sourceIds"] == ["strata-dev"]
    assert subscription["sourceType"] == "db-instance"
    assert {"failure", "low storage", "failover"} <= set(subscription["eventCategories"])


@pytest.mark.parametrize("topic", ["alarms", "edge-alarms"])
def test_only_the_services_of_this_account_publish_and_encrypt(record, topic):
    made = deployed(record)
    policy = json.loads(made.one("aws:sns/topicPolicy:TopicPolicy", f"{topic}-policy").inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    allowed = statements["PublishersPublish"]
    assert allowed["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert statements["TlsOnly"]["Effect"] == "Deny"
    key = json.loads(made.one("aws:kms/key:Key", f"{topic}-key").inputs["policy"])
    (use,) = [statement for statement in key["Statement"] if statement["Sid"] == "PublishersUseKey"]
    assert use["Principal"] == allowed["Principal"]
    assert use["Condition"] == allowed["Condition"]
    assert set(use["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}


def test_the_dashboard_shows_every_alarm_with_its_threshold_and_fits_its_grid(record):
    made = deployed(record)
    body = json.loads(made.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    lines = {
        widget["properties"]["title"]: widget["properties"]["annotations"]["horizontal"][0]["value"]
        for widget in body["widgets"]
        if "annotations" in widget["properties"]
    }
    assert lines == {name: alarm["threshold"] for name, alarm in alarms(made).items()}
    regions = {widget["properties"].get("title"): widget["properties"].get("region") for widget in body["widgets"]}
    assert regions["server-errors"] == regions["Requests"] == "us-east-1"
    assert regions["processor"] == "eu-central-1"
    covered = [
        (x, y)
        for widget in body["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(covered) == len(set(covered))
    assert max(x for x, _ in covered) < 24
    (url,) = made.result
    assert url.endswith("region=eu-central-1#dashboards/dashboard/strata-dev")
