from __future__ import annotations

import functools
from types import SimpleNamespace

import pytest

from strata.caching import cdn_cache
from strata.caching.cdn_cache import PresetError, preset_of
from strata.caching.classes import CACHE_CLASSES
from strata.caching.request_tags import TAGS
from strata.caching.tags import InvalidTagError, TooManyTagsError

CACHED = pytest.mark.parametrize("name", ["realtime", "user_data", "static_data"])


def preset(name, **options):
    return cdn_cache.presets()[name](**options)


def test_there_is_a_preset_for_every_class():
    assert {name: make().cache_class for name, make in cdn_cache.presets().items()} == dict(CACHE_CLASSES)
    for name, make in cdn_cache.presets().items():
        assert make is getattr(cdn_cache, name)


@CACHED
def test_a_preset_narrows_its_class_and_never_widens_it(name):
    most = CACHE_CLASSES[name].fresh_seconds
    assert preset(name, seconds=most).cache_class == CACHE_CLASSES[name]
    assert f"s-maxage={most - 1}" in preset(name, seconds=most - 1).cache_class.origin_cache_control
    for seconds in (most + 1, 0, -1):
        with pytest.raises(PresetError, match=f"{seconds} seconds \\(preset {name}\\); allowed: 1 to {most}: "):
            preset(name, seconds=seconds)


@CACHED
def test_tags_of_a_preset_are_checked_when_the_route_is_marked(name):
    assert preset(name, tags=["A", "b"]).tags == ("a", "b")
    with pytest.raises(InvalidTagError):
        preset(name, tags=["a b"])
    with pytest.raises(TooManyTagsError):
        preset(name, tags=map(str, range(51)))


def test_a_marked_function_is_the_same_function():
    def endpoint():
        pass

    assert cdn_cache.user_data()(endpoint) is endpoint
    assert preset_of(endpoint, "GET") == cdn_cache.user_data()


def test_what_has_no_mark_has_no_preset():
    for endpoint in (None, lambda: None, int, object(), functools.partial(print)):
        assert preset_of(endpoint, "GET") is None


def test_a_second_preset_is_refused_even_through_a_wrapper():
    @cdn_cache.static_data()
    def endpoint():
        pass

    @functools.wraps(endpoint)
    def wrapper():
        endpoint()

    assert preset_of(wrapper, "GET") == cdn_cache.static_data()
    with pytest.raises(PresetError, match=r"this endpoint has a preset already \(endpoint .*endpoint\)"):
        cdn_cache.user_data()(wrapper)


def test_a_bound_method_has_the_mark_of_its_function():
    class Resource:
        @cdn_cache.realtime()
        def listing(self):
            pass

        def other(self):
            pass

    assert preset_of(Resource().listing, "GET") == cdn_cache.realtime()
    assert preset_of(Resource().other, "GET") is None


def test_a_class_is_marked_as_a_whole_or_by_method():
    @cdn_cache.static_data()
    class Whole:
        def get(self):
            pass

    class ByMethod:
        @cdn_cache.user_data()
        def get(self):
            pass

        def post(self):
            pass

    assert preset_of(Whole, "GET") == cdn_cache.static_data()
    assert preset_of(ByMethod, "GET") == preset_of(ByMethod, "HEAD") == cdn_cache.user_data()
    assert preset_of(ByMethod, "POST") is None
    assert preset_of(ByMethod, "DELETE") is None


def test_the_mark_of_a_class_is_not_inherited():
    @cdn_cache.static_data()
    class Base:
        pass

    class Derived(Base):
        pass

    assert preset_of(Derived, "GET") is None


def test_head_has_its_own_mark_where_it_has_its_own_method():
    class Both:
        @cdn_cache.user_data()
        def get(self):
            pass

        def head(self):
            pass

    assert preset_of(Both, "HEAD") is None


def test_tags_are_added_by_scope_or_by_request():
    request = SimpleNamespace(scope={TAGS: []})
    cdn_cache.tag(request, "payment:1", "payment:2")
    cdn_cache.tag(request.scope, "payment:3")
    assert request.scope[TAGS] == ["payment:1", "payment:2", "payment:3"]


def test_a_tag_without_the_middleware_does_no_harm():
    cdn_cache.tag({}, "payment:1")
