"""A stack's database with tenants and rows, and a bucket for their archives, as the command finds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import fill, place
from tests.strata.cli.conftest import emulator_url
from tests.strata.conftest import connection_parameters

if TYPE_CHECKING:
    from strata.archives.bucket import ArchiveLocation
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.conftest import Database

__all__ = ["archiving_stack", "emulator_url", "place", "stack"]

ROWS = {"payments": 500, "invoices": 3, "audit_logs": 40, "webhook_logs": 0}


@pytest.fixture
def stack(
    migrated: Connection, layout: Layout, fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Connection:
    """Return a connection to a stack's database with the tenants acme and globex, which STRATA_DATABASE leads to."""
    _lead_to(monkeypatch, {**connection_parameters(fresh_database.server, fresh_database.name), "layout": layout})
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
        fill(migrated, tenant_id, ROWS)
    return migrated


@pytest.fixture
def archiving_stack(
    stack: Connection,
    layout: Layout,
    fresh_database: Database,
    place: ArchiveLocation,
    monkeypatch: pytest.MonkeyPatch,
) -> Connection:
    """Return the same with a bucket for archives."""
    parameters = connection_parameters(fresh_database.server, fresh_database.name)
    _lead_to(monkeypatch, {**parameters, "layout": layout, "archive_bucket": place.bucket})
    return stack


def _lead_to(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, object]) -> None:
    monkeypatch.setenv("STACK_DATABASE", json.dumps(parameters))
    monkeypatch.setenv("STRATA_DATABASE", "env:STACK_DATABASE")
