import pytest
from hypothesis import given

from strata.normalised_sql import normalised
from strata.partitions.render import render_onboarding
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenants import TenantIdError
from tests.strata.strategies import TENANT_IDS

EXPECTED = """\
CREATE TABLE partitions."payments_p_acme" (LIKE "app"."payments" INCLUDING ALL EXCLUDING IDENTITY);
ALTER TABLE partitions."payments_p_acme"
    ADD CONSTRAINT strata_tenant_ck CHECK (tenant_id IS NOT NULL AND tenant_id = 'acme');
ALTER TABLE partitions."payments_p_acme" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "app"."payments"
    ATTACH PARTITION partitions."payments_p_acme" FOR VALUES IN ('acme');
INSERT INTO strata.tenant_partitions (tenant_id, table_name, partition_name)
VALUES ('acme', 'payments', 'payments_p_acme')
ON CONFLICT (tenant_id, table_name) DO NOTHING;"""


def test_a_preview_shows_the_statements_by_table():
    rendered = render_onboarding("acme", "list")
    assert tuple(rendered) == PARTITIONED_TABLES
    assert rendered["payments"] == EXPECTED


def test_a_bucketed_tenant_hangs_from_its_bucket():
    statements = normalised(render_onboarding("acme", "bucketed")["payments"])
    assert 'ALTER TABLE "partitions"."payments_b19" ATTACH PARTITION partitions."payments_p_acme"' in statements


def test_an_id_that_is_none_is_refused():
    with pytest.raises(TenantIdError):
        render_onboarding("", "list")


@given(TENANT_IDS)
def test_an_id_stays_inside_its_quotes(tenant_id):
    quoted = "'" + tenant_id.replace("'", "''") + "'"
    for table, statements in render_onboarding(tenant_id, "list").items():
        assert statements.count(quoted) >= 3
        # Normalising reads quotes as PostgreSQL does: what is left outside of them does not depend on the id.
        assert normalised(statements).count(";") - statements.count(quoted) * quoted.count(";") == 5
        assert f'partitions."{table}_p_' in statements


def test_no_statement_takes_a_lock_that_stops_others():
    for statements in render_onboarding("acme", "list").values():
        assert "PARTITION OF" not in statements
        assert "DEFAULT" not in statements
