import json

import pytest

from infra.components.connection_parameter import ConnectionParameter, ConnectionParameterArgs
from strata import reference

SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master"


def deployed(record, address, ca_bundle: str | None, jump_host_id: str | None = None):
    def program():
        args = ConnectionParameterArgs(
            stack="dev",
            address=address(ca_bundle),
            master_secret_arn=SECRET_ARN,
            layout="bucketed",
            archive_bucket="archive-0a1b2c3",
            jump_host_id=jump_host_id,
        )
        return [ConnectionParameter("connection", args).reference]

    return record(program)


@pytest.mark.parametrize(("ca_bundle", "jump_host_id"), [(None, None), ("certificates/rds.pem", "i-0a1b2c3d")])
def test_what_the_stack_writes_is_what_the_library_reads(record, address, monkeypatch, ca_bundle, jump_host_id):
    made = deployed(record, address, ca_bundle, jump_host_id)
    parameter = made.one("aws:ssm/parameter:Parameter").inputs
    assert (parameter["name"], parameter["type"]) == ("/strata/dev/database", "String")
    assert made.result == ["ssm:/strata/dev/database"]
    monkeypatch.setenv("WRITTEN", parameter["insecureValue"])
    assert reference.resolve("env:WRITTEN") == reference.ConnectionParameters(
        host="database.example.com",
        port=5432,
        database="strata",
        sslmode="verify-full",
        region="eu-central-1",
        owner_role="strata_owner",
        deployer_role="strata_deployer",
        master_secret_arn=SECRET_ARN,
        layout="bucketed",
        archive_bucket="archive-0a1b2c3",
        sslrootcert=ca_bundle,
        jump_host_id=jump_host_id,
    )


def test_the_parameter_is_as_the_contract_names_it(record, address):
    content = json.loads(deployed(record, address, None).one("aws:ssm/parameter:Parameter").inputs["insecureValue"])
    assert sorted(content) == [
        "archive_bucket",
        "database",
        "deployer_role",
        "host",
        "layout",
        "master_secret_arn",
        "owner_role",
        "port",
        "region",
        "sslmode",
    ]
