import json

import pytest

from strata.reference import ConnectionParameters, DatabaseReferenceError, resolve

PARAMETERS = {
    "host": "db.example",
    "port": 5432,
    "database": "strata",
    "sslmode": "verify-full",
    "region": "eu-west-1",
    "owner_role": "strata_owner",
    "deployer_role": "strata_deployer",
    "master_secret_arn": "arn:aws:secretsmanager:eu-west-1:1:secret:x",
    "layout": "list",
    "archive_bucket": "archive-0a1b2c3",
}
KEYS = (
    "host, port, database, sslmode, region, owner_role, deployer_role, master_secret_arn, layout, archive_bucket,"
    " sslrootcert, jump_host_id"
)


def test_a_variable_holds_the_parameters(monkeypatch):
    monkeypatch.setenv("HERE", json.dumps(PARAMETERS))
    assert resolve("env:HERE") == ConnectionParameters(**PARAMETERS)


def test_what_a_later_version_adds_is_left_alone(monkeypatch):
    monkeypatch.setenv("HERE", json.dumps({**PARAMETERS, "sslrootcert": "/ca.pem", "color": "blue"}))
    assert resolve("env:HERE").sslrootcert == "/ca.pem"


@pytest.mark.parametrize("reference", ["", "ssm:", "env:", "postgresql://host/db", "/strata/dev/database"])
def test_what_is_no_reference_is_refused(reference):
    with pytest.raises(DatabaseReferenceError) as refusal:
        resolve(reference)
    message = f"not a database reference (reference {reference}); allowed: ssm:NAME or env:NAME"
    assert str(refusal.value) == message


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(DatabaseReferenceError) as refusal:
        resolve("env:NOWHERE")
    assert str(refusal.value) == (
        f"environment variable NOWHERE is not set (reference env:NOWHERE); allowed: a JSON object with {KEYS}"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the reference does not hold a JSON object"),
        ("[]", "the reference does not hold a JSON object"),
        ("{}", "missing or of the wrong type: " + KEYS.removesuffix(", sslrootcert, jump_host_id")),
        (json.dumps({**PARAMETERS, "port": "5432"}), "missing or of the wrong type: port"),
        (json.dumps({**PARAMETERS, "port": True}), "missing or of the wrong type: port"),
    ],
)
def test_what_are_no_parameters_is_refused(text, what, monkeypatch):
    monkeypatch.setenv("HERE", text)
    with pytest.raises(DatabaseReferenceError) as refusal:
        resolve("env:HERE")
    assert str(refusal.value) == f"{what} (reference env:HERE); allowed: a JSON object with {KEYS}; next: pulumi up"


def test_a_parameter_store_out_of_reach_is_an_error_with_a_next_step(monkeypatch, aws_credentials):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(DatabaseReferenceError) as refusal:
        resolve("ssm:/strata/dev/database")
    assert str(refusal.value).startswith("ssm:GetParameter failed: Could not connect to the endpoint URL")
    assert refusal.value.next_command == "pulumi up"
