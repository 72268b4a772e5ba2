from hypothesis import example, given
from hypothesis import strategies as st

from strata.caching.path_matching import compile_pattern


@given(st.text(alphabet="/abA*?.", max_size=12), st.text(alphabet="/abA.", max_size=12))
@example("/a?", "/ab")
@example("*", "")
def test_patterns_match_as_a_plain_search_does(pattern: str, path: str) -> None:
    assert compile_pattern(f"/{pattern}")(f"/{path}") == _matches_slowly(pattern, path)


def _matches_slowly(pattern: str, path: str) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "*":
        return any(_matches_slowly(pattern[1:], path[index:]) for index in range(len(path) + 1))
    return bool(path) and pattern[0] in ("?", path[0]) and _matches_slowly(pattern[1:], path[1:])
