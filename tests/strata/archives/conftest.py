"""A bucket of the emulator for archives, and tenants with rows in every table."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import pytest

from strata import sql
from strata.archives.remove import new_location
from strata.partitions.onboard import ensure_tenant
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.archives.bucket import ArchiveLocation

REGION = "eu-west-1"


@pytest.fixture
def place(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveLocation]:  # noqa: F811 - the fixture
    """Return where an archive of acme goes: a new versioned bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    name = f"archive-{secrets.token_hex(6)}"
    client = boto3.client("s3", region_name=REGION, endpoint_url=emulator_url)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield new_location(name, REGION, "acme")
    client.close()


ROWS = {"payments": 500, "invoices": 3, "audit_logs": 40, "webhook_logs": 0}


@pytest.fixture
def tenants(migrated, layout):
    """Return a connection to a database with two tenants that have rows, acme in three tables of four."""
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
        fill(migrated, tenant_id)
    return migrated


def fill(connection, tenant_id, rows=ROWS):
    values = (tenant_id,)
    connection.execute(
        "INSERT INTO app.payments (tenant_id, idempotency_key, amount_minor, currency, payment_method, metadata)"
        " SELECT %s, 'k' || n, n, 'EUR', 'card', jsonb_build_object('n', n)"
        f" FROM generate_series(1, {rows['payments']}) n",
        values,
    )
    connection.execute(
        "INSERT INTO app.audit_logs (tenant_id, actor_type, actor_id, action, resource_type, resource_id, source_ip)"
        " SELECT %s, 'user', 'u', 'read', 'payment', n::text, '10.0.0.1'"
        f" FROM generate_series(1, {rows['audit_logs']}) n",
        values,
    )
    connection.execute(
        "INSERT INTO app.invoices (tenant_id, idempotency_key, number, subtotal_minor, total_minor, currency,"
        " customer_reference) SELECT %s, 'k' || n, 'i' || n, n, n, 'EUR', 'c'"
        f" FROM generate_series(1, {rows['invoices']}) n",
        values,
    )


def binary_rows(connection, relation):
    """Return every row of a relation in its binary form, in the order of its key: equal means equal to the bit."""
    with connection.cursor() as cursor:
        copy = f"COPY (SELECT * FROM {relation} ORDER BY tenant_id, id) TO STDOUT (FORMAT binary)"
        with cursor.copy(copy) as stream:
            return b"".join(bytes(piece) for piece in stream)


def states_of(connection, tenant_id):
    """Return the registry's state of each of a tenant's tables."""
    query = "SELECT table_name, state FROM strata.tenant_partitions WHERE tenant_id = %s"
    return dict(connection.execute(query, (tenant_id,)).fetchall())


def nothing(_table, _rows):
    """Report to nobody."""


@contextmanager
def killed_at(template):
    """Expect that the run is killed right before it would run a template."""
    render = sql.render

    def dying(name, **values):
        if name == template:
            raise KeyboardInterrupt
        return render(name, **values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql, "render", dying)
        with pytest.raises(KeyboardInterrupt):
            yield
