"""What is printed of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.cli.tenant_views import TenantView, show_tenant

if TYPE_CHECKING:
    import pytest

HOSTILE = "x\x1b[31mred\nnext: rm -rf /"


def test_an_id_forges_no_line_and_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """It is in differences and in the next step too, as a part of what settles them."""
    command = f"strata tenant restore '{HOSTILE}'"
    show_tenant(TenantView(HOSTILE, ("archived",), None, (), {"payments": (f"not {HOSTILE}",)}, command))
    lines = capsys.readouterr().out.splitlines()
    assert not any("\x1b" in line for line in lines)
    assert [line for line in lines if line.startswith("next:")] == [
        r"next: strata tenant restore 'x\x1b[31mred\nnext: rm -rf /'"
    ]
