import pytest

from infra.components.edge_parameter import EdgeParameter, EdgeParameterArgs
from strata.caching.reference import EdgeParameters, resolve_edge

STORE_ARN = "arn:aws:cloudfront::123456789012:key-value-store/0a1b"
SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:edge"


@pytest.mark.parametrize(("store_arn", "secret_arn"), [(STORE_ARN, SECRET_ARN), (None, None)])
def test_what_the_stack_writes_is_what_the_library_reads(record, monkeypatch, store_arn, secret_arn):
    values = {
        "distribution_id": "E1",
        "domain_name": "d1.cloudfront.net",
        "aliases": ("api.example.com",),
        "key_value_store_arn": store_arn,
        "secret_arn": secret_arn,
        "access_log_bucket": "logs",
        "region": "eu-central-1",
    }
    made = record(lambda: [EdgeParameter("edge-parameter", EdgeParameterArgs(stack="dev", **values)).reference])
    assert made.result == ["ssm:/strata/dev/edge"]
    parameter = made.one("aws:ssm/parameter:Parameter").inputs
    assert (parameter["name"], parameter["type"]) == ("/strata/dev/edge", "String")
    monkeypatch.setenv("WRITTEN", parameter["insecureValue"])
    assert resolve_edge("env:WRITTEN") == EdgeParameters(**values)
