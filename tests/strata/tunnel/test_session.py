import json
import os
import signal
import socket
from dataclasses import replace

import psycopg
import pytest
from botocore.exceptions import ClientError

from strata import aws
from strata.database import DatabaseUnreachableError, connect_as_deployer
from strata.tunnel import session as sessions
from strata.tunnel.errors import (
    JumpHostUnreachableError,
    NoAnswerThroughTunnelError,
    NoJumpHostError,
    PluginMissingError,
    PluginTooOldError,
    TunnelLostError,
)
from strata.tunnel.session import open_tunnel
from tests.strata.aws_stub import serving
from tests.strata.tunnel.conftest import SESSION
from tests.strata.tunnel.fake_plugin import ENDPOINT, connections, is_running, started


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(sessions, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(sessions, "_PAUSE_SECONDS", 0.02)


def use(monkeypatch, tunnel):
    for name, value in tunnel.environment.items():
        monkeypatch.setenv(name, value)


def test_the_database_is_reached_under_its_own_name(plugin, systems_manager, private, private_reference, monkeypatch):
    folder = plugin()
    with pytest.raises(DatabaseUnreachableError):
        connect_as_deployer(private_reference)
    with open_tunnel(private) as tunnel:
        use(monkeypatch, tunnel)
        with connect_as_deployer(private_reference) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("strata_owner",)
            assert (connection.info.host, connection.info.hostaddr) == (ENDPOINT, "127.0.0.1")
            assert connection.info.port == tunnel.route.local_port
    assert connections(folder) == 2, "one that asked whether anybody answers, and ours"


def test_the_plugin_is_started_as_the_aws_cli_starts_it(plugin, systems_manager, private):
    folder = plugin()
    with open_tunnel(private) as tunnel:
        seen = started(folder)
    _, variable, region, action, profile, request, endpoint = seen["arguments"]
    assert (variable, region, action, profile) == ("AWS_SSM_START_SESSION_RESPONSE", private.region, "StartSession", "")
    assert json.loads(seen["session"]) == SESSION
    assert endpoint == os.environ["AWS_ENDPOINT_URL"]
    assert json.loads(request) == {
        "Target": "i-0a1b2c3d",
        "DocumentName": "AWS-StartPortForwardingSessionToRemoteHost",
        "Parameters": {
            "host": [ENDPOINT],
            "portNumber": ["5432"],
            "localPortNumber": [str(tunnel.route.local_port)],
        },
    }
    assert SESSION["TokenValue"] not in " ".join(seen["arguments"]), "other users see the arguments"


def test_nothing_of_a_tunnel_stays(plugin, systems_manager, private):
    folder = plugin()
    with open_tunnel(private) as tunnel:
        pid = started(folder)["pid"]
        assert is_running(pid)
    assert not is_running(pid)
    for port in (tunnel.route.local_port, tunnel.proxy_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)


def test_ctrl_c_in_the_terminal_does_not_reach_the_plugin(plugin, systems_manager, private):
    plugin()
    with open_tunnel(private) as tunnel:
        child = tunnel.process.child
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)


@pytest.mark.parametrize("lingers_seconds", [0.0, 0.3])
def test_a_tunnel_that_dies_is_the_reason_that_is_told(
    plugin, systems_manager, private, private_reference, monkeypatch, lingers_seconds
):
    plugin(dies_after=1, lingers_seconds=lingers_seconds)
    with pytest.raises(TunnelLostError) as failure, open_tunnel(private) as tunnel:  # noqa: PT012
        use(monkeypatch, tunnel)
        connect_as_deployer(private_reference)
    assert str(failure.value) == (
        "the tunnel ended: session-manager-plugin exited with 3: Port opened. Waiting for connections... "
        f"session timed out (host {ENDPOINT}); next: the same command again"
    )


def test_another_failure_inside_stays_what_it_is(plugin, systems_manager, private):
    plugin()
    with pytest.raises(psycopg.Error), open_tunnel(private):
        raise psycopg.OperationalError("mine")


def test_a_plugin_that_gives_up_at_once_says_why(plugin, systems_manager, private):
    plugin(refuse="An error occurred (AccessDenied)")
    with pytest.raises(TunnelLostError) as failure, open_tunnel(private):
        pytest.fail("no tunnel")
    assert "exited with 255: SessionId: somebody-0a1b An error occurred (AccessDenied)" in str(failure.value)


def test_a_tunnel_that_leads_to_nobody_is_told_from_one_that_is_slow(
    plugin, systems_manager, private, quick, tmp_path, monkeypatch
):
    plugin()
    plugin_file = tmp_path / "bin" / "session-manager-plugin"
    source = plugin_file.read_text()
    line = next(line for line in source.splitlines() if line.startswith("target = "))
    plugin_file.write_text(source.replace(line, 'target = ["127.0.0.1", "1"]'))
    with pytest.raises(NoAnswerThroughTunnelError) as failure, open_tunnel(private, wait_seconds=1.0):
        pytest.fail("no tunnel")
    assert failure.value.where == {"host": ENDPOINT, "port": 5432}
    assert failure.value.allowed == "a database security group that lets the jump host in"


@pytest.fixture
def agent_that_starts(systems_manager, private, monkeypatch):
    """Refuse two sessions, as Systems Manager does while an instance starts; give the number of refusals."""
    client = aws.client("ssm", private.region)
    start_session, refused = client.start_session, []

    def refuse_first(**request):
        if len(refused) < 2:
            refused.append(request)
            error = {"Code": "TargetNotConnected", "Message": "i-0a1b2c3d is not connected."}
            raise ClientError({"Error": error}, "StartSession")
        return start_session(**request)

    monkeypatch.setattr(client, "start_session", refuse_first)
    return refused


def test_an_agent_that_is_not_online_yet_is_waited_for(plugin, private, quick, agent_that_starts):
    plugin()
    with open_tunnel(private):
        assert len(agent_that_starts) == 2


def test_an_agent_that_does_not_come_is_not_waited_for_without_end(plugin, private, quick, agent_that_starts):
    plugin()
    with pytest.raises(JumpHostUnreachableError) as failure, open_tunnel(private, wait_seconds=0.06):
        pytest.fail("no tunnel")
    assert "i-0a1b2c3d is not connected." in failure.value.what


def test_a_refused_session_says_what_is_needed(plugin, private, monkeypatch):
    plugin()
    with serving({}) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(JumpHostUnreachableError) as failure, open_tunnel(private):
            pytest.fail("no tunnel")
    assert failure.value.where == {"jump host": "i-0a1b2c3d"}
    assert "AccessDenied" in failure.value.what
    assert "ssm:StartSession" in failure.value.allowed


def test_a_machine_without_the_plugin_learns_how_to_get_it(private, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginMissingError) as failure, open_tunnel(private):
        pytest.fail("no tunnel")
    assert str(failure.value) == (
        "session-manager-plugin is not on PATH; allowed: a version newer than 1.2.497.0; next: install it: "
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
    )


@pytest.mark.parametrize("version", ["1.2.497.0", "1.2.54.0", "1.1.999.9", "no version"])
def test_a_plugin_that_shows_its_token_is_refused(plugin, private, version):
    plugin(version=version)
    with pytest.raises(PluginTooOldError), open_tunnel(private):
        pytest.fail("no tunnel")


def test_a_stack_without_a_jump_host_says_so(private):
    with pytest.raises(NoJumpHostError) as failure, open_tunnel(replace(private, jump_host_id=None)):
        pytest.fail("no tunnel")
    assert failure.value.allowed == "a stack with strata:database.reach tunnel, deployed"


def test_a_plugin_that_hears_no_signal_is_ended_all_the_same(plugin, systems_manager, private, monkeypatch, tmp_path):
    plugin()
    monkeypatch.setattr("strata.tunnel.plugin._STOP_SECONDS", 0.2)
    file = tmp_path / "bin" / "session-manager-plugin"
    file.write_text(file.read_text().replace("lambda *_: os._exit(0)", "signal.SIG_IGN"))
    with open_tunnel(private) as tunnel:
        child = tunnel.process.child
    assert child.returncode == -signal.SIGKILL
