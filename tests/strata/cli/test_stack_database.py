"""Which database a command works on, and that it is what its reference says."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from strata.partitions.layout import LayoutMismatchError
from tests.strata.cli.stack import stack  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from strata.database import Connection
    from strata.partitions.layout import Layout
    from tests.strata.cli.conftest import Run

COMMANDS = (
    ("tenant", "show", "acme"),
    ("tenant", "archive", "acme", "--confirm", "acme"),
    ("tenant", "restore", "acme"),
    ("partitions", "verify"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reference_with_the_other_layout_is_refused(
    run: Run,
    stack: Connection,  # noqa: F811 - the fixture
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    """A refused change of the layout leaves one; what commands said of partitions was wrong, and their advice worse."""
    other = "bucketed" if layout == "list" else "list"
    parameters = json.loads(os.environ["STACK_DATABASE"])
    monkeypatch.setenv("STACK_DATABASE", json.dumps({**parameters, "layout": other}))
    before = stack.execute("SELECT state FROM strata.tenant_partitions").fetchall()
    refused = run(*words)
    assert isinstance(refused.exception, LayoutMismatchError)
    assert refused.exception.next_command == f"set strata:partitions.layout back to {layout}, then pulumi up"
    assert stack.execute("SELECT state FROM strata.tenant_partitions").fetchall() == before
