"""The proxy, spoken to in the bytes of RFC 1928, in front of a real PostgreSQL."""

import contextlib
import socket

import pytest

from strata.tunnel.route import Route
from strata.tunnel.socks import socks_proxy
from tests.strata.tunnel.fake_plugin import ENDPOINT

SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
GREETING = b"\x05\x01\x00"


@pytest.fixture
def proxy(postgresql_server):
    with socks_proxy(Route(ENDPOINT, 5432, postgresql_server.port)) as port:
        yield port


@contextlib.contextmanager
def client(port, greeting=GREETING):
    with socket.create_connection(("127.0.0.1", port), 5) as one:
        one.settimeout(5)
        one.sendall(greeting)
        yield one


def request(host=ENDPOINT, port=5432, command=1, kind=3):
    name = host.encode()
    address = bytes([len(name)]) + name if kind == 3 else bytes(map(int, host.split(".")))
    return bytes([5, command, 0, kind]) + address + port.to_bytes(2)


def test_the_database_is_reached_by_its_name(proxy):
    with client(proxy) as one:
        assert one.recv(2) == b"\x05\x00"
        one.sendall(request())
        assert one.recv(10) == bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        one.sendall(SSL_REQUEST)
        assert one.recv(1) == b"N", "the server of the tests is built without TLS, and says so"


def test_names_are_compared_without_case(proxy):
    with client(proxy) as one:
        one.recv(2)
        one.sendall(request(host=ENDPOINT.upper()))
        assert one.recv(10)[1] == 0


def test_many_clients_at_once(proxy):
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(client(proxy)) for _ in range(20)]
        for one in many:
            one.sendall(request() + SSL_REQUEST)
        for one in many:
            answer = b""
            while len(answer) < 13:
                answer += one.recv(64)
            assert answer[3] == 0
            assert answer[12:] == b"N"


def test_bytes_that_come_in_pieces_are_understood(proxy):
    with client(proxy, b"\x05") as one:
        one.sendall(b"\x01")
        one.sendall(b"\x00")
        assert one.recv(2) == b"\x05\x00"
        for byte in request():
            one.sendall(bytes([byte]))
        assert one.recv(10)[1] == 0


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (request(host="example.com"), 2),
        (request(port=443), 2),
        (request(host="127.0.0.1", kind=1), 2),
        (request(host="169.254.169.254", kind=1, port=80), 2),
        (request(command=2), 7),
        (request(command=3), 7),
        (bytes([5, 1, 0, 9]), 8),
    ],
)
def test_everything_else_is_refused(proxy, wanted, code):
    with client(proxy) as one:
        one.recv(2)
        one.sendall(wanted)
        assert one.recv(10)[:2] == bytes([5, code])
        assert one.recv(1) == b""


@pytest.mark.parametrize("greeting", [b"\x05\x01\x02", b"\x04\x01\x00", b"\x05\x00"])
def test_a_client_that_asks_for_another_way_in_is_sent_away(proxy, greeting):
    with client(proxy, greeting) as one:
        assert one.recv(2) == b"\x05\xff"
        assert one.recv(1) == b""


def test_a_tunnel_that_is_gone_is_said_so():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with socks_proxy(Route(ENDPOINT, 5432, closed)) as port, client(port) as one:
        one.recv(2)
        one.sendall(request())
        assert one.recv(10)[1] == 5


def test_it_ends_with_clients_still_there(postgresql_server):
    with socks_proxy(Route(ENDPOINT, 5432, postgresql_server.port)) as port:
        one = socket.create_connection(("127.0.0.1", port), 5)
        one.sendall(GREETING)
        assert one.recv(2) == b"\x05\x00"
    with one:
        assert one.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_it_listens_on_loopback_only(proxy):
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((own, proxy), 2)
