"""Files, folders and patterns of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.caching.metrics import LogSourceError, TimeRange
from strata.caching.metrics.sources import LocalFiles


def names(*patterns: str) -> list[str]:
    return [Path(file.name).name for file in LocalFiles(patterns).list_files(TimeRange())]


def test_a_folder_stands_for_all_its_visible_files(tmp_path):
    for path in ("b.gz", "deep/down/a.gz", ".hidden", ".folder/c.gz"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert names(str(tmp_path)) == ["b.gz", "a.gz"]
    assert names(str(tmp_path / ".folder")) == ["c.gz"]


def test_each_file_is_listed_once(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"12345")
    (tmp_path / "b.gz").symlink_to(tmp_path / "a.gz")
    listed = LocalFiles((str(tmp_path), f"{tmp_path}/*.gz", f"{tmp_path}/a.gz")).list_files(TimeRange())
    assert [file.size_bytes for file in listed] == [5]


def test_patterns_go_down_into_folders(tmp_path):
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "a.gz").touch()
    assert names(f"{tmp_path}/**/*.gz") == ["a.gz"]


def test_a_pattern_may_match_nothing_but_a_name_must_exist(tmp_path):
    assert names(f"{tmp_path}/*.gz") == []
    with pytest.raises(LogSourceError, match="no such file or folder .* allowed: a file, a folder, a pattern"):
        names(f"{tmp_path}/a.gz")
