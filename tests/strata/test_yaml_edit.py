"""Text becomes a scalar that every reader takes for that text."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from strata.yaml_edit import compose, load, scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TEXTS)
@example("no")
@example("1_000")
@example("a: b # c")
@example("\x00\x85\u2028\U000e0001🎉")
def test_a_scalar_is_read_as_the_text_it_was_made_from(text: str) -> None:
    """By the parser that the program uses (YAML 1.1) and by a newer one (1.2), as an item, a value and in a flow."""
    for template in ("- {}", "key:\n  deep: {}  # comment", "[{}, 'x']", "{{k: {}}}"):
        written = template.format(scalar(text, as_json=False))
        wanted = load(template.format("'@'"))
        filled = json.loads(json.dumps(wanted).replace('"@"', json.dumps(text)))
        assert yaml.safe_load(written) == filled
        assert load(written) == filled


@given(TEXTS)
def test_in_json_it_is_json(text: str) -> None:
    assert json.loads(scalar(text, as_json=True)) == text


@pytest.mark.parametrize("text", ["acme", "acme-eu", "a_1", "strata:tenants"])
def test_what_needs_no_quotes_has_none(text: str) -> None:
    assert scalar(text, as_json=False) == text


def test_a_text_without_nodes_is_none_and_a_broken_one_an_error() -> None:
    assert compose("# nothing\n") is None
    with pytest.raises(YAMLError):
        compose("a: [")
