"""Checks of what is deployed: the connection parameter, the database behind it, and the edge."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psycopg

from strata.database import login_as_deployer
from strata.doctor.finding import Finding, failed, failed_by, ok, skipped
from strata.errors import StrataError
from strata.tunnel.route import route_to

if TYPE_CHECKING:
    from strata.doctor.subject import Subject

_EDGE_SECONDS: Final = 10
_EDGE_URL: Final = "STRATA_EDGE_URL"
_DEFAULT_BUNDLE: Final = "~/.postgresql/root.crt"
_BUNDLE_PAGE: Final = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def parameter(subject: Subject) -> Finding:
    """Read the parameter that every connection starts from."""
    try:
        found = subject.parameters
    except StrataError as error:
        return failed_by(error, "pulumi up")
    return ok(f"{found.host}:{found.port}/{found.database}, layout {found.layout}")


def certificates(subject: Subject) -> Finding:
    """Load the certificate authorities that connections are verified with."""
    try:
        found = subject.parameters
    except StrataError:
        return skipped("needs the connection parameter")
    if not found.sslmode.startswith("verify"):
        return skipped(f"sslmode is {found.sslmode}, which verifies nothing")
    path = Path(found.sslrootcert or _DEFAULT_BUNDLE).expanduser()
    try:
        loaded = len(ssl.create_default_context(cafile=str(path)).get_ca_certs())
    except OSError as error:  # ssl.SSLError is one
        remedy = f"put the authorities of RDS there, from {_BUNDLE_PAGE}, or set strata:database.caBundle"
        return failed(f"{path}: {error.strerror or error}", remedy)
    return ok(f"{loaded} authorities in {path}")


def database(subject: Subject) -> Finding:
    """Log in as the deployer, and ask for the version."""
    try:
        found = subject.parameters
    except StrataError:
        return skipped("needs the connection parameter")
    try:
        with login_as_deployer(found, acting_as=found.owner_role) as connection:
            row = connection.execute("SELECT current_setting('server_version'), session_user, current_user").fetchone()
    except StrataError as error:
        return failed_by(error, "pulumi up")
    except psycopg.Error as error:
        return failed(" ".join(str(error).split()), "pulumi up")
    number, user, role = row or ("?", "?", "?")
    way = ", through a tunnel" if route_to(found.host, found.port) else ""
    return ok(f"PostgreSQL {number} as {user}, acting as {role}{way}")


def edge(subject: Subject) -> Finding:
    """Ask the edge for anything: every answer of its own says that it is there."""
    try:
        url = _edge_url(subject)
    except StrataError as error:
        return failed_by(error, "pulumi up")
    if url is None:
        return skipped("the stack has no distribution")
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_EDGE_SECONDS)
    try:
        connection.request("HEAD", "/")
        status = connection.getresponse().status
    except OSError as error:
        return failed(
            f"{url}: {error}",
            "make status"
            if parts.hostname == "localhost"
            else "strata:cdn.aliases, their DNS records, and the distribution's state",
        )
    except http.client.HTTPException as error:
        return failed(f"{url}: {error!r}", "another program listens there")
    finally:
        connection.close()
    return ok(f"{url} answers ({status})")


def _edge_url(subject: Subject) -> str | None:
    said = subject.environment.get(_EDGE_URL)
    if said:
        return said
    if not subject.edge and subject.value("cdn", "enabled", True) is False:
        return None
    found = subject.edge_parameters
    return f"https://{next((name for name in found.aliases if not name.startswith('*')), found.domain_name)}"
