"""What means the same to AWS, and how a part of somebody else's is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.account.part import ForeignThingError, require_owned, same
from strata.account.settings import TAGS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _as_aws_returns_it(value: Any) -> Any:
    """Return a document with its lists turned round, and those of one item as the item."""
    if isinstance(value, dict):
        return {key: _as_aws_returns_it(inner) for key, inner in reversed(value.items())}
    if isinstance(value, list):
        items = [_as_aws_returns_it(item) for item in reversed(value)]
        return items[0] if len(items) == 1 else items
    return value


@given(JSON)
def test_the_form_that_aws_returns_means_the_same(value: Any) -> None:
    assert same(_as_aws_returns_it(value), value)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"Action": "s3:*"}, {"Action": "s3:GetObject"}),
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, {"Action": ["s3:GetObject"]}),
        ({"Action": "s3:GetObject", "Condition": {}}, {"Action": "s3:GetObject"}),
        ([], None),
        (None, True),
        (False, True),
        (["a"], []),
    ],
)
def test_what_differs_differs(found: Any, wanted: Any) -> None:
    assert not same(found, wanted)


def test_a_refusal_says_whose_it_could_be_and_what_to_do() -> None:
    require_owned("role strata-preview", {**TAGS, "CostCenter": "42"}, "aws iam tag-role")
    with pytest.raises(ForeignThingError) as refused:
        require_owned("role strata-preview", {"Project": "strata"}, "aws iam tag-role")
    assert str(refused.value) == (
        "role strata-preview is there already and was not made by this command (tags Project=strata); "
        "allowed: a thing with the tags Project=strata, ManagedBy=strata-account-bootstrap: "
        "set them to hand it over to this command, which then changes it; next: aws iam tag-role"
    )
