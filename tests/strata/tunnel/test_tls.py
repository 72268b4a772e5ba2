"""What libpq checks behind a tunnel, with a server that speaks TLS as PostgreSQL does up to the handshake.

The server of the tests is built without TLS, so this one goes no further than the password that a client sends.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import socket
import ssl
import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from strata.database import DatabaseUnreachableError, LoginRefusedError, connect_as_deployer
from strata.reference import ConnectionParameters
from strata.tunnel.route import TUNNEL_VARIABLE, Route
from tests.strata.tunnel.fake_plugin import ENDPOINT

if TYPE_CHECKING:
    from pathlib import Path

REFUSAL = 'password authentication failed for user "strata_deployer"'


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Path:
    """A folder with a certificate authority in ca.pem, and a function's worth of keys beside it."""
    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, key, "authority", "authority", is_authority=True)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for host in (ENDPOINT, "127.0.0.1", "other.invalid"):
        own = ec.generate_private_key(ec.SECP256R1())
        made = _signed(own, key, host, "authority", is_authority=False)
        pem = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{host}.pem").write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return folder


def _signed(key, signer, subject, issuer, *, is_authority):
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        .sign(signer, hashes.SHA256())
    )


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@contextlib.contextmanager
def tls_server(certificate: Path):
    """Serve one client: SSLRequest, TLS, its startup message, its password, and a refusal; give port and what came."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen: dict[str, str] = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_one, args=(listener, context, seen))
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            thread.join(10)


def _serve_one(listener, context, seen):
    plain, _ = listener.accept()
    with plain:
        assert plain.recv(8)[4:] == (80877103).to_bytes(4)
        plain.sendall(b"S")
        try:
            client = context.wrap_socket(plain, server_side=True)
        except (ssl.SSLError, OSError):
            return  # the client did not like the certificate
        with client, contextlib.suppress(OSError):
            words = _message(client, has_type=False)[4:].split(b"\0")
            seen.update(zip((w.decode() for w in words[::2]), (w.decode() for w in words[1::2]), strict=False))
            client.sendall(b"R" + (8).to_bytes(4) + (3).to_bytes(4))  # AuthenticationCleartextPassword, as RDS asks
            seen["password"] = _message(client, has_type=True).rstrip(b"\0").decode()
            fields = b"SFATAL\0C28P01\0M" + REFUSAL.encode() + b"\0\0"
            client.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)


def _message(client, *, has_type):
    if has_type:
        client.recv(1)
    length = int.from_bytes(client.recv(4)) - 4
    content = b""
    while len(content) < length and (chunk := client.recv(length - len(content))):
        content += chunk
    return content


@pytest.fixture
def reference(authority, monkeypatch) -> str:
    parameters = ConnectionParameters(
        host=ENDPOINT,
        port=5432,
        database="strata",
        sslmode="verify-full",
        region="eu-central-1",
        owner_role="strata_owner",
        deployer_role="strata_deployer",
        master_secret_arn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1",
        layout="list",
        archive_bucket="archive-0a1b2c3",
        sslrootcert=str(authority / "ca.pem"),
        jump_host_id="i-0a1b2c3d",
    )
    monkeypatch.setenv("TLS_DATABASE", json.dumps(vars(parameters)))
    return "env:TLS_DATABASE"


def through(monkeypatch, port):
    monkeypatch.setenv(TUNNEL_VARIABLE, str(Route(ENDPOINT, 5432, port)))


def test_the_certificate_of_the_endpoint_is_accepted_behind_loopback(authority, reference, monkeypatch):
    with tls_server(authority / f"{ENDPOINT}.pem") as (port, seen):
        through(monkeypatch, port)
        with pytest.raises(LoginRefusedError) as failure:
            connect_as_deployer(reference)
    assert REFUSAL in failure.value.reason
    assert seen["user"] == "strata_deployer"
    assert seen["password"] not in str(failure.value)


def test_the_token_is_signed_for_the_endpoint_and_not_for_the_tunnel(authority, reference, monkeypatch):
    with tls_server(authority / f"{ENDPOINT}.pem") as (port, seen):
        through(monkeypatch, port)
        with pytest.raises(LoginRefusedError):
            connect_as_deployer(reference)
    url = urlsplit("https://" + seen["password"])
    query = parse_qs(url.query)
    assert (url.hostname, url.port) == (ENDPOINT, 5432)
    assert query["DBUser"] == ["strata_deployer"]
    assert query["X-Amz-SignedHeaders"] == ["host"], "the signature covers host and port"
    assert "/eu-central-1/rds-db/aws4_request" in query["X-Amz-Credential"][0]


@pytest.mark.parametrize("certificate", ["127.0.0.1", "other.invalid"])
def test_every_other_certificate_is_refused_before_a_token_is_sent(authority, reference, monkeypatch, certificate):
    with tls_server(authority / f"{certificate}.pem") as (port, seen):
        through(monkeypatch, port)
        with pytest.raises(DatabaseUnreachableError) as failure:
            connect_as_deployer(reference)
    assert f'server certificate for "{certificate}" does not match host name "{ENDPOINT}"' in failure.value.reason
    assert failure.value.next_command == "strata database tunnel -- and this command"
    assert not seen.get("password")


def test_an_unknown_authority_is_refused(authority, reference, monkeypatch, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "other.pem").write_bytes(
        _signed(key, key, "other", "other", is_authority=True).public_bytes(serialization.Encoding.PEM)
    )
    known = ConnectionParameters(**json.loads(os.environ[reference.removeprefix("env:")]))
    changed = replace(known, sslrootcert=str(tmp_path / "other.pem"))
    monkeypatch.setenv("TLS_DATABASE", json.dumps(vars(changed)))
    with tls_server(authority / f"{ENDPOINT}.pem") as (port, seen):
        through(monkeypatch, port)
        with pytest.raises(DatabaseUnreachableError) as failure:
            connect_as_deployer(reference)
    assert "certificate verify failed" in failure.value.reason
    assert not seen.get("password")
