"""`strata tenant show`: what differs, in every state, and how a tenant's life goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.strata.cli.stack import stack  # noqa: F401 - a fixture
from tests.strata.cli.test_tenant import as_json, done
from tests.strata.half_detached import half_detach

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.conftest import Database
    from tests.strata.cli.conftest import Run


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("verified", "pulumi up goes on with its removal; so does strata tenant archive acme"),
        (
            "restoring",
            "strata tenant restore acme goes on with the restore; strata tenant restore acme --abandon gives it up",
        ),
    ],
)
def test_show_says_how_a_life_goes_on(run: Run, stack: Connection, state: str, step: str) -> None:  # noqa: F811
    stack.execute("UPDATE strata.tenant_partitions SET state = %s WHERE tenant_id = 'acme'", (state,))
    assert step in done(run, "tenant", "show", "acme")


def test_show_tells_of_a_removal_that_ended_between_the_steps_of_a_detach(
    run: Run,
    stack: Connection,  # noqa: F811
    layout: Layout,
    fresh_database: Database,
) -> None:
    """As verify does, and the runbook of a stuck detach asks for."""
    stack.execute("UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'acme'")
    half_detach(stack, fresh_database, "acme", layout)
    shown = done(run, "tenant", "show", "acme").splitlines()
    assert "payments: half detached; settle: run its removal again, unless it is running: pulumi up" in shown
    assert "next: pulumi up goes on with its removal" in shown[-1]
    assert as_json(run, "tenant", "show", "globex")["differences"] == {}


def test_show_and_verify_tell_the_same(run: Run, stack: Connection) -> None:  # noqa: F811
    stack.execute("DROP TABLE partitions.invoices_p_acme")
    stack.execute("ALTER TABLE partitions.payments_p_acme DISABLE ROW LEVEL SECURITY")
    stack.execute("DELETE FROM strata.tenant_partitions WHERE tenant_id = 'acme' AND table_name = 'audit_logs'")
    verified = json.loads(run("partitions", "verify", "--tenant", "acme", "--json").stdout)
    assert as_json(run, "tenant", "show", "acme")["differences"] == {
        one["table"]: [f"{one['what']}; settle: {one['settle']}"] for one in verified
    }
