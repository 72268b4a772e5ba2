"""What every template has in common."""

import re

import pytest

from strata import sql
from strata.partitions.render import PARTS

TEMPLATES = sorted(str(path.relative_to(sql.TEMPLATES)) for path in sql.TEMPLATES.rglob("*") if path.is_file())


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_says_which_locks_it_takes(template):
    assert template.endswith(".sql.j2")
    header = re.match(r"\{#.*?#\}", (sql.TEMPLATES / template).read_text(), re.DOTALL)
    assert header is not None
    assert re.search(r"Locks: |it locks nothing but", header[0])


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_compiles_and_quotes_what_it_interpolates(template):
    """What is an expression by its name is SQL that a caller has made on purpose: `Sql`, or it is refused."""
    sql.environment().get_template(template)
    for expression in re.findall(r"\{\{(.*?)\}\}", (sql.TEMPLATES / template).read_text()):
        assert re.search(r"\|\s*(identifier|literal)\s*$|\.\w*expression\s*$|^ partition_by $", expression)


def test_every_part_of_an_onboarding_is_one_file():
    assert {f"partitions/{part}.sql.j2" for part in PARTS} <= set(TEMPLATES)
