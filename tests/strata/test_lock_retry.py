import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

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


def test_concurrent_changes_of_one_tuple_are_known_by_their_text():
    assert is_lock_failure(errors.InternalError_("tuple concurrently updated"))
    assert not is_lock_failure(errors.InternalError_("cache lookup failed"))
    assert not is_lock_failure(psycopg.OperationalError("tuple concurrently updated"))
