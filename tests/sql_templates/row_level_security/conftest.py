"""Each file has a database of its own per layout. The rows of globex are there in every test; acme is the session's."""

import pytest

from strata.partitions.onboard import ensure_tenant
from tests.sql_templates.row_level_security.fence import AS_ACME, TENANTS
from tests.strata.shared_database import only_first_payments, shared_database


@pytest.fixture(scope="module", params=["list", "bucketed"])
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def database(postgresql_server, migrated_template, layout):
    with shared_database(postgresql_server, migrated_template(layout)) as made:
        with made.deployer() as owner:
            for tenant_id in TENANTS:
                ensure_tenant(owner, tenant_id, layout)
        yield made


@pytest.fixture
def owner(database):
    with database.deployer() as connection:
        only_first_payments(connection, TENANTS)
        yield connection


@pytest.fixture
def nobody(owner, database):
    """Return an application's session that no tenant was set in."""
    with database.connect("strata_app") as connection:
        yield connection


@pytest.fixture
def acme(nobody):
    nobody.execute(AS_ACME)
    return nobody
