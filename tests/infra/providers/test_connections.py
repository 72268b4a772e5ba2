"""Which connection a provider's workers get, on a real server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from infra.providers import connections
from infra.providers.connections import deployer_connection, onboarding_connection
from tests.conftest import Database

REFERENCE = "env:STRATA_TEST_DATABASE"
WORKERS = 4


@pytest.fixture(autouse=True)
def _own_database(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lend connections of a database of the test's own, and close them at its end."""
    monkeypatch.setattr(connections, "_idle_connections", {})
    monkeypatch.setattr(connections, "connect_as_deployer", lambda _: fresh_database.deployer())
    yield
    for idle in connections._idle_connections.values():
        while not idle.empty():
            idle.get_nowait().close()


def _session() -> int:
    with deployer_connection(REFERENCE) as connection:
        return connection.info.backend_pid


def test_workers_that_onboard_share_one_session() -> None:
    """However many there are: what one session knows of the catalog, none other has to learn."""

    def onboard(_: int) -> int:
        with onboarding_connection(REFERENCE) as connection:
            connection.execute("SELECT pg_sleep(0.01)")
            return connection.info.backend_pid

    with ThreadPoolExecutor(WORKERS) as pool:
        assert len(set(pool.map(onboard, range(3 * WORKERS)))) == 1


def test_a_worker_that_takes_long_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant whose locks others hold waits alone; the others go on, on a session of their own."""
    monkeypatch.setattr(connections, "_TURN_SECONDS", 0.05)
    waiting, done = Event(), Event()

    def onboard_slowly() -> int:
        with onboarding_connection(REFERENCE) as connection:
            waiting.set()
            assert done.wait(30)
            return connection.info.backend_pid

    def onboard() -> int:
        with onboarding_connection(REFERENCE) as connection:
            return connection.info.backend_pid

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(onboard_slowly)
        assert waiting.wait(30)
        other = onboard()
        monkeypatch.setattr(connections, "_TURN_SECONDS", 25)
        assert [onboard() for _ in range(10)] == [other] * 10
        assert not slow.done()
        done.set()
        assert slow.result() != other


def test_a_turn_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_TURN_SECONDS", 30)
    with pytest.raises(ZeroDivisionError), onboarding_connection(REFERENCE):
        raise ZeroDivisionError
    with onboarding_connection(REFERENCE) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_is_lent_again() -> None:
    assert _session() == _session()


def test_two_at_a_time_are_two() -> None:
    with deployer_connection(REFERENCE) as first, deployer_connection(REFERENCE) as second:
        assert first.info.backend_pid != second.info.backend_pid


def test_a_connection_that_the_server_has_closed_is_not_lent_again(fresh_database: Database) -> None:
    pid = _session()
    with fresh_database.admin() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    assert _session() != pid


def test_a_connection_on_which_something_failed_is_closed() -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), deployer_connection(REFERENCE) as failed:
        failed.execute("SELECT 1/0")
    assert failed.closed
    assert _session() > 0
