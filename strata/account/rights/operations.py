"""Rights for the types that watch a stack: alarms, topics, dashboards, log groups, events of RDS."""

from __future__ import annotations

from typing import Final

from strata.account.rights.data import rds_tags
from strata.account.rights.grant import EVERYTHING, NEW, OURS, Grant, TypeRights, to_tag

_REGIONS: Final = ("{region}", "us-east-1")
_ALARM: Final = tuple(
    f"arn:{{partition}}:cloudwatch:{region}:{{account}}:alarm:strata-{{stack}}-*" for region in _REGIONS
)
_DASHBOARD: Final = ("arn:{partition}:cloudwatch::{account}:dashboard/strata-{stack}",)
_TOPIC: Final = tuple(f"arn:{{partition}}:sns:{region}:{{account}}:strata-{{stack}}-*" for region in _REGIONS)
_EVENTS: Final = ("arn:{partition}:rds:{region}:{account}:es:strata-{stack}-*",)
#: The log groups of the stack's instance.
_LOG_GROUP: Final = ("arn:{partition}:logs:{region}:{account}:log-group:/aws/rds/instance/strata-{stack}/*",)


def _actions(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


OPERATIONS: Final = (
    TypeRights(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        (Grant(_actions("cloudwatch", "DescribeAlarms", "ListTagsForResource"), _ALARM),),
        (
            Grant(_actions("cloudwatch", "PutMetricAlarm"), _ALARM, NEW),
            Grant(_actions("cloudwatch", "PutMetricAlarm", "DeleteAlarms"), _ALARM, OURS),
            *to_tag(_actions("cloudwatch", "TagResource"), _ALARM, _actions("cloudwatch", "UntagResource")),
        ),
    ),
    TypeRights(
        "aws:cloudwatch/dashboard:Dashboard",
        (Grant(_actions("cloudwatch", "GetDashboard"), _DASHBOARD),),
        (Grant(_actions("cloudwatch", "PutDashboard", "DeleteDashboards"), _DASHBOARD),),
    ),
    TypeRights(
        "aws:cloudwatch/logGroup:LogGroup",
        (
            Grant(_actions("logs", "DescribeLogGroups"), EVERYTHING),
            Grant(_actions("logs", "ListTagsForResource"), _LOG_GROUP),
        ),
        (
            Grant(_actions("logs", "CreateLogGroup"), _LOG_GROUP, NEW),
            Grant(
                _actions("logs", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "AssociateKmsKey"),
                _LOG_GROUP,
                OURS,
            ),
            *to_tag(_actions("logs", "TagResource"), _LOG_GROUP, _actions("logs", "UntagResource")),
        ),
    ),
    TypeRights(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        (Grant(_actions("logs", "DescribeMetricFilters"), _LOG_GROUP),),
        (Grant(_actions("logs", "PutMetricFilter", "DeleteMetricFilter"), _LOG_GROUP, OURS),),
    ),
    TypeRights(
        "aws:sns/topic:Topic",
        (Grant(_actions("sns", "GetTopicAttributes", "ListTagsForResource"), _TOPIC),),
        (
            Grant(_actions("sns", "CreateTopic"), _TOPIC, NEW),
            Grant(_actions("sns", "SetTopicAttributes", "DeleteTopic"), _TOPIC, OURS),
            *to_tag(_actions("sns", "TagResource"), _TOPIC, _actions("sns", "UntagResource")),
        ),
    ),
    TypeRights(
        "aws:sns/topicPolicy:TopicPolicy",
        (Grant(_actions("sns", "GetTopicAttributes"), _TOPIC),),
        (Grant(_actions("sns", "SetTopicAttributes"), _TOPIC, OURS),),
    ),
    TypeRights(
        "aws:sns/topicSubscription:TopicSubscription",
        (Grant(_actions("sns", "GetSubscriptionAttributes"), EVERYTHING),),
        (
            Grant(_actions("sns", "Subscribe"), _TOPIC, OURS),
            Grant(_actions("sns", "SetSubscriptionAttributes", "Unsubscribe"), EVERYTHING),
        ),
    ),
    TypeRights(
        "aws:rds/eventSubscription:EventSubscription",
        (Grant(_actions("rds", "DescribeEventSubscriptions", "ListTagsForResource"), _EVENTS),),
        (
            Grant(_actions("rds", "CreateEventSubscription"), _EVENTS, NEW),
            Grant(
                _actions(
                    "rds",
                    "ModifyEventSubscription",
                    "DeleteEventSubscription",
                    "AddSourceIdentifierToSubscription",
                    "RemoveSourceIdentifierFromSubscription",
                ),
                _EVENTS,
                OURS,
            ),
            *rds_tags(_EVENTS),
        ),
    ),
)
