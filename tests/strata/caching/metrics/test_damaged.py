"""Cut, hostile and mixed-up logs: what is sound is counted, what is not is reported, and nothing of it is quoted."""

from __future__ import annotations

import gzip
import os
import re
import tracemalloc
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strata.caching.metrics import ReadOptions, TimeRange, UnreadableLogFileError, get_cache_metrics
from tests.strata.caching.metrics.log_files import LEGACY, V2, json_lines, line, parquet, request, text, write

ONE_THREAD = ReadOptions(threads=1)
KEEP_GOING = ReadOptions(threads=1, keep_going=True)
TOKEN = "Bearer-eyJhbGciOiJIUzI1NiJ9"
HEAD = ["#Version: 1.0", f"#Fields: {' '.join(LEGACY)}"]
GOOD = line(LEGACY, request())
MISS = line(LEGACY, request(x_edge_result_type="Miss"))


def count(path: Path, options: ReadOptions = ONE_THREAD):
    metrics = get_cache_metrics(str(path), options=options)
    found = [(file.skipped_lines, file.first_line_numbers, file.damage) for file in metrics.reading.damaged]
    return metrics.total.requests, metrics.reading.skipped_lines, found


BAD_LINES = {
    "one field too few": GOOD.rpartition("\t")[0].encode(),
    "one field too many": f"{GOOD}\t-".encode(),
    "no result type": line(LEGACY, request(x_edge_result_type="-")).encode(),
    "not UTF-8": GOOD.replace("FRA56-C1", "\xff").encode("latin-1"),
    "NUL": GOOD.replace("FRA56-C1", "FRA\0").encode(),
    "a stray carriage return": GOOD.replace("FRA56-C1", "FRA\r").encode(),
    "ten megabytes": b"x" * 10_000_000,
    "ten megabytes of a good line": GOOD.encode() + b"x" * 10_000_000,
    "binary junk": os.urandom(3000).replace(b"\n", b"").replace(b"#", b""),
    "a token": TOKEN.encode(),
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_bad_line_is_skipped_and_reported_by_number(tmp_path, bad, gzipped):
    lines = [*(one.encode() for one in [*HEAD, GOOD]), bad, MISS.encode(), b""]
    path = write(tmp_path / "log", b"\n".join(lines), gzipped=gzipped)
    assert count(path) == (2, 1, [(1, (4,), None)])


JSON_LINES = {
    "cut": '{"x-edge-result-type":"Hit"',
    "two in one line": '{"x-edge-result-type":"Hit"}{"x-edge-result-type":"Hit"}',
    "another value": '"Hit"',
    "no object": "[]",
    "no result type": '{"sc-status":"200"}',
    "half a surrogate pair": '{"x-edge-result-type":"Hit","x":"\\ud800"}',
    "a header": "#Fields: date time",
    "nested without end": '{"a":' * 5000,
    "a number": "1e999",
    "NUL": '{"x-edge-result-type":"Hit\0"}',
}


@pytest.mark.parametrize("bad", JSON_LINES.values(), ids=JSON_LINES)
def test_a_bad_json_line_is_skipped_and_reported_by_number(tmp_path, bad):
    good = json_lines(V2, [request()])
    assert count(write(tmp_path / "log", f"{good}{bad}\n{good}")) == (2, 1, [(1, (2,), None)])


def test_blank_lines_are_nothing_and_a_missing_last_newline_is_fine(tmp_path):
    path = write(tmp_path / "log", "\n".join([*HEAD, "", GOOD, "", "", MISS]))
    assert count(path) == (2, 0, [])


def test_lines_that_end_in_different_ways_are_all_counted(tmp_path):
    path = write(tmp_path / "log", "\n".join([*HEAD, GOOD, f"{MISS}\r", f"{GOOD}\r", MISS, ""]))
    assert count(path) == (4, 0, [])


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    assert count(write(tmp_path / "log", b"\xef\xbb\xbf" + json_lines(V2, [request()] * 2).encode())) == (2, 0, [])
    damaged = b"\xef\xbb\xbf" + json_lines(V2, [request()]).encode() + b"junk\n"
    assert count(write(tmp_path / "log", damaged)) == (1, 1, [(1, (2,), None)])


def test_junk_before_the_header_is_reported(tmp_path):
    path = write(tmp_path / "log", "\n".join(["junk", *HEAD, GOOD, ""]))
    assert count(path) == (1, 1, [(1, (1,), None)])


def test_logs_put_after_one_another_keep_their_own_fields(tmp_path):
    other = text(("sc-status", "x-edge-result-type"), [request(sc_status="304")])
    same = text(LEGACY, [request()])
    path = write(tmp_path / "log", same + same + other + same)
    metrics = get_cache_metrics(str(path), ("status",), options=ONE_THREAD)
    assert {group.values: group.measures.requests for group in metrics.groups} == {("200",): 3, ("304",): 1}
    assert metrics.reading.damaged == ()


def test_another_header_with_as_many_fields_is_not_overlooked(tmp_path):
    first, second = ("x-edge-result-type", "sc-status"), ("sc-status", "x-edge-result-type")
    path = write(tmp_path / "log", text(first, [request()]) + text(second, [request(x_edge_result_type="Miss")]))
    metrics = get_cache_metrics(str(path), ("status",), options=ONE_THREAD)
    assert [(group.values, group.measures.hits) for group in metrics.groups] == [(("200",), 1)]
    assert metrics.total.misses == 1


def test_another_header_that_has_the_shape_of_a_record_is_none(tmp_path):
    """Behind its mark, a header with one name less has as many words as a record."""
    first = text(("sc-status", "x-edge-result-type", "cs-method"), [request()], delimiter=" ")
    second = text(("x-edge-result-type", "sc-status"), [])
    assert count(write(tmp_path / "log", first + second)) == (1, 0, [])


def test_lines_under_a_header_without_result_type_are_skipped(tmp_path):
    other = "#Fields: sc-status cs-method\n200\tGET\n"
    assert count(write(tmp_path / "log", text(LEGACY, [request()]) + other)) == (1, 1, [(1, (5,), None)])


def test_a_duplicate_field_means_its_first_column(tmp_path):
    path = write(tmp_path / "log", "#Fields: x-edge-result-type sc-status sc-status\nHit\t200\t404\n")
    metrics = get_cache_metrics(str(path), ("status",), options=ONE_THREAD)
    assert [group.values for group in metrics.groups] == [("200",)]


def sizes(number: int) -> list[dict[str, str]]:
    """Return requests that compress badly, so that there is a middle to cut."""
    return [request(sc_bytes=str(number_of_bytes * 7919 % 10**6)) for number_of_bytes in range(number)]


def test_cut_gzip_data_is_counted_up_to_the_cut(tmp_path):
    whole = gzip.compress(text(LEGACY, sizes(20_000)).encode())
    path = write(tmp_path / "log.gz", whole[: len(whole) // 2])
    readable = zlib.decompressobj(31).decompress(whole[: len(whole) // 2])
    requests, skipped, found = count(path)
    # The line under the cut may look whole and is not believed.
    assert requests == readable.count(b"\n") - len(HEAD)
    assert 5_000 < requests < 15_000
    assert skipped == 1
    assert found == [(1, (requests + 3,), "its gzip data ends early: what came after that is lost")]


def test_a_last_line_that_ends_at_the_cut_is_not_believed(tmp_path):
    data = gzip.compress("\n".join([*HEAD, GOOD, MISS]).encode())
    without_checksum = data[:-8]
    damage = "its gzip data ends early: what came after that is lost"
    assert count(write(tmp_path / "log.gz", without_checksum)) == (1, 1, [(1, (4,), damage)])


def test_corrupt_gzip_data_is_counted_up_to_the_fault(tmp_path):
    data = bytearray(gzip.compress(text(LEGACY, sizes(20_000)).encode()))
    data[len(data) // 2 :] = os.urandom(len(data) // 2)
    requests, _, found = count(write(tmp_path / "log.gz", bytes(data)))
    assert 0 < requests < 20_000
    assert found[0][2] == "its gzip data is damaged: what comes after that is lost"


def test_bytes_after_gzip_data_are_reported(tmp_path):
    path = write(tmp_path / "log.gz", gzip.compress(text(LEGACY, [request()]).encode()) + b"left over")
    assert count(path) == (1, 0, [(0, (), "its gzip data is damaged: what comes after that is lost")])


def test_gzip_members_after_one_another_are_one_log(tmp_path):
    first, second = text(LEGACY, [request()] * 3), "".join(f"{GOOD}\n" for _ in range(2))
    path = write(tmp_path / "log.gz", gzip.compress(first.encode()) + gzip.compress(second.encode()))
    assert count(path) == (5, 0, [])


def test_a_gzip_bomb_is_read_in_bounded_memory(tmp_path):
    """300 MB of one line out of 300 KB, behind a good one."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = bomb.compress(text(LEGACY, [request()]).encode())
    data += (
        b"".join(bomb.compress(bytes(1_000_000)) for _ in range(300))
        + bomb.compress(f"\n{GOOD}\n".encode())
        + bomb.flush()
    )
    path = write(tmp_path / "log.gz", data)
    tracemalloc.start()
    try:
        found = count(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == (2, 1, [(1, (4,), None)])
    assert peak_bytes < 32_000_000


UNREADABLE = {
    "no log at all": (b"hello\n", "its beginning has no #Fields header, JSON object or field names"),
    "random bytes": (b"\x80\xfe\n" * 2000, "its beginning has no #Fields header, JSON object or field names"),
    "gzip in name only": (b"\x1f\x8bnothing of the kind", "it starts like gzip and is none"),
    "no result type": (b"#Fields: date time\n2026-11-23\t10:00:00\n", "it has no field x-edge-result-type"),
    "no result type in JSON": (b'{"sc-status":"200"}\n', "it has no field x-edge-result-type"),
    "cut Parquet": (b"PAR1" + bytes(100), "its Parquet data is damaged"),
}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_log_is_refused_or_listed(tmp_path, data, reason):
    path = write(tmp_path / "a.gz", data)
    write(tmp_path / "b.gz", text(LEGACY, [request()]), gzipped=True)
    with pytest.raises(UnreadableLogFileError, match=re.escape(f"cannot read the access log: {reason} (file {path})")):
        get_cache_metrics(str(tmp_path), options=ONE_THREAD)
    reading = get_cache_metrics(str(tmp_path), options=KEEP_GOING).reading
    assert (reading.unreadable, reading.files, reading.lines) == (((str(path), reason),), 1, 1)


def test_parquet_without_result_type_is_refused(tmp_path):
    path = parquet(tmp_path / "log", ("sc-status",), [request()])
    with pytest.raises(UnreadableLogFileError, match="it has no field x-edge-result-type"):
        count(path)


def test_damaged_parquet_data_behind_a_sound_footer_is_refused(tmp_path):
    path = parquet(tmp_path / "log", V2, sizes(5000))
    data = bytearray(path.read_bytes())
    data[4:2000] = os.urandom(1996)
    with pytest.raises(UnreadableLogFileError, match="its Parquet data is damaged"):
        count(write(path, bytes(data)))


def test_no_message_quotes_a_line(tmp_path):
    write(tmp_path / "a.log", f"{TOKEN}\n")
    write(tmp_path / "b.log", text(LEGACY, [request()]).encode() + f"{TOKEN}\xff\n".encode("latin-1"))
    write(tmp_path / "c.log", f"{json_lines(V2, [request()])}{{{TOKEN}\n")
    with pytest.raises(UnreadableLogFileError) as refused:
        get_cache_metrics(str(tmp_path), options=ONE_THREAD)
    reading = get_cache_metrics(str(tmp_path), options=KEEP_GOING).reading
    assert reading.skipped_lines == 2
    assert TOKEN not in f"{refused.value} {refused.value.__context__} {reading}"


def test_only_the_first_of_many_skipped_lines_are_named(tmp_path):
    path = write(tmp_path / "log", "\n".join([*HEAD, GOOD, *["bad"] * 30_000, MISS, ""]))
    assert count(path) == (2, 30_000, [(30_000, (4, 5, 6, 7, 8), None)])


def test_one_damaged_file_among_many_costs_no_other_a_line(tmp_path):
    for number in range(20):
        write(tmp_path / f"{number:02}.gz", text(LEGACY, [request()] * 10), gzipped=True)
    cut = (tmp_path / "13.gz").read_bytes()
    write(tmp_path / "13.gz", cut[:-12])
    write(tmp_path / "17.gz", text(LEGACY, [request()] * 10) + "bad\n", gzipped=True)
    metrics = get_cache_metrics(str(tmp_path), options=ONE_THREAD)
    assert [Path(file.file).name for file in metrics.reading.damaged] == ["13.gz", "17.gz"]
    assert metrics.total.requests >= 18 * 10 + 10
    assert metrics.reading.files == 20


def test_a_path_that_looks_like_a_pattern_is_one_file(tmp_path):
    write(tmp_path / "a[b]*.log", text(LEGACY, [request()]))
    write(tmp_path / "ab1.log", text(LEGACY, [request()]))
    assert get_cache_metrics(str(tmp_path), options=ONE_THREAD).total.requests == 2


def test_undated_lines_are_reported_where_there_is_a_window(tmp_path):
    path = write(tmp_path / "log", text(LEGACY, [request(), request(date="-"), request(date="2025-01-01")]))
    window = TimeRange(datetime(2026, 11, 23, tzinfo=UTC))
    reading = get_cache_metrics(str(path), time_range=window, options=ONE_THREAD).reading
    assert (reading.lines, reading.undated, reading.outside) == (1, 1, 1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(
        st.one_of(
            st.sampled_from([GOOD.encode(), MISS.encode(), HEAD[1].encode(), b"#x", b"", b"bad", b"\xff", b"a\0b"]),
            st.binary(max_size=40),
        ),
        max_size=25,
    ),
    cut=st.integers(0, 60),
    gzipped=st.booleans(),
)
def test_no_line_is_lost_without_a_word(tmp_path, pieces, cut, gzipped):
    """Every line but blanks and comments is counted or reported, and the sound ones alone count the same."""
    data = b"\n".join([*(one.encode() for one in HEAD), GOOD.encode(), *pieces])
    data = data[: max(len(data) - cut, len(b"\n".join(one.encode() for one in [*HEAD, GOOD])))]
    path = write(tmp_path / "log", data, gzipped=gzipped)
    lines = [one.removesuffix(b"\r") for one in data.split(b"\n")]
    telling = [one for one in lines if one and not (one.startswith(b"#") and is_clean(one))]
    sound = [one for one in telling if is_clean(one) and is_record(one)]
    metrics = get_cache_metrics(str(path), options=ONE_THREAD)
    assert (metrics.total.requests, metrics.reading.skipped_lines) == (len(sound), len(telling) - len(sound))
    repaired = write(tmp_path / "repaired", b"\n".join([*(one.encode() for one in HEAD), *sound, b""]))
    assert asdict(get_cache_metrics(str(repaired), options=ONE_THREAD).total) == asdict(metrics.total)


def is_clean(raw: bytes) -> bool:
    try:
        return not {"\0", "\r"}.intersection(raw.decode())
    except UnicodeDecodeError:
        return False


def is_record(raw: bytes) -> bool:
    values = raw.split(b"\t")
    return len(values) == len(LEGACY) and values[LEGACY.index("x-edge-result-type")] not in (b"", b"-")
