"""A stack's ordinary life in one environment: nothing changes by itself, a tenant comes by a line of config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.changes import add_tenant, remove_tenant
from tests.engine.clients import connection, master

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine

TABLES = ["audit_logs", "invoices", "payments", "webhook_logs"]


def _leaves(environment: EngineEnvironment, tenant_id: str) -> list[str]:
    rows = environment.psql(
        "SELECT p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " JOIN pg_class p ON p.oid = i.inhparent"
        f" WHERE pg_get_expr(c.relpartbound, c.oid) = 'FOR VALUES IN (''{tenant_id}'')' ORDER BY 1"
    )
    return rows.splitlines()


def test_outputs_are_the_documented_ones(environment: EngineEnvironment) -> None:
    """Scripts rely on these names."""
    assert set(environment.outputs()) == {
        "access_log_bucket",
        "alarm_topic_arn",
        "archive_bucket",
        "cdn_distribution_id",
        "cdn_domain_name",
        "cdn_hosted_zone_id",
        "dashboard_url",
        "database_endpoint",
        "database_reference",
        "database_resource_id",
        "database_security_group_id",
        "edge_alarm_topic_arn",
        "edge_key_value_store_arn",
        "edge_reference",
        "edge_secret_arn",
    }


def test_second_up_changes_nothing(environment: EngineEnvironment) -> None:
    """The engine itself says so, with and without asking every provider what is really there."""
    environment.pulumi("preview", "--non-interactive", "--expect-no-changes")
    environment.pulumi("preview", "--non-interactive", "--refresh", "--expect-no-changes")
    assert "unchanged" in environment.up()


def test_tenants_are_partitions_of_all_four_tables(environment: EngineEnvironment) -> None:
    """Each tenant of the stack file and the reserved one has a leaf in each table, and takes a row."""
    for tenant_id in ("globex", "initech", "system"):
        assert _leaves(environment, tenant_id) == TABLES
    resources = {resource["urn"].rsplit("::", 1)[1] for resource in environment.export()["deployment"]["resources"]}
    assert {"tenant-globex", "tenant-initech", "tenant-system"} <= resources


def test_state_holds_no_password(environment: EngineEnvironment) -> None:
    """The master's password is in its secret, and nowhere in the exported state."""
    password = master(environment)["password"]
    exported = environment.pulumi("stack", "export", "--show-secrets").output
    assert len(password) >= 16
    assert "tenant-globex" in exported
    assert password not in exported
    assert password not in connection(environment).values()


def test_master_cannot_log_in_after_the_bootstrap(environment: EngineEnvironment) -> None:
    """Its password is refused, as on RDS, and the stack needs it no longer."""
    where, login = connection(environment), master(environment)
    user = f"{login['username']}:{_quoted(login['password'])}"
    url = f"postgresql://{user}@{where['host']}:{where['port']}/{where['database']}?connect_timeout=5"
    with pytest.raises(AssertionError, match="PAM authentication failed for user"):
        environment.psql("SELECT 1", url=url)
    assert "unchanged" in environment.up()


def _quoted(password: str) -> str:
    return "".join(f"%{byte:02X}" for byte in password.encode())


def test_onboarding_is_a_line_of_config(environment: EngineEnvironment) -> None:
    """The preview shows one resource with its SQL, up makes it, and a further line only adds to it."""
    environment.edit_config(add_tenant("acme"))
    preview = environment.preview("--diff")
    assert "tenant-acme" in preview
    assert "+ 1 to create" in preview
    # The engine quotes each line as a string, and shows all of it.
    assert r'''"    ATTACH PARTITION partitions.\"payments_p_acme\" FOR VALUES IN ('acme');"''' in preview
    assert _leaves(environment, "acme") == []
    environment.deploy()
    assert _leaves(environment, "acme") == TABLES
    environment.psql(
        "INSERT INTO app.payments (tenant_id, amount_minor, currency, payment_method, idempotency_key)"
        " VALUES ('acme', 100, 'EUR', 'card', 'k')"
    )
    assert environment.psql("SELECT tableoid::regclass FROM app.payments WHERE tenant_id = 'acme'") == (
        "partitions.payments_p_acme"
    )


def test_removing_an_active_tenant_is_refused_in_the_preview(restored_config: EngineEnvironment) -> None:
    """A deleted line is not a way to lose a tenant."""
    environment = restored_config
    environment.edit_config(remove_tenant("globex"))
    preview = environment.preview(check=False)
    assert preview.code != 0
    assert "protected" in preview
    assert _leaves(environment, "globex") == TABLES


def test_offboarding_takes_two_steps(environment: EngineEnvironment) -> None:
    """State offboarding with onRemove drop lifts the protection; then the entry can go, with its partitions."""
    environment.edit_config(add_tenant("hooli"))
    environment.deploy()
    environment.edit_config(remove_tenant("hooli"))
    leaving = {"id": "hooli", "state": "offboarding", "onRemove": "drop", "confirm": "hooli"}
    environment.edit_config(add_tenant(leaving))
    environment.deploy()
    assert _leaves(environment, "hooli") == TABLES
    environment.edit_config(remove_tenant("hooli"))
    environment.deploy()
    assert _leaves(environment, "hooli") == []
    assert environment.psql("SELECT count(*) FROM pg_class WHERE relname LIKE '%hooli%'") == "0"


def test_a_tenant_is_archived_and_comes_back_with_every_row(environment: EngineEnvironment) -> None:
    """`onRemove: archive` is the default: the rows leave the database only once the archive was read back."""
    environment.edit_config(add_tenant("umbrella"))
    environment.deploy()
    environment.psql(
        "INSERT INTO app.payments (tenant_id, amount_minor, currency, payment_method, idempotency_key)"
        " SELECT 'umbrella', n, 'EUR', 'card', n::text FROM generate_series(1, 1000) n"
    )
    checksum = "SELECT md5(string_agg(payments::text, ',' ORDER BY id)) FROM app.payments WHERE tenant_id = 'umbrella'"
    before = environment.psql(checksum)
    environment.edit_config(remove_tenant("umbrella"))
    environment.edit_config(add_tenant({"id": "umbrella", "state": "offboarding"}))
    environment.deploy()
    environment.edit_config(remove_tenant("umbrella"))
    environment.deploy()
    assert _leaves(environment, "umbrella") == []
    states = "SELECT DISTINCT state FROM strata.tenant_partitions WHERE tenant_id = 'umbrella'"
    assert environment.psql(states) == "archived"

    environment.edit_config(add_tenant("umbrella"))
    refused = environment.deploy(check=False)
    assert refused.code != 0
    assert "the tenant is archived (tenant umbrella, archive s3://" in refused
    assert "Traceback" not in refused
    environment.strata("tenant", "restore", "umbrella")
    environment.deploy()
    assert _leaves(environment, "umbrella") == TABLES
    assert environment.psql(checksum) == before


def test_a_tenant_that_was_archived_by_the_command_can_leave_the_stack_file(environment: EngineEnvironment) -> None:
    """Its resource is told so by an entry that is offboarding; then the entry can go, and there is nothing to do."""
    environment.edit_config(add_tenant("stark"))
    environment.deploy()
    environment.strata("tenant", "archive", "stark", "--confirm", "stark")
    environment.edit_config(remove_tenant("stark"))
    environment.edit_config(add_tenant({"id": "stark", "state": "offboarding"}))
    environment.deploy()
    environment.edit_config(remove_tenant("stark"))
    environment.deploy()
    states = "SELECT DISTINCT state FROM strata.tenant_partitions WHERE tenant_id = 'stark'"
    assert environment.psql(states) == "archived"


def test_a_changed_layout_is_refused_in_the_preview(restored_config: EngineEnvironment) -> None:
    """The layout is what every table was made with."""
    environment = restored_config
    environment.edit_config(lambda config: config.update({"strata:partitions": {"layout": "bucketed"}}))
    preview = environment.preview(check=False)
    assert preview.code != 0
    assert "layout is 'list' since this was first deployed and cannot become 'bucketed'" in preview
