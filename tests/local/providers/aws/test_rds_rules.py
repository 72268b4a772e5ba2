"""What RDS refuses before anything is made: each rule with its words."""

from __future__ import annotations

import pytest

from local.providers.aws import rds_instance_rules
from local.providers.aws.rds_parameters import ParameterGroup
from local.providers.aws.rds_subnets import SubnetGroup
from local.providers.resource import UNKNOWN

RIGHT = {
    "engine": "postgres",
    "engineVersion": "18",
    "identifier": "orders",
    "instanceClass": "db.t4g.medium",
    "allocatedStorage": 20,
    "username": "strata_master",
    "manageMasterUserPassword": True,
    "skipFinalSnapshot": True,
}

REFUSED = [
    ({"engine": "mysql"}, "engine", "'mysql' is none of postgres"),
    ({"engineVersion": "16.4"}, "engineVersion", "16.4: the local provider has PostgreSQL 18.6; use 18"),
    (
        {"identifier": "orders--2"},
        "identifier",
        "'orders--2' is not lower case letters, digits and single hyphens, a letter first, at most 63 characters",
    ),
    ({"instanceClass": "t4g.medium"}, "instanceClass", "'t4g.medium' is not a class such as db.t4g.medium"),
    ({"allocatedStorage": 5}, "allocatedStorage", "5 is not within 20 to 65536"),
    ({"allocatedStorage": None}, "allocatedStorage", "missing; RDS needs allocatedStorage for a new DB instance"),
    ({"username": None}, "username", "missing; RDS needs username for a new DB instance"),
    ({"username": "rdsadmin"}, "username", "rdsadmin is a reserved word of the engine"),
    ({"dbName": "template1"}, "dbName", "template1 is a reserved word of the engine"),
    (
        {"skipFinalSnapshot": False},
        "finalSnapshotIdentifier",
        "missing; it is required unless skipFinalSnapshot is true",
    ),
    (
        {"password": "long-enough-password"},
        "password",
        "excluded by manageMasterUserPassword: RDS makes the password itself",
    ),
    (
        {"manageMasterUserPassword": None},
        "manageMasterUserPassword",
        "missing; set it to true, or give a password",
    ),
    ({"backupRetentionPeriod": 36}, "backupRetentionPeriod", "36 is not within 0 to 35"),
    (
        {"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 30},
        "performanceInsightsRetentionPeriod",
        f"30 is none of 7, {', '.join(str(31 * month) for month in range(1, 24))}, 731",
    ),
    (
        {"performanceInsightsRetentionPeriod": 7},
        "performanceInsightsRetentionPeriod",
        "needs performanceInsightsEnabled",
    ),
    ({"monitoringInterval": 60}, "monitoringRoleArn", "missing; a monitoringInterval above 0 needs it"),
    ({"storageType": "io2"}, "iops", "missing; storageType io2 needs it"),
    ({"storageType": "gp2", "storageThroughput": 500}, "storageThroughput", "only storageType gp3 takes it"),
    ({"maxAllocatedStorage": 20}, "maxAllocatedStorage", "20 is not greater than allocatedStorage, 20"),
    ({"kmsKeyId": "arn:aws:kms:eu-west-1:1:key/x"}, "kmsKeyId", "needs storageEncrypted"),
    ({"multiAz": True, "availabilityZone": "a"}, "availabilityZone", "excluded by multiAz: RDS chooses the zones"),
    (
        {"enabledCloudwatchLogsExports": ["postgresql", "slow"]},
        "enabledCloudwatchLogsExports[1]",
        "'slow' is none of iam-db-auth-error, postgresql, upgrade",
    ),
    (
        {"backupWindow": "03:00-03:10"},
        "backupWindow",
        "not hh:mm-hh:mm in UTC, at least 30 minutes long, e.g. 03:00-04:00",
    ),
    (
        {"maintenanceWindow": "05:00-06:00"},
        "maintenanceWindow",
        "not ddd:hh:mm-ddd:hh:mm in UTC, at least 30 minutes long, e.g. sun:05:00-sun:06:00",
    ),
    (
        {"backupWindow": "23:30-00:30", "maintenanceWindow": "sun:00:00-sun:01:00"},
        "backupWindow",
        "must not overlap maintenanceWindow",
    ),
]


@pytest.mark.parametrize(("change", "place", "reason"), REFUSED)
def test_instance_is_refused(change, place, reason):
    inputs = {key: value for key, value in {**RIGHT, **change}.items() if value is not None}
    assert [(one.property, one.reason) for one in rds_instance_rules.failures(inputs)] == [(place, reason)]


def test_instance_that_keeps_the_rules_is_not_refused():
    assert rds_instance_rules.failures(RIGHT) == []


def test_unknown_values_break_no_rule():
    names = {key for change, *_ in REFUSED for key in change} | RIGHT.keys()
    assert rds_instance_rules.failures(dict.fromkeys(names, UNKNOWN)) == []


def test_password_is_not_repeated():
    inputs = {**RIGHT, "manageMasterUserPassword": None, "password": "has a space"}
    [failure] = rds_instance_rules.failures(inputs)
    assert failure.property == "password"
    assert "has a space" not in failure.reason


STATIC = "{} is static: RDS cannot use the immediate apply method for it; set applyMethod pending-reboot"
MODES = "Available values: auto, force_generic_plan, force_custom_plan."
PARAMETERS = [
    ({"name": "wrk_mem", "value": "1"}, "name", "PostgreSQL has no parameter wrk_mem; did you mean work_mem?"),
    ({"name": "fsync", "value": "off"}, "name", "RDS does not let fsync be modified"),
    ({"name": "block_size", "value": "1"}, "name", "RDS does not let block_size be modified"),
    (
        {"name": "rds.unheard_of", "value": "1"},
        "name",
        "not modelled by the local provider: parameter rds.unheard_of",
    ),
    (
        {"name": "max_connections", "value": "200"},
        "applyMethod",
        STATIC.format("max_connections"),
    ),
    (
        {"name": "rds.logical_replication", "value": "1"},
        "applyMethod",
        STATIC.format("rds.logical_replication"),
    ),
    (
        {"name": "work_mem", "value": "4096", "applyMethod": "later"},
        "applyMethod",
        "later is none of immediate, pending-reboot",
    ),
    (
        {"name": "work_mem", "value": "1"},
        "value",
        '1 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)',
    ),
    (
        {"name": "plan_cache_mode", "value": "custom"},
        "value",
        f'invalid value for parameter "plan_cache_mode": "custom"; {MODES}',
    ),
    ({"name": "rds.force_ssl", "value": "yes"}, "value", "yes is neither 0 nor 1"),
    (
        {"name": "shared_preload_libraries", "value": "pg_stat_statements,pgaudit", "applyMethod": "pending-reboot"},
        "value",
        "not modelled by the local provider: library pgaudit",
    ),
]


def _group_failures(inputs):
    return [(one.property, one.reason) for one in ParameterGroup().check(None, inputs)]


@pytest.mark.parametrize(("parameter", "place", "reason"), PARAMETERS)
def test_parameter_is_refused(parameter, place, reason):
    inputs = {
        "name": "orders",
        "family": "postgres18",
        "parameters": [{"name": "work_mem", "value": "4096"}, parameter],
    }
    if parameter["name"] == "work_mem":
        inputs["parameters"].pop(0)
    index = len(inputs["parameters"]) - 1
    assert _group_failures(inputs) == [(f"parameters[{index}].{place}", reason)]


def test_parameters_that_rds_takes_are_not_refused():
    parameters = [
        {"name": "shared_buffers", "value": "{DBInstanceClassMemory/32768}", "applyMethod": "pending-reboot"},
        {"name": "max_wal_size", "value": "GREATEST({DBInstanceClassMemory/1}, 2)"},
        {"name": "TimeZone", "value": "UTC"},
        {"name": "auto_explain.log_min_duration", "value": "100"},
        {"name": "work_mem", "value": UNKNOWN},
        {"name": UNKNOWN, "value": "1"},
    ]
    assert _group_failures({"name": "orders", "family": "postgres18", "parameters": parameters}) == []


def test_group_needs_a_family_of_postgresql_a_name_and_each_parameter_once():
    twice = [{"name": "work_mem", "value": "4096"}, {"name": "work_mem", "value": "8192"}]
    assert _group_failures({"name": "Orders", "family": "mysql8.0", "parameters": twice}) == [
        (
            "name",
            "'Orders' is not lower case letters, digits and single hyphens, a letter first, at most 255 characters",
        ),
        ("family", "mysql8.0 is none of postgres16, postgres17, postgres18"),
        ("parameters[1].name", "work_mem is given twice"),
    ]


def test_subnet_group_needs_a_name_and_subnets():
    failures = SubnetGroup().check(None, {"name": "default", "subnetIds": []})
    signs = "lower case letters, digits, spaces, hyphens, dots and underscores"
    assert [(one.property, one.reason) for one in failures] == [
        ("name", f"'default' is not {signs}, at most 255, and not 'default'"),
        ("subnetIds", "a DB subnet group needs subnets in two zones or more"),
    ]
