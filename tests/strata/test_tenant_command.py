"""A command that is advised reaches the tenant that is meant, whatever its id looks like."""

from __future__ import annotations

import shlex

import pytest
import typer

from strata.cli.tenant import app
from strata.tenant_command import option, tenant_command


def test_a_plain_id_stands_where_people_write_it() -> None:
    assert tenant_command("forget", "acme", *option("--confirm", "acme")) == "strata tenant forget acme --confirm acme"


@pytest.mark.parametrize("tenant_id", ["-rf", "--help", "--", "-", "a b", "$(x)", "'"])
def test_an_id_is_read_back_from_the_command(tenant_id: str) -> None:
    _, _, verb, *words = shlex.split(tenant_command("forget", tenant_id, *option("--confirm", tenant_id), "--json"))
    forget = typer.main.get_command(app).commands[verb]
    read = forget.make_context(verb, words).params
    assert (read["tenant"], read["confirm"], read["as_json"]) == (tenant_id, tenant_id, True)
