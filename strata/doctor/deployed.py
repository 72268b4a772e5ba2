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
    from strata.reference import ConnectionParameters

_EDGE_SECONDS: Final = 10
_EDGE_URL: Final = "STRATA_EDGE_URL"
_DEFAULT_BUNDLE: Final = "~/.postgresql/root.crt"
_BUNDLE_PAGE: Final = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def parameter(subject: Subject) -> Finding:
    """Read the parameter that every connection starts from."""
    missing = subject.waits_for(subject.database)
    if missing:
        return skipped(missing)
    try:
        found = subject.parameters
    except StrataError as error:
        return failed_by(error, "pulumi up")
    return ok(f"{found.host}:{found.port}/{found.database}, layout {found.layout}")


def certificates(subject: Subject) -> Finding:
    """Load the certificate authorities that connections are verified with."""
    found = _parameters(subject)
    if found is None:
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
    found = _parameters(subject)
    if found is None:
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
    said = subject.environment.get(_EDGE_URL)
    if said:
        return _asked(said)
    missing = subject.waits_for(subject.edge)
    try:
        if subject.stack and not subject.edge and subject.value("cdn", "enabled", default=True) is False:
            return skipped("the stack has no distribution")
        if missing:
            return skipped(missing)
        found = subject.edge_parameters
    except StrataError as error:
        return failed_by(error, "pulumi up")
    return _asked(f"https://{next((name for name in found.aliases if not name.startswith('*')), found.domain_name)}")


def _asked(url: str) -> Finding:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_EDGE_SECONDS)
    try:
        connection.request("HEAD", "/")
        status = connection.getresponse().status
    except OSError as error:
        aliases = "strata:cdn.aliases, their DNS records, and the distribution's state"
        return failed(f"{url}: {error}", "make status" if parts.hostname == "localhost" else aliases)
    except http.client.HTTPException as error:
        return failed(f"{url}: {error!r}", "another program listens there")
    finally:
        connection.close()
    return ok(f"{url} answers ({status})")


def _parameters(subject: Subject) -> ConnectionParameters | None:
    """Return the connection parameters, if they can be read."""
    if subject.waits_for(subject.database):
        return None
    try:
        return subject.parameters
    except StrataError:
        return None
