from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.caching.answer_headers import tag_headers
from strata.caching.purge.items import parse_items
from strata.caching.tags import InvalidTagError, TooManyTagsError, normalised, tag_set

#: Cloudflare's limit of one header, and Fastly's of one key (both by third parties; ours stay far below).
HEADER_BYTES, KEY_BYTES = 16 * 1024, 1024
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",*#")


def test_tags_are_lower_case_unique_and_in_order():
    assert tag_set(["Payment:2", "payment:1", "PAYMENT:2"]) == ("payment:2", "payment:1")


@pytest.mark.parametrize(
    "tag", ["", "a,b", "a b", "a\tb", "a\nb", "caf\u00e9", "\u20ac", "\x7f", "\x00", "x" * 257, "a*", "*", "#a"]
)
def test_a_tag_that_a_provider_would_refuse_is_none(tag):
    with pytest.raises(
        InvalidTagError, match=r"1 to 256 visible ASCII characters without comma, space, \* or a # at the start"
    ):
        normalised(tag)


@pytest.mark.parametrize("tag", ["!", "~", "a#", "x" * 256])
def test_the_ends_of_what_is_allowed(tag):
    assert normalised(tag) == tag


def test_fifty_tags_fit_and_the_next_one_does_not():
    assert len(tag_set(f"t{number}" for number in range(50))) == 50
    with pytest.raises(TooManyTagsError, match="51 cache tags on one answer; allowed: at most 50"):
        tag_set(f"t{number}" for number in range(51))


def test_a_tag_that_differs_in_case_only_does_not_count_again():
    assert len(tag_set([f"t{number}" for number in range(50)] + [f"T{number}" for number in range(50)])) == 50


@given(st.lists(st.text(VISIBLE, min_size=1, max_size=256), min_size=1, max_size=50))
def test_every_provider_reads_the_same_set(tags):
    (comma_name, comma), (space_name, space) = tag_headers(tag_set(tags))
    assert (comma_name, space_name) == (b"cache-tag", b"surrogate-key")
    wanted = list(dict.fromkeys(tag.lower() for tag in tags))
    assert comma.decode("ascii").split(",") == space.decode("ascii").split(" ") == wanted


@given(st.lists(st.text(), max_size=60))
def test_whatever_is_accepted_keeps_every_limit(tags):
    try:
        accepted = tag_set(tags)
    except (InvalidTagError, TooManyTagsError):
        return
    assert len(accepted) <= 50
    for tag in accepted:
        assert len(tag.encode("ascii")) <= min(256, KEY_BYTES)
        assert all(33 <= ord(character) <= 126 and character not in ",*" for character in tag)
    assert all(len(value) <= HEADER_BYTES for _, value in tag_headers(accepted))


def test_the_most_tags_of_the_greatest_length_fit_in_one_header():
    widest = tag_set(f"{number:02}".ljust(256, "x") for number in range(50))
    assert max(len(value) for _, value in tag_headers(widest)) == 50 * 256 + 49 <= HEADER_BYTES


@given(st.text(st.characters(max_codepoint=128), max_size=8))
def test_every_tag_of_an_answer_can_be_purged(tag):
    try:
        accepted = normalised(tag)
    except InvalidTagError:
        return
    (item,) = parse_items((), [accepted])
    assert item.text == accepted
