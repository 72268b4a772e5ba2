import pytest

from strata.caching.classes import CACHE_CLASSES, CACHED_PATHS, path_patterns

EVERY_CLASS = pytest.mark.parametrize("cache_class", CACHE_CLASSES.values(), ids=lambda found: found.name)
#: CloudFront quota: query strings in one cache policy.
MOST_QUERY_STRINGS = 10


@pytest.mark.parametrize(
    ("name", "maximum", "origin", "viewer"),
    [
        ("none", 0, "private, no-store, stale-if-error=0", "private, no-store"),
        ("realtime", 5, "max-age=0, s-maxage=5, stale-if-error=0", "private, no-store"),
        ("user_data", 30, "max-age=0, s-maxage=30, stale-if-error=0", "private, no-store"),
        ("static_data", 900, "max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=600", None),
    ],
)
def test_the_table_of_cache_classes(name, maximum, origin, viewer):
    cache_class = CACHE_CLASSES[name]
    assert cache_class.max_ttl_seconds == maximum
    assert cache_class.origin_cache_control == origin
    assert cache_class.viewer_cache_control == viewer


@EVERY_CLASS
def test_a_stale_answer_still_exists_when_it_may_be_served(cache_class):
    stale = max(cache_class.stale_while_revalidate_seconds, cache_class.stale_if_error_seconds)
    assert cache_class.max_ttl_seconds >= cache_class.fresh_seconds + stale


@EVERY_CLASS
def test_an_answer_for_one_caller_is_never_served_stale(cache_class):
    if cache_class.keyed_by_caller:
        assert cache_class.stale_if_error_seconds == 0
        assert cache_class.stale_while_revalidate_seconds == 0


@EVERY_CLASS
def test_a_cache_key_fits_into_a_policy(cache_class):
    assert len(cache_class.query_strings) <= MOST_QUERY_STRINGS
    assert list(cache_class.query_strings) == sorted(set(cache_class.query_strings))


def test_cached_paths_are_pairs_that_do_not_catch_their_neighbors():
    assert path_patterns("/api/v1/payments") == ("/api/v1/payments", "/api/v1/payments/*")
    patterns = [pattern for path in CACHED_PATHS for pattern in path_patterns(path)]
    assert len(set(patterns)) == len(patterns) == 10
    assert {path: found.name for path, found in CACHED_PATHS.items()} == {
        "/api/v1/payments": "user_data",
        "/api/v1/invoices": "user_data",
        "/api/v1/webhook-logs": "realtime",
        "/api/v1/config": "static_data",
        "/api/v1/currencies": "static_data",
    }
