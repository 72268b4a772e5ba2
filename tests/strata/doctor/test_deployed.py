import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import certifi
import pytest

from strata import aws
from strata.doctor import deployed
from strata.doctor.subject import Subject
from strata.tunnel.route import TUNNEL_VARIABLE, Route
from tests.strata.conftest import connection_parameters

NOWHERE = "env:NOT_SET"


@pytest.fixture
def parameters(fresh_database, monkeypatch):
    """Return a function that sets the connection parameters, with changes, and returns their reference."""

    def set_to(**changes):
        known = connection_parameters(fresh_database.server, fresh_database.name)
        monkeypatch.setenv("DATABASE_PARAMETERS", json.dumps({**known, **changes}))
        return "env:DATABASE_PARAMETERS"

    return set_to


def test_the_parameter_that_the_stack_writes(subject, cloud, parameters, monkeypatch):
    found = deployed.parameter(subject())
    assert (found.status, found.remedy) == ("failed", "pulumi up")
    reference = parameters()
    aws.client("ssm", "eu-west-1").put_parameter(
        Name="/strata/dev/database", Type="String", Value=os.environ[reference.removeprefix("env:")]
    )
    assert deployed.parameter(subject()).detail.endswith(", layout list")


def test_what_needs_the_parameter_waits_for_it(subject):
    assert deployed.database(subject(database=NOWHERE)).status == "skipped"
    assert deployed.certificates(subject(database=NOWHERE)).status == "skipped"
    assert deployed.parameter(subject(database=NOWHERE)).status == "failed"


def test_without_a_region_or_credentials_nothing_deployed_is_looked_for(subject, cloud, monkeypatch):
    monkeypatch.setattr(Subject, "caller", ValueError("nobody"))
    for check in (deployed.parameter, deployed.edge):
        assert check(subject()) == deployed.skipped("needs credentials")
        assert check(subject(stack=None)) == deployed.skipped("needs a stack")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for check in (deployed.parameter, deployed.edge):
        assert check(subject()) == deployed.skipped("needs a region")


def test_a_database_that_answers(subject, parameters):
    found = deployed.database(subject(database=parameters()))
    assert found.status == "ok"
    assert found.detail.startswith("PostgreSQL 18")
    assert found.detail.endswith("as strata_deployer, acting as strata_owner")


def test_a_database_behind_a_tunnel(subject, parameters, postgresql_server, monkeypatch):
    monkeypatch.setenv(TUNNEL_VARIABLE, str(Route("db.invalid", 5432, postgresql_server.port)))
    found = deployed.database(subject(database=parameters(host="db.invalid", port=5432)))
    assert found.detail.endswith(", through a tunnel")


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"host": "127.0.0.1", "port": 1}, "make up"),
        ({"host": "db.invalid", "jump_host_id": "i-0a1b"}, "strata database tunnel -- and this command"),
        ({"deployer_role": "nobody"}, "pulumi up (it makes the missing logins)"),
    ],
)
def test_a_database_that_does_not(subject, parameters, changes, remedy):
    found = deployed.database(subject(database=parameters(**changes)))
    assert (found.status, found.remedy) == ("failed", remedy)


def test_certificates(subject, parameters, tmp_path):
    bundle = tmp_path / "authorities.pem"
    assert deployed.certificates(subject(database=parameters())).status == "skipped"
    verified = {"sslmode": "verify-full", "sslrootcert": str(bundle)}
    missing = deployed.certificates(subject(database=parameters(**verified)))
    assert missing.status == "failed"
    assert "global-bundle.pem" in missing.remedy
    bundle.write_text("no certificate")
    assert deployed.certificates(subject(database=parameters(**verified))).status == "failed"
    verified["sslrootcert"] = certifi.where()
    assert deployed.certificates(subject(database=parameters(**verified))).status == "ok"


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as one:
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://localhost:{one.server_port}"
        one.shutdown()
        thread.join()


def test_an_edge_that_answers_and_one_that_does_not(subject, server, monkeypatch):
    monkeypatch.setenv("STRATA_EDGE_URL", server)
    assert deployed.edge(subject()) == deployed.ok(f"{server} answers (401)")
    monkeypatch.setenv("STRATA_EDGE_URL", "http://localhost:1")
    found = deployed.edge(subject())
    assert (found.status, found.remedy) == ("failed", "make status")


def test_the_edge_of_a_deployed_stack(subject, monkeypatch, write_stack):
    known = {
        "distribution_id": "E1",
        "domain_name": "d1.cloudfront.invalid",
        "aliases": ["*.api.invalid", "api.invalid"],
        "key_value_store_arn": None,
        "secret_arn": None,
        "access_log_bucket": "logs",
        "region": "eu-west-1",
    }
    monkeypatch.setenv("EDGE_PARAMETERS", json.dumps(known))
    found = deployed.edge(subject(edge="env:EDGE_PARAMETERS"))
    assert (found.status, found.detail.split(": ")[0]) == ("failed", "https://api.invalid")
    assert deployed.edge(subject(edge=NOWHERE)).status == "failed"
    write_stack({"strata:cdn": {"enabled": False}})
    assert deployed.edge(subject()) == deployed.skipped("the stack has no distribution")
