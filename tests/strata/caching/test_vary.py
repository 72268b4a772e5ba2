from __future__ import annotations

import pytest

from strata.caching.classes import CACHE_CLASSES, REALTIME, STATIC_DATA, USER_DATA
from strata.caching.vary import class_names, covered_names, varied_names

EVERY_CLASS = pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=lambda found: found.name)


def test_names_come_from_every_field_once_and_in_lower_case():
    assert varied_names(["Accept-Encoding, ORIGIN", "origin ,, *"]) == ("accept-encoding", "origin", "*")
    assert varied_names([]) == varied_names([""]) == ()


@EVERY_CLASS
def test_only_what_is_in_the_key_is_covered(cache_class):
    beside_key = covered_names(cache_class) - set(cache_class.keyed_headers)
    assert beside_key == ({"accept-encoding", "authorization"} if cache_class.keyed_by_caller else {"accept-encoding"})
    assert not covered_names(cache_class) & {"*", "origin", "cookie"}


@EVERY_CLASS
def test_a_class_varies_by_nothing_that_is_not_covered(cache_class):
    assert set(class_names(cache_class)) <= covered_names(cache_class)
    assert set(cache_class.keyed_headers) <= set(class_names(cache_class))


def test_the_identity_stands_beside_its_digest():
    assert class_names(USER_DATA) == ("authorization", "x-auth-hash", "accept-language")
    assert class_names(REALTIME) == ("authorization", "x-auth-hash")
    assert class_names(STATIC_DATA) == ("accept-language",)
