"""The store and the secret are made empty, and filled by a resource that shows two ARNs and a version."""

from infra.components.edge_secrets import EdgeSecrets, EdgeSecretsArgs

VALUES = "pulumi-python:dynamic/strata:EdgeSecrets"


def deployed(record, version: int = 1):
    def program():
        secrets = EdgeSecrets("edge-secrets", EdgeSecretsArgs("dev", version))
        return [secrets.key_value_store_arn, secrets.secret_arn]

    return record(program)


def test_pulumi_makes_both_without_a_value(record):
    made = deployed(record)
    assert made.one("aws:cloudfront/keyValueStore:KeyValueStore").inputs == {
        "comment": "strata dev: what the edge function reads"
    }
    assert made.one("aws:secretsmanager/secret:Secret").inputs == {
        "description": "strata dev: the edge's pepper, and what the origin knows the edge by",
        "kmsKeyId": "arn:aws:mock:eu-central-1:123456789012:edge-secrets-key",
        "recoveryWindowInDays": 7,
    }
    assert made.all("aws:secretsmanager/secretVersion:SecretVersion") == []


def test_the_values_are_named_by_where_they_are(record):
    made = deployed(record, version=3)
    store, secret = made.result
    inputs = dict(made.one(VALUES).inputs)
    assert inputs.pop("__provider")
    assert inputs == {"secret_arn": secret, "store_arn": store, "version": 3}
    assert made.one(VALUES).depends_on >= {"edge-secrets-store", "edge-secrets-secret"}
