"""A server in a folder: whatever happens to it, the next start finds every committed row."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from local import postgres
from local.ports import free_port
from local.postgres import log, process, programs
from local.postgres.errors import ServerFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "a-password-nobody-may-see"


@contextmanager
def running(folder: Path, **options: object) -> Iterator[Path]:
    """Create a server, and remove it whatever the test did to it."""
    arguments = {
        "identifier": "orders",
        "master_username": "chief",
        "master_password": PASSWORD,
        "database": "sales",
        "parameters": {"fsync": "off"},
    }
    postgres.create(folder, **{**arguments, **options})
    try:
        yield folder
    finally:
        postgres.remove(folder)


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with running(tmp_path_factory.mktemp("home") / "postgres" / "orders") as one:
        yield one


@pytest.fixture
def folder(server_folder: Path) -> Path:
    """Return the module's server, running, with its first parameters and without a test's table."""
    postgres.start(server_folder)
    postgres.apply_parameters(server_folder, {"fsync": "off"})
    _execute(server_folder, "DROP TABLE IF EXISTS kept")
    return server_folder


def _execute(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with postgres.connect(postgres.describe(folder), "sales") as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _kill(folder: Path) -> int:
    pid = process.postmaster(folder / "data")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def _listening(port: int) -> Iterator[None]:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield


def test_start_and_stop_may_be_repeated_and_data_stays(folder):
    _execute(folder, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
    before = process.postmaster(folder / "data")
    assert postgres.start(folder) == postgres.describe(folder)
    assert process.postmaster(folder / "data") == before

    postgres.stop(folder)
    postgres.stop(folder)
    assert not postgres.is_running(folder)
    postgres.start(folder)
    assert _execute(folder, "SELECT id FROM kept") == [(1,)]


def test_killed_server_comes_back_with_every_committed_row(folder):
    _execute(folder, "CREATE TABLE kept (id int)")
    for number in range(3):
        _execute(folder, f"INSERT INTO kept VALUES ({number})")
        _kill(folder)
        postgres.start(folder)
    assert _execute(folder, "SELECT count(*) FROM kept") == [(3,)]


def test_lock_file_that_names_somebody_elses_process_is_no_obstacle(folder):
    _kill(folder)
    lock = folder / "data" / "postmaster.pid"
    process.forget_dead(folder / "data", Path(postgres.describe(folder).socket_folder))
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            lock.write_text(f"{stranger.pid}\n{folder / 'data'}\n")
            postgres.stop(folder)
            assert stranger.poll() is None, "stop signalled a process that is not ours"
            postgres.start(folder)
            assert _execute(folder, "SELECT 1") == [(1,)]
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_taken_port_is_left_to_its_holder_and_the_new_one_is_kept(folder):
    postgres.stop(folder)
    taken = postgres.describe(folder).port
    with _listening(taken):
        moved = postgres.start(folder)
    assert moved.port != taken
    assert postgres.describe(folder) == moved
    assert _execute(folder, "SHOW port") == [(str(moved.port),)]


def test_moving_to_a_taken_port_is_refused_and_changes_nothing(folder):
    with _listening(free_port()) as _, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServerFailedError, match=f"PostgreSQL could not move: port {port} is taken"):
            postgres.change(folder, port=port)
    assert _execute(folder, "SHOW port") == [(str(postgres.describe(folder).port),)]


def test_server_outlives_the_process_that_started_it(folder):
    postgres.stop(folder)
    program = "import sys, pathlib; from local import postgres; postgres.start(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, timeout=60)
    assert _execute(folder, "SELECT 1") == [(1,)]


def test_simultaneous_starts_make_one_server(folder):
    postgres.stop(folder)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: postgres.start(folder), range(4)))
    assert set(map(repr, answers)) == {repr(postgres.describe(folder))}


def test_all_servers_of_an_environment_start_and_stop(folder):
    home = folder.parent.parent
    postgres.stop_all(home)
    assert not postgres.is_running(folder)
    assert [instance.identifier for instance in postgres.start_all(home)] == ["orders"]
    assert postgres.is_running(folder)


def test_dynamic_parameters_apply_at_once_and_static_ones_at_the_next_start(folder):
    wanted = {"work_mem": "8192", "max_locks_per_transaction": "256", "log_line_prefix": "it's %m "}
    postgres.restart(folder)
    assert postgres.apply_parameters(folder, wanted) == ("max_locks_per_transaction",)
    assert _execute(folder, "SHOW work_mem") == [("8MB",)]
    assert _execute(folder, "SHOW log_line_prefix") == [("it's %m ",)]
    assert _execute(folder, "SHOW max_locks_per_transaction") == [("64",)]

    instance = postgres.restart(folder)
    assert postgres.pending_parameters(instance) == ()
    assert _execute(folder, "SHOW max_locks_per_transaction") == [("256",)]


def test_server_that_cannot_start_says_why_and_starts_once_that_is_gone(folder):
    postgres.apply_parameters(folder, {"shared_preload_libraries": "no_such_library"})
    with pytest.raises(ServerFailedError) as refused:
        postgres.restart(folder)
    assert 'could not access file "no_such_library"' in str(refused.value)
    assert f"(instance orders, log {folder / 'log'}); next: make up" in str(refused.value)

    instance = postgres.describe(folder)
    postgres.Instance(**{**vars(instance), "parameters": {}}).save(folder)
    postgres.start(folder)
    assert _execute(folder, "SELECT 1") == [(1,)]


def test_renamed_server_moves_with_its_data(folder):
    _execute(folder, "CREATE TABLE kept (id int)")
    target = folder.with_name("invoices")
    moved = postgres.move(folder, target, "invoices")
    try:
        assert (moved.identifier, folder.exists()) == ("invoices", False)
        assert _execute(target, "SELECT count(*) FROM kept") == [(0,)]
    finally:
        postgres.move(target, folder, "orders")


def test_what_a_killed_creation_left_is_no_obstacle(folder):
    other = folder.with_name("half-made")
    (other / "data").mkdir(parents=True)
    (other / "data" / "PG_VERSION").write_text("18\n")
    with running(other, identifier="half-made"):
        assert _execute(other, "SELECT 1") == [(1,)]


def test_second_server_in_a_folder_is_refused(folder):
    with pytest.raises(postgres.InstanceExistsError) as refused, running(folder):
        pass
    assert str(refused.value) == (
        f"there is a PostgreSQL server here already (folder {folder}); allowed: another DB instance identifier"
    )
    assert _execute(folder, "SELECT 1") == [(1,)]


def test_folder_without_a_server_is_refused_by_name(tmp_path):
    for action in (postgres.describe, postgres.start):
        with pytest.raises(postgres.NoInstanceError) as refused:
            action(tmp_path / "nothing")
        assert str(refused.value) == (
            f"there is no PostgreSQL server here (folder {tmp_path / 'nothing'}); next: make up"
        )


def test_failed_creation_leaves_nothing(tmp_path):
    folder = tmp_path / "broken"
    with (
        pytest.raises(
            ServerFailedError, match='start: LOG:  0 is outside the valid range for parameter "max_connections"'
        ),
        running(folder, parameters={"max_connections": "0"}),
    ):
        pass
    assert not folder.exists()


def test_full_disk_is_named_as_the_cause():
    words = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'
    error = ServerFailedError("start", "orders", words, Path("log"))
    assert str(error) == (
        "PostgreSQL could not start: the disk is full (instance orders, log log); "
        "allowed: free some disk space; no committed row is lost; next: make up"
    )


def test_home_too_deep_for_a_socket_gets_a_short_one(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "orders"
    with running(deep):
        short = Path(postgres.describe(deep).socket_folder)
        assert short.parent == Path("/", "tmp")
        assert short.stat().st_mode & 0o077 == 0
        postgres.stop(deep)
        short.rmdir()  # as a cleaner of temporary files would
        postgres.start(deep)
        assert _execute(deep, "SELECT 1") == [(1,)]
    assert not short.exists()


def test_password_is_in_no_file(folder):
    postgres.set_master_password(postgres.describe(folder), f"{PASSWORD}-2")
    with psycopg.connect(
        host="127.0.0.1", port=postgres.describe(folder).port, user="chief", password=f"{PASSWORD}-2", dbname="sales"
    ) as connection:
        assert connection.execute("SELECT session_user").fetchone() == ("chief",)
    postgres.stop(folder)
    found = [path for path in folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert found == []


def test_log_that_grew_large_is_put_aside(tmp_path):
    output = tmp_path / "log"
    output.write_text("0123456789")
    log.rotate(output, largest_bytes=10)
    assert not (tmp_path / "log.1").exists()
    log.rotate(output, largest_bytes=9)
    assert (tmp_path / "log.1").read_text() == "0123456789"


def test_last_words_are_the_cause_and_not_what_follows_from_it(tmp_path):
    output = tmp_path / "log"
    before = "2026-01-01 00:00:00 UTC [1] FATAL:  an old failure\n"
    output.write_text(
        before
        + "2026-01-01 00:00:01 UTC [2] FATAL:  the data folder is unusable\n"
        + '2026-01-01 00:00:01 UTC [2] LOG:  could not write file "x": No space left on device\n'
    )
    assert log.last_words(output, len(before)) == 'LOG:  could not write file "x": No space left on device'


def test_root_without_user_namespaces_runs_as_a_system_user(monkeypatch):
    if os.geteuid() != 0:
        assert programs.account() == programs.Account()
        return
    monkeypatch.setattr(programs, "account", programs.system_account)
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        folder = Path(open_to_all) / "orders"
        with running(folder):
            assert (folder / "data").stat().st_uid == programs.system_account().user_id
            _kill(folder)
            postgres.start(folder)
            assert _execute(folder, "SELECT 1") == [(1,)]
