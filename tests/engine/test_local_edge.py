"""The edge that `make up` puts in front of an origin, asked over HTTP as its user would."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local.ports import read_ports
from local.variables import process_environment
from tests.engine.clients import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers by lower-case name, and the JSON of its body where it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def cache(self) -> str:
        """What X-Cache says, without the provider's name."""
        return self.headers["x-cache"].partition(" ")[0]


def ask(
    environment: EngineEnvironment,
    path: str,
    method: str = "GET",
    *,
    name: str = "edge",
    body: Any = None,
    **headers: str,
) -> Reply:
    """Send one request; headers are given with underscores, the caller's token as `token`."""
    sent = {key.replace("_", "-"): value for key, value in headers.items() if key != "token"}
    if "token" in headers:
        sent["authorization"] = f"Bearer {headers['token']}"
    connection = http.client.HTTPConnection("localhost", read_ports(environment.home.ports_file)[name], timeout=30)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
        fields = {key.lower(): value for key, value in answer.getheaders()}
        is_json = fields.get("content-type") == "application/json" and content
        return Reply(answer.status, fields, json.loads(content) if is_json else content)
    finally:
        connection.close()


def control(environment: EngineEnvironment, path: str, body: Any = None) -> Any:
    """Ask the control interface; with a body it is a change."""
    method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
    reply = ask(environment, path, method, name="edge-control", body=content, x_strata_control="1")
    assert reply.status == 200, reply.body
    return reply.body


@pytest.fixture
def path() -> str:
    """Return a path of the class `user_data` that nobody has asked for."""
    return f"/api/v1/payments/{time.time_ns()}"


def test_the_sequence_of_the_summary_shows_miss_hit_miss(environment: EngineEnvironment) -> None:
    summary = environment.up().output
    lines = summary.partition("Miss, then Hit, then Miss for another caller:\n")[2].splitlines()[:2]
    script = "\n".join([f". {environment.home.environment_file}", *lines])
    shown = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True).stdout

    assert [line.strip() for line in shown.splitlines()] == [
        "alice x-cache: Miss from cloudfront",
        "alice x-cache: Hit from cloudfront",
        "bob x-cache: Miss from cloudfront",
    ]


def test_status_shows_both_processes_and_the_environment_leads_to_the_edge(environment: EngineEnvironment) -> None:
    running = environment.running()
    ports = read_ports(environment.home.ports_file)
    exports = environment.home.environment_file.read_text()

    assert {"local edge", "example origin"} <= set(running)
    assert f"export STRATA_EDGE_URL=http://localhost:{ports['edge']}\n" in exports
    assert "export STRATA_EDGE=ssm:/strata/local/edge\n" in exports
    shim = [str(environment.home.bin / "strata"), "--help"]
    assert "cache" in subprocess.run(shim, capture_output=True, text=True, check=True).stdout


def test_callers_never_share_an_answer(environment: EngineEnvironment, path: str) -> None:
    replies = [ask(environment, path, token=token) for token in ("alice", "alice", "bob", "bob", "alice")]

    assert [one.cache for one in replies] == ["Miss", "Hit", "Miss", "Hit", "Hit"]
    alice, bob = replies[0].body["caller"], replies[2].body["caller"]
    assert alice != bob
    assert [one.body["caller"] for one in replies] == [alice, alice, bob, bob, alice]
    assert {one.headers["cache-control"] for one in replies} == {"private, no-store"}


def test_tenants_by_host_never_share_an_answer(environment: EngineEnvironment, path: str) -> None:
    domain = environment.outputs()["cdn_domain_name"]
    hosts = ["localhost", domain, "localhost", domain]

    assert [ask(environment, path, token="alice", host=host).cache for host in hosts] == ["Miss", "Miss", "Hit", "Hit"]
    assert ask(environment, path, token="alice", host="other.example").status == 403


def test_forged_headers_change_nothing(environment: EngineEnvironment, path: str) -> None:
    alice = ask(environment, path, token="alice").body["caller"]
    key = control(environment, "/decisions?limit=1")[0]["decision"]["key"]
    (hash_of_alice,) = [part.partition(":")[2] for part in key if part.startswith("x-auth-hash:")]
    forged = ask(
        environment,
        path,
        token="bob",
        x_auth_hash=hash_of_alice,
        x_origin_authorization="Bearer alice",
        x_origin_verify="0" * 64,
    )

    assert len(hash_of_alice) == 64
    assert (forged.status, forged.cache) == (200, "Miss")
    assert forged.body["caller"] != alice
    assert ask(environment, path, x_auth_hash=hash_of_alice).status == 401
    past_the_edge = ask(
        environment, path, name="origin", x_origin_authorization="Bearer alice", x_origin_verify="0" * 64
    )
    assert past_the_edge.status == 403


def test_a_write_reaches_the_origin_with_its_headers(environment: EngineEnvironment, path: str) -> None:
    reply = ask(
        environment, path, "POST", body="money", token="alice", idempotency_key="k-1", content_type="text/plain"
    )

    assert (reply.status, reply.body["idempotency_key"], reply.body["body_bytes"]) == (201, "k-1", 5)
    assert reply.body["caller"] == ask(environment, path, token="alice").body["caller"]


def test_paths_that_two_readers_may_read_differently_are_refused(environment: EngineEnvironment) -> None:
    for ambiguous in (
        "/api/v1/payments/%2e%2e/config",
        "/api/v1/payments%2Fx",
        "/api/v1//payments",
        "/api/v1/payments;x.css",
    ):
        assert ask(environment, ambiguous, token="alice").status == 400, ambiguous


@pytest.mark.parametrize("item", ["{path}", "{path}*", "#payments:{id}"])
def test_an_invalidation_made_through_aws_acts(environment: EngineEnvironment, path: str, item: str) -> None:
    other = f"{path}0"
    before = [ask(environment, one, token="alice").cache for one in (path, path, other)]
    items = [item.format(path=path, id=path.rpartition("/")[2])]
    client(environment, "cloudfront").create_invalidation(
        DistributionId=environment.outputs()["cdn_distribution_id"],
        InvalidationBatch={"CallerReference": path + item, "Paths": {"Quantity": 1, "Items": items}},
    )
    control(environment, "/refresh", {})

    assert before == ["Miss", "Hit", "Miss"]
    assert ask(environment, path, token="alice").cache == "Miss"
    assert ask(environment, other, token="alice").cache == ("Miss" if item.endswith("*") else "Hit")


def test_a_tenant_is_purged_alone(environment: EngineEnvironment, path: str) -> None:
    hosts = ["localhost", environment.outputs()["cdn_domain_name"]]
    before = [ask(environment, path, token="alice", host=host).cache for host in hosts * 2]
    words = [str(environment.home.bin / "strata"), "cache", "purge", "--tenant", "localhost"]
    subprocess.run(words, env=process_environment(environment.home), capture_output=True, check=True)
    control(environment, "/refresh", {})

    assert before == ["Miss", "Miss", "Hit", "Hit"]
    assert [ask(environment, path, token="alice", host=host).cache for host in hosts] == ["Miss", "Hit"]


def test_time_is_moved_by_whoever_tries_what_happens_later(environment: EngineEnvironment, path: str) -> None:
    assert [ask(environment, path, token="alice").cache for _ in range(2)] == ["Miss", "Hit"]
    control(environment, "/clock", {"advance_seconds": 31})

    assert ask(environment, path, token="alice").cache == "Miss"


def test_every_request_is_logged_without_a_credential(environment: EngineEnvironment, path: str) -> None:
    for token in ("secret-alice", "secret-alice"):
        ask(environment, f"{path}?cursor=secret-query", token=token, cookie="a=secret-cookie")
    control(environment, "/flush", {})
    s3, bucket = client(environment, "s3"), environment.outputs()["access_log_bucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    text = "".join(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode() for key in keys)
    lines = [one for one in map(json.loads, text.splitlines()) if one["cs-uri-stem"] == path]

    distribution = environment.outputs()["cdn_distribution_id"]
    assert all(key.startswith(f"AWSLogs/123456789012/CloudFront/{distribution}/2") for key in keys)
    assert [one["x-edge-result-type"] for one in lines] == ["Miss", "Hit"]
    assert {one["viewer-request-log-data"] for one in lines} == {"class=user_data&tenant=localhost"}
    assert "secret-" not in text


def test_a_deploy_is_followed_without_a_restart(environment: EngineEnvironment, path: str) -> None:
    before = environment.home.stack_file.read_text()
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", b'{"org": "acme"}', b"x"))
    pid = environment.running()["local edge"]
    try:
        environment.edit_config(lambda config: config.update({"strata:cdn": {"tenantClaim": "org"}}))
        environment.deploy()
        control(environment, "/refresh", {})
        ask(environment, path, token=token)
        log_data = control(environment, "/decisions?limit=1")[0]["decision"]["log_data"]
    finally:
        environment.home.stack_file.write_text(before)
        environment.deploy()
        control(environment, "/refresh", {})

    assert log_data == "class=user_data&tenant=acme"
    assert environment.running()["local edge"] == pid


def test_a_killed_edge_and_a_killed_origin_are_healed(environment: EngineEnvironment, path: str) -> None:
    ports = read_ports(environment.home.ports_file)
    before = environment.running()
    for name in ("local edge", "example origin"):
        os.kill(before[name], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while "local edge" in environment.running() and time.monotonic() < deadline:
        time.sleep(0.02)

    assert "next: make up" in environment.command("status")
    environment.up()
    assert read_ports(environment.home.ports_file) == ports
    assert environment.running()["local edge"] != before["local edge"]
    assert ask(environment, path, token="alice").status == 200


def test_an_environment_that_is_down_has_no_edge(environment: EngineEnvironment, path: str) -> None:
    environment.command("down")
    stopped = environment.running()
    shown = environment.command("status").output
    environment.up()

    assert stopped == {}
    assert "local edge" in shown
    assert ask(environment, path, token="alice").status == 200


@contextmanager
def own_api() -> Iterator[int]:
    """Serve an API of a user's, which knows nothing of Strata."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"own": true}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_an_api_of_the_users_own_stands_behind_the_edge_when_named(environment: EngineEnvironment, path: str) -> None:
    try:
        with own_api() as port:
            shown = environment.command("up", STRATA_ORIGIN_URL=f"http://localhost:{port}")
            reply = ask(environment, path, token="alice")
            running = environment.running()
        refused = environment.command("up", check=False, STRATA_ORIGIN_URL="http://api.example.com:80")
        unanswered = ask(environment, f"{path}1", token="alice")
    finally:
        environment.up()

    assert "in front of your own API (STRATA_ORIGIN_URL)" in shown
    assert reply.body == {"own": True}
    assert "example origin" not in running
    assert "error: the local edge calls origins on this machine only (origin http://api.example.com:80)" in refused
    assert unanswered.status == 502
    assert ask(environment, f"{path}2", token="alice").body["caller"]
