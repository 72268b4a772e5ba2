"""One RDS-like PostgreSQL server in a folder: create it, start it, stop it, change it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.ports import free_port, is_free
from local.postgres import access, log, process, programs, versions
from local.postgres.errors import InstanceExistsError, NoInstanceError, ServerFailedError
from local.postgres.instance import RECORD, SUPERUSER, Instance, describe, folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

#: sockaddr_un holds 107 bytes of path; the socket's own name is `.s.PGSQL.65535.lock` at most.
_LONGEST_SOCKET_FOLDER_BYTES: Final = 107 - len("/.s.PGSQL.65535.lock")
_START_ATTEMPTS: Final = 3
_START_SECONDS: Final = 120
#: Marks of the lines of a log that say why a program ended.
_TELLING: Final = ("FATAL", "PANIC", "could not", "error:")


def create(  # noqa: PLR0913 - each is a property of the DB instance
    folder: Path,
    *,
    identifier: str,
    master_username: str,
    master_password: str,
    database: str = "postgres",
    port: int | None = None,
    parameters: Mapping[str, str] | None = None,
    registration: Mapping[str, Any] | None = None,
) -> Instance:
    """Make a server in a folder of its own, and start it; what a killed creation left there is removed first.

    Args:
        folder: where it lives; its name is of no meaning.
        identifier: the DB instance identifier.
        master_username: the RDS master; not a superuser.
        master_password: its password; kept nowhere but, as a verifier, in PostgreSQL.
        database: the first database, owned by the master.
        port: a TCP port on loopback; None takes a free one. A taken one is replaced by a free one.
        parameters: PostgreSQL settings, from the first start on.
        registration: see `Instance.registration`.

    Raises:
        InstanceExistsError: the folder holds a finished server.
        ServerFailedError: PostgreSQL refused; nothing is left of the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    instance = Instance(
        identifier=identifier,
        port=port or free_port(),
        database=database,
        master_username=master_username,
        parameters=dict(parameters or {}),
        socket_folder=_socket_folder(folder),
        registration=dict(registration or {}),
    )
    with _locked(folder.parent):
        _clear(folder)
        folder.mkdir(mode=0o700)
        try:
            _initialise(folder, instance)
            instance = _start(folder, instance)
            _furnish(instance, master_password)
            instance.save(folder)
        except BaseException:
            _remove(folder, instance.socket_folder)
            raise
    return instance


def start(folder: Path) -> Instance:
    """Start the server unless it runs; the answer has another port than before when that was taken by somebody else.

    Raises:
        NoInstanceError: the folder holds no server.
        ServerFailedError: PostgreSQL refused; the folder is as it was.
    """
    with _locked(folder):
        return _start(folder, describe(folder))


def stop(folder: Path) -> None:
    """Stop the server if it runs; its data stays."""
    if (folder / "data").is_dir():
        process.stop(folder / "data")


def restart(folder: Path) -> Instance:
    """Stop and start the server, so that static parameters apply."""
    stop(folder)
    return start(folder)


def is_running(folder: Path) -> bool:
    """Say whether the server of the folder runs."""
    return process.postmaster(folder / "data") is not None


def remove(folder: Path) -> None:
    """Stop the server and delete its folder with all its data."""
    if folder.exists():
        _remove(folder, describe(folder).socket_folder)


def change(folder: Path, *, port: int | None = None, registration: Mapping[str, Any] | None = None) -> Instance:
    """Change the record of a server, and move a running one to another port.

    Raises:
        ServerFailedError: somebody else listens on that port; nothing has changed.
    """
    with _locked(folder):
        instance = describe(folder)
        moved = port is not None and port != instance.port
        if moved and not is_free(port or 0):
            raise ServerFailedError("move", instance.identifier, f"port {port} is taken", folder / "log")
        instance = replace(
            instance,
            port=port or instance.port,
            registration=dict(instance.registration if registration is None else registration),
        )
        if moved:
            stop(folder)
        instance.save(folder)
        return _start(folder, instance)


def move(folder: Path, target: Path, identifier: str) -> Instance:
    """Give a server another identifier and folder; it is stopped for as long as that takes.

    Raises:
        InstanceExistsError: the other folder holds a server.
    """
    with _locked(folder.parent):
        if target.exists():
            raise InstanceExistsError(target)
        stop(folder)
        instance = describe(folder)
        shutil.rmtree(instance.socket_folder, ignore_errors=True)
        replace(instance, identifier=identifier, socket_folder=_socket_folder(target)).save(folder)
        folder.rename(target)
    return start(target)


def start_all(home: Path) -> list[Instance]:
    """Start every server of a local environment that does not run."""
    return [start(folder) for folder in folders(home)]


def stop_all(home: Path) -> None:
    """Stop every server of a local environment."""
    for folder in folders(home):
        stop(folder)


def connect(instance: Instance, database: str = "postgres") -> Connection:
    """Return an autocommit connection of the superuser over the socket; no event trigger can refuse it."""
    import psycopg  # noqa: PLC0415 - a provider plugin has to start in half a second

    return psycopg.connect(
        host=instance.socket_folder,
        port=instance.port,
        user=SUPERUSER,
        dbname=database,
        autocommit=True,
        connect_timeout=10,
        options=versions.options_past_event_triggers(),
    )


def set_master_password(instance: Instance, password: str) -> None:
    """Give the master a new password."""
    with connect(instance) as connection:
        access.set_password(connection, instance.master_username, password)


def apply_parameters(folder: Path, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Let a running server have these settings, and return the names that wait for its next start."""
    instance = replace(describe(folder), parameters=dict(parameters))
    instance.save(folder)
    _write_settings(folder, instance)
    with connect(instance) as connection:
        loaded = _value(connection, "SELECT pg_conf_load_time()")
        connection.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connect(instance) as connection:
            if _value(connection, "SELECT pg_conf_load_time()") != loaded:
                return pending_parameters(instance)
        time.sleep(0.02)
    raise ServerFailedError("read its settings again", instance.identifier, "no answer in 10 s", folder / "log")


def pending_parameters(instance: Instance) -> tuple[str, ...]:
    """Return the names of the settings that differ from what the running server uses until its next start."""
    with connect(instance) as connection:
        rows = connection.execute("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name").fetchall()
    return tuple(str(name) for (name,) in rows)


def _start(folder: Path, instance: Instance) -> Instance:
    data = folder / "data"
    if process.postmaster(data) is not None and _answers(data, instance):
        return instance
    process.forget_dead(data, Path(instance.socket_folder))
    Path(instance.socket_folder).mkdir(mode=0o700, exist_ok=True)
    log.rotate(folder / "log")
    for attempt in range(1, _START_ATTEMPTS + 1):
        instance = _on_a_free_port(folder, instance)
        reason = _launch(folder)
        if reason is None:
            return instance
        if "could not bind" not in reason or attempt == _START_ATTEMPTS:
            break
    raise ServerFailedError("start", instance.identifier, reason or "", folder / "log")


def _answers(data: Path, instance: Instance) -> bool:
    """Wait until a postmaster that is there takes connections (True) or is gone (False)."""
    from psycopg import pq  # noqa: PLC0415 - see connect

    where = f"host='{instance.socket_folder}' port={instance.port} user={SUPERUSER} dbname=postgres"
    deadline = time.monotonic() + _START_SECONDS
    while process.postmaster(data) is not None and time.monotonic() < deadline:
        if pq.PGconn.ping(where.encode()) == pq.Ping.OK:
            return process.postmaster(data) is not None
        time.sleep(0.05)
    return False


def _on_a_free_port(folder: Path, instance: Instance) -> Instance:
    if not is_free(instance.port):
        instance = replace(instance, port=free_port())
    if (folder / RECORD).exists():
        instance.save(folder)
    _write_settings(folder, instance)
    return instance


def _launch(folder: Path) -> str | None:
    """Start the postmaster and return None, or why it did not start."""
    output = folder / "log"
    before = log.size(output)
    arguments: list[str | Path] = ["-D", folder / "data", "-l", output, "-w", "-t", str(_START_SECONDS), "-s", "start"]
    if programs.run("pg_ctl", arguments, output, _START_SECONDS + 10) == 0:
        return None
    return log.last_words(output, before)


def _initialise(folder: Path, instance: Instance) -> None:
    who = programs.account()
    Path(instance.socket_folder).mkdir(mode=0o700, exist_ok=True)
    output = folder / "log"
    output.touch()
    who.own(folder)
    who.own(Path(instance.socket_folder))
    arguments = ["--username", SUPERUSER, "--auth", "reject", "--encoding", "UTF8", "--no-instructions"]
    arguments += versions.locales()
    if programs.run("initdb", ["-D", folder / "data", *arguments], output) != 0:
        raise ServerFailedError("create its data folder", instance.identifier, log.last_words(output), output)


def _furnish(instance: Instance, master_password: str) -> None:
    from psycopg import sql  # noqa: PLC0415 - see connect

    with connect(instance) as connection:
        access.make_roles(connection, instance, master_password)
    for database in ("template1", "postgres"):
        with connect(instance, database) as connection:
            access.refuse_passwords_of_iam_members(connection)
    if instance.database != "postgres":
        names = sql.Identifier(instance.database), sql.Identifier(instance.master_username)
        with connect(instance) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


def _write_settings(folder: Path, instance: Instance) -> None:
    data = folder / "data"
    settings = {
        "max_connections": "100",
        # A quarter of 4 GiB, as RDS sets it; the machine gives it as pages are used. With PostgreSQL's own 128 MB, each
        # onboarding beside some thousand tenants would read the catalog from files.
        "shared_buffers": "1GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        **instance.parameters,
        "listen_addresses": instance.host,
        "port": str(instance.port),
        "unix_socket_directories": instance.socket_folder,
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        **versions.settings(),
    }
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    (data / "postgresql.conf").write_text("# Written at every start.\n" + "".join(lines))
    (data / "pg_hba.conf").write_text(access.HBA)


def _socket_folder(folder: Path) -> str:
    inside = folder.absolute() / "socket"
    if len(str(inside).encode()) <= _LONGEST_SOCKET_FOLDER_BYTES:
        return str(inside)
    return tempfile.mkdtemp(prefix="strata-", dir="/tmp")


def _clear(folder: Path) -> None:
    """Remove what a killed creation left: a folder whose record, written last, is not there."""
    if (folder / RECORD).exists():
        raise InstanceExistsError(folder)
    if folder.exists():
        _remove(folder, str(folder / "socket"))


def _remove(folder: Path, socket_folder: str) -> None:
    stop(folder)
    shutil.rmtree(socket_folder, ignore_errors=True)
    shutil.rmtree(folder)


def _value(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is on the folder itself and ends with the process that holds it."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise NoInstanceError(folder) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
