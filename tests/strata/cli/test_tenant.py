"""`strata tenant`: the life of a tenant as an operator sees it, on a real database and a bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata.archives.errors import NotArchivedError, TenantPresentError
from strata.cli.stack_database import NoDatabaseError, QueryFailedError
from strata.cli.tenant_archive import NotArchivableError, NotConfirmedError, OtherTenantsArchiveError
from strata.partitions.onboard import ensure_tenant
from strata.partitions.registered import UnknownTenantError
from tests.conftest import Database
from tests.strata.archives.conftest import ROWS, binary_rows, fill, place  # noqa: F401 - a fixture among them
from tests.strata.conftest import connection_parameters

if TYPE_CHECKING:
    from strata.archives.bucket import ArchiveLocation
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run


@pytest.fixture
def stack(
    migrated: Connection,
    layout: Layout,
    fresh_database: Database,
    place: ArchiveLocation,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Connection:
    """Return a connection to a stack's database with the tenants acme and globex, which STRATA_DATABASE leads to."""
    parameters = connection_parameters(fresh_database.server, fresh_database.name)
    parameters |= {"layout": layout, "archive_bucket": place.bucket}
    monkeypatch.setenv("STACK_DATABASE", json.dumps(parameters))
    monkeypatch.setenv("STRATA_DATABASE", "env:STACK_DATABASE")
    for tenant_id in ("acme", "globex"):
        ensure_tenant(migrated, tenant_id, layout)
        fill(migrated, tenant_id)
    return migrated


def test_a_tenant_is_archived_by_hand_and_comes_back(run: Run, stack: Connection) -> None:
    before = binary_rows(stack, "app.payments")
    archived = run("tenant", "archive", "acme", "--confirm", "acme")
    assert archived.exit_code == 0, archived.exception
    assert "strata tenant offboard acme --remove" in archived.output
    assert "archived" in run("tenant", "list").output
    restored = run("tenant", "restore", "acme")
    assert restored.exit_code == 0, restored.exception
    assert f"acme is back, with {sum(ROWS.values())} rows" in restored.output
    assert binary_rows(stack, "app.payments") == before
