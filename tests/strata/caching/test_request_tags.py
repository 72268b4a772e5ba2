from __future__ import annotations

import pytest

from strata.caching.request_tags import TAGS, LateTagError, add_tags, close_tags


def test_a_copy_of_the_scope_shares_the_tags():
    scope = {TAGS: []}
    add_tags(dict(scope), ("one",))
    add_tags(scope, ("two", "three"))
    assert close_tags(scope[TAGS]) == ("one", "two", "three")


def test_a_scope_without_the_middleware_takes_tags_too():
    add_tags(scope := {}, ("one",))
    add_tags(scope, ("two",))
    assert scope[TAGS] == ["one", "two"]


@pytest.mark.parametrize("before", [(), ("one",)])
def test_a_tag_after_the_header_is_an_error(before):
    scope = {TAGS: [*before]}
    assert close_tags(scope[TAGS]) == before
    with pytest.raises(LateTagError, match="too late for the cache tags payment:1, payment:2: .* header is sent"):
        add_tags(scope, ("payment:1", "payment:2"))
