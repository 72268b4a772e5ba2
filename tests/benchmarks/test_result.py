from __future__ import annotations

import json
import re

from benchmarks import result
from benchmarks.comparison import Comparison, Side
from benchmarks.result import Result


def test_a_result_is_read_as_it_was_saved(tmp_path):
    comparison = Comparison("one", "ratio", "s", Side("ours", (1.5, 2.0)), Side("theirs", (1.0,)))
    saved = Result("one", result.today(), "make bench", result.machine(), result.versions(), (comparison,))
    saved.save(tmp_path)
    assert result.load("one", tmp_path) == saved


def test_there_is_no_result_of_what_was_never_recorded(tmp_path):
    assert result.load("one", tmp_path) is None


def test_facts_about_the_machine_do_not_say_which_one_it_is():
    facts = json.dumps([result.machine(), result.versions()])
    assert "/" not in facts
    assert re.fullmatch(r"\d+\.\d+", result.versions()["postgresql"])
    assert result.machine()["processors"] >= 1


def test_no_recorded_result_holds_a_path():
    recorded = [path.read_text() for path in result.RESULTS.glob("*.json")]
    assert recorded
    assert not [text for text in recorded if re.search(r'"[^"]*(?<!venv)/(tmp|home|root|work|Users)\b', text)]
