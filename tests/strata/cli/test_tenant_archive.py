"""`strata tenant archive` of a tenant with a partition that somebody has dropped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from strata.partitions.errors import PartitionMismatchError
from strata.partitions.onboard import ensure_tenant
from tests.strata.cli.stack import ROWS, archiving_stack, emulator_url, place, stack  # noqa: F401 - fixtures among them

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run

ARCHIVE = ("tenant", "archive", "acme", "--confirm", "acme")


def test_a_tenant_in_service_stays_there(run: Run, archiving_stack: Connection, layout: Layout) -> None:  # noqa: F811
    archiving_stack.execute("DROP TABLE partitions.invoices_p_acme")
    for words in (ARCHIVE, ("tenant", "archive", "acme", "--dry-run")):
        with pytest.raises(PartitionMismatchError, match="pulumi up --refresh, with its entry in the stack file") as no:
            raise run(*words).exception or AssertionError
        assert no.value.differences.keys() == {"invoices"}
    states = archiving_stack.execute("SELECT DISTINCT state FROM strata.tenant_partitions").fetchall()
    assert states == [("active",)]
    ensure_tenant(archiving_stack, "acme", layout)  # what the advised deployment runs
    assert run(*ARCHIVE).exit_code == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_a_removal_that_has_begun_names_it(run: Run, archiving_stack: Connection, *, as_json: bool) -> None:  # noqa: F811
    archiving_stack.execute("UPDATE strata.tenant_partitions SET state = 'offboarding' WHERE tenant_id = 'acme'")
    archiving_stack.execute("DROP TABLE partitions.invoices_p_acme")
    result = run(*ARCHIVE, *(["--json"] if as_json else []))
    assert result.exit_code == 0, result.exception
    if as_json:
        archived = json.loads(result.stdout)
        assert (archived["gone"], archived["rows"]) == (["invoices"], {**ROWS, "invoices": 0})
    else:
        assert "without invoices, whose partition was gone before" in result.stdout
