import json

import psycopg
import pytest

from infra.components.database import Database, DatabaseArgs
from infra.components.database_logs import LOCK_WAIT, DatabaseLogs, DatabaseLogsArgs
from infra.config import DatabaseConfig

GROUP = "aws:cloudwatch/logGroup:LogGroup"


def deployed(record):
    def program():
        logs = DatabaseLogs("database-logs", DatabaseLogsArgs("dev", "eu-central-1", "strata-dev"))
        Database(
            "database",
            DatabaseArgs(
                stack="dev",
                config=DatabaseConfig(),
                capacity=1_000,
                subnet_ids=["subnet-1", "subnet-2"],
                security_group_id="sg-1",
                after=logs.groups,
            ),
        )
        return []

    return record(program)


def test_each_exported_log_has_a_group_with_an_end_before_the_instance(record):
    made = deployed(record)
    instance = made.one("aws:rds/instance:Instance")
    names = {f"/aws/rds/instance/{instance.inputs['identifier']}/{log}": log for log in ("postgresql", "upgrade")}
    groups = {group.inputs["name"]: group for group in made.all(GROUP)}
    assert groups.keys() == names.keys()
    assert set(instance.inputs["enabledCloudwatchLogsExports"]) == set(names.values())
    for group in groups.values():
        assert group.inputs["retentionInDays"] == 365
        assert group.inputs["kmsKeyId"].endswith(":database-logs-key")
        assert group.name in instance.depends_on


def test_the_key_admits_the_logs_of_this_instance_only(record):
    policy = json.loads(deployed(record).one("aws:kms/key:Key", "database-logs-key").inputs["policy"])
    (use,) = [statement for statement in policy["Statement"] if statement["Sid"] == "LogsUseKey"]
    assert use["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert use["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": (
            "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/rds/instance/strata-dev/*"
        )
    }


def test_waits_for_locks_are_counted_in_the_log_of_postgresql(record):
    counted = deployed(record).one("aws:cloudwatch/logMetricFilter:LogMetricFilter").inputs
    assert counted["logGroupName"] == "/aws/rds/instance/strata-dev/postgresql"
    assert counted["pattern"] == '"still waiting for"'
    assert counted["metricTransformation"] == {
        "name": "LockWaits",
        "namespace": "Strata/Database/dev",
        "value": "1",
        "defaultValue": "0",
    }


def test_postgresql_logs_a_wait_in_the_words_that_are_counted(fresh_database):
    """The real server with the stack's own parameter: what the filter looks for stands in its log, once for a wait."""
    server = fresh_database.server
    log = server.folder / "log"
    before = log.read_text().count(LOCK_WAIT.strip('"'))
    with fresh_database.admin() as holder, fresh_database.admin() as waiter:
        waiter.execute("SET log_lock_waits = on")
        waiter.execute("SET deadlock_timeout = '50ms'")
        waiter.execute("SET lock_timeout = '400ms'")
        holder.execute("CREATE TABLE held (id int)")
        with holder.transaction():
            holder.execute("LOCK TABLE held")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                waiter.execute("SELECT FROM held")
    assert log.read_text().count(LOCK_WAIT.strip('"')) == before + 1
