import re

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from strata import lock_retry
from strata.errors import StrataError
from strata.lock_retry import is_lock_failure, with_lock_retries


def _failing(connection, failures):
    """Return work that fails in an open transaction with each of the SQLSTATEs, and then succeeds."""
    left = list(failures)

    def work():
        connection.execute("BEGIN")
        if left:
            connection.execute(f"DO $do$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{left.pop(0)}'; END $do$")
        connection.execute("COMMIT")
        return "done"

    return work


def test_work_is_tried_again_until_it_succeeds(connection):
    work = _failing(connection, ["55P03", "40P01", "40001"])
    assert with_lock_retries(connection, work, 10, RuntimeError) == "done"


def test_a_failure_that_time_does_not_heal_is_raised_at_once(connection):
    with pytest.raises(errors.DivisionByZero):
        with_lock_retries(connection, _failing(connection, ["22012"]), 10, RuntimeError)
    assert connection.info.transaction_status == TransactionStatus.IDLE


def test_further_failures_can_be_named(connection):
    work = _failing(connection, ["55000"])
    assert with_lock_retries(connection, work, 10, RuntimeError, also=(errors.ObjectNotInPrerequisiteState,)) == "done"


def test_a_spent_budget_is_the_callers_error_from_the_last_failure(connection):
    with pytest.raises(RuntimeError) as failure:
        with_lock_retries(connection, _failing(connection, ["55P03"] * 9), 0.3, RuntimeError)
    assert isinstance(failure.value.__cause__, errors.LockNotAvailable)
    assert connection.info.transaction_status == TransactionStatus.IDLE


class _HeldError(StrataError):
    """Others hold the lock."""

    def __init__(self, *blockers):
        super().__init__("met a lock", where={"tenant": "ac\nme", "table": "payments"})
        self.blockers = blockers


def _retried(connection, failures, found):
    """Retry work that fails so often; each time that somebody asks who blocks, the next of what is found is."""
    answers = iter(found)
    with_lock_retries(connection, _failing(connection, failures), 60, lambda _: next(answers))


def test_who_holds_the_lock_is_said_while_it_is_waited_for_and_not_with_every_try(connection, caplog):
    _retried(connection, ["55P03"] * 3, [_HeldError("somebody")])
    (line,) = caplog.messages
    assert re.fullmatch(
        r"met a lock \(tenant ac\\nme, table payments\); it is tried again, for (59|60) s at most", line
    )


def test_who_holds_the_lock_is_said_again_after_a_while(connection, caplog, monkeypatch):
    monkeypatch.setattr(lock_retry, "_REPORT_SECONDS", 0.0)
    _retried(connection, ["55P03"] * 3, [_HeldError("somebody")] * 3)
    assert len(caplog.messages) == 3


def test_a_lock_that_nobody_holds_any_more_is_not_reported_and_asked_about_again(connection, caplog):
    _retried(connection, ["55P03"] * 3, [_HeldError(), RuntimeError(), _HeldError("somebody")])
    assert len(caplog.messages) == 1


def test_concurrent_changes_of_one_tuple_are_known_by_their_text():
    assert is_lock_failure(errors.InternalError_("tuple concurrently updated"))
    assert not is_lock_failure(errors.InternalError_("cache lookup failed"))
    assert not is_lock_failure(psycopg.OperationalError("tuple concurrently updated"))
