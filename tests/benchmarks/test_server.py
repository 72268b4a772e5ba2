from __future__ import annotations

import pytest

from benchmarks.server import session_milliseconds

LOG = """\
2026-11-23 15:00:00.500 UTC 6a.1f LOG:  connection received: host=127.0.0.1 port=5
2026-11-23 15:00:00.503 UTC 6a.1f LOG:  connection authorized: user=strata_deployer database=strata
2026-11-23 15:00:00.510 UTC 6a.1f LOG:  duration: 3.1 ms  statement: BEGIN;
\tSELECT 1;
2026-11-23 15:00:00.541 UTC 6a.1f LOG:  duration: 20.0 ms  statement: COMMIT;
"""


def test_a_session_lasts_from_its_connection_to_the_end_of_its_last_statement():
    assert session_milliseconds(LOG) == 41


def test_lines_of_the_server_itself_do_not_count():
    assert session_milliseconds(f"2026-11-23 14:00:00.000 UTC 1.2 LOG:  checkpoint starting: time\n{LOG}") == 41


@pytest.mark.parametrize("log", [LOG + LOG.replace("6a.1f", "6a.20"), LOG[: LOG.index("2026-11-23 15:00:00.510")]])
def test_two_sessions_or_an_unfinished_one_are_no_answer(log):
    with pytest.raises(ValueError, match=r"not one finished session"):
        session_milliseconds(log)
