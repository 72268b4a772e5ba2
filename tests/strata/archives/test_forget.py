import pytest

from strata.archives.errors import ForgetFailedError, NotArchivedError
from strata.archives.forget import forget_tenant
from strata.archives.remove import archive_tenant
from strata.archives.restore import restore_tenant
from strata.partitions.onboard import ensure_tenant
from tests.strata.archives.conftest import ROWS, nothing
from tests.strata.rows import payments_of

pytestmark = pytest.mark.parametrize("layout", ["list"], indirect=True)


def test_a_forgotten_tenant_begins_anew_and_its_archive_is_kept(tenants, layout, place):
    archive_tenant(tenants, "acme", layout, place, nothing)
    assert forget_tenant(tenants, "acme") == place.uri
    ensure_tenant(tenants, "acme", layout)
    assert payments_of(tenants, "acme") == 0
    assert restore_tenant(tenants, place, layout, nothing, tenant_id="acme-before").rows == ROWS


def test_a_tenant_that_is_there_is_not_forgotten(tenants):
    with pytest.raises(NotArchivedError) as refusal:
        forget_tenant(tenants, "acme")
    assert str(refusal.value) == (
        "the tenant is not archived (tenant acme); allowed: a tenant whose tables are all in an archive; "
        "next: strata tenant show acme"
    )
    assert payments_of(tenants, "acme") == ROWS["payments"]


def test_a_refusal_says_how_to_find_out(tenants):
    """A lock here; the fault matrix breaks the connection before and after the statement."""
    tenants.execute("SET lock_timeout = '50ms'")
    with type(tenants).connect(tenants.info.dsn, password=tenants.info.password) as other:
        other.execute("LOCK TABLE strata.tenant_partitions IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ForgetFailedError) as refusal:
            forget_tenant(tenants, "acme")
    assert refusal.value.sqlstate == "55P03"
    assert str(refusal.value).endswith(
        "(tenant acme); next: run the same command again: it says that the tenant is not archived if it is forgotten"
    )
