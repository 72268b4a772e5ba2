import json

import pytest

from strata.caching.reference import EdgeParameters, EdgeReferenceError, resolve_edge

PARAMETERS = {
    "distribution_id": "E1ABC",
    "domain_name": "d1.cloudfront.net",
    "aliases": ["api.example.com"],
    "key_value_store_arn": "arn:aws:cloudfront::123456789012:key-value-store/0a1b",
    "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge",
    "access_log_bucket": "logs",
    "region": "eu-west-1",
}
KEYS = "distribution_id, domain_name, aliases, key_value_store_arn, secret_arn, access_log_bucket, region"


def test_a_variable_holds_the_parameters(monkeypatch):
    monkeypatch.setenv("HERE", json.dumps(PARAMETERS))
    assert resolve_edge("env:HERE") == EdgeParameters(**{**PARAMETERS, "aliases": ("api.example.com",)})


def test_an_edge_may_have_no_store_and_no_secret(monkeypatch):
    monkeypatch.setenv("HERE", json.dumps({**PARAMETERS, "key_value_store_arn": None, "secret_arn": None}))
    assert resolve_edge("env:HERE").key_value_store_arn is None
    assert resolve_edge("env:HERE").secret_arn is None


def test_what_is_no_reference_is_refused():
    with pytest.raises(EdgeReferenceError) as refusal:
        resolve_edge("E1ABC")
    assert str(refusal.value) == "not an edge reference (reference E1ABC); allowed: ssm:NAME or env:NAME"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"aliases": "api.example.com"}, "aliases"),
        ({"aliases": [1]}, "aliases"),
        ({"secret_arn": False, "region": None}, "secret_arn, region"),
    ],
)
def test_what_are_no_parameters_is_refused(change, wrong, monkeypatch):
    monkeypatch.setenv("HERE", json.dumps({**PARAMETERS, **change}))
    with pytest.raises(EdgeReferenceError) as refusal:
        resolve_edge("env:HERE")
    assert str(refusal.value) == (
        f"missing or of the wrong type: {wrong} (reference env:HERE); "
        f"allowed: a JSON object with {KEYS}; next: pulumi up"
    )
