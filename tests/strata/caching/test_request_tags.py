from __future__ import annotations

import pytest

from strata.caching.request_tags import LateTagError, open_tags, tags_of


def test_a_copy_of_the_scope_shares_the_tags():
    scope = {}
    tags = open_tags(scope)
    tags_of(dict(scope)).add(("one",))
    tags_of(scope).add(("two", "three"))
    assert tags.close() == ("one", "two", "three")


def test_each_request_has_its_own():
    open_tags(first := {}).add(("one",))
    assert tags_of({}).close() == ()
    assert tags_of(first).close() == ("one",)


def test_a_tag_after_the_header_is_an_error():
    scope = {}
    open_tags(scope).close()
    with pytest.raises(LateTagError, match="too late for the cache tags payment:1, payment:2: .* header is sent"):
        tags_of(scope).add(("payment:1", "payment:2"))
