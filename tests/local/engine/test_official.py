"""Finding the user's own CLI, and the official installer in every way in which it can fail."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import official
from local.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = "3.259.0"


def make_cli(folder: Path, says: str, *, host: bool = True) -> Path:
    folder.mkdir(parents=True)
    for name in ("pulumi", "pulumi-language-python") if host else ("pulumi",):
        (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
        (folder / name).chmod(0o755)
    return folder / "pulumi"


def path_of(*folders: Path) -> str:
    return ":".join(map(str, folders))


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    make_cli(tmp_path / "old", "v3.100.0")
    wanted = make_cli(tmp_path / "new", "v3.260.0")
    make_cli(tmp_path / "later", "v3.300.0")

    path = path_of(tmp_path / "none", tmp_path / "old", tmp_path / "new", tmp_path / "later")
    assert official.find_on_path(path, VERSION) == wanted


@pytest.mark.parametrize("says", ["v3.258.9", "v3.260.0-dev", "nonsense; exit 1"])
def test_what_is_too_old_or_no_release_is_not_taken(tmp_path: Path, says: str) -> None:
    make_cli(tmp_path / "bin", says)
    assert official.find_on_path(path_of(tmp_path / "bin"), VERSION) is None


def test_a_cli_without_its_language_host_is_not_taken(tmp_path: Path) -> None:
    make_cli(tmp_path / "bin", "v3.260.0", host=False)
    assert official.find_on_path(path_of(tmp_path / "bin"), VERSION) is None


def test_a_linked_cli_has_its_language_host_where_the_link_points(tmp_path: Path) -> None:
    real = make_cli(tmp_path / "opt", "v3.260.0")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(real)
    assert official.find_on_path(path_of(tmp_path / "bin"), VERSION) == tmp_path / "bin" / "pulumi"


def test_a_cli_that_this_project_linked_is_no_installation(tmp_path: Path) -> None:
    make_cli(tmp_path / "bin", "v3.260.0")
    (tmp_path / "bin" / official.OURS).touch()
    assert official.find_on_path(path_of(tmp_path / "bin"), VERSION) is None


@contextmanager
def installer(script: bytes, status: int = 200, delay_seconds: float = 0) -> Iterator[str]:
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if delay_seconds:
                released.wait(delay_seconds)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(script)))
                self.end_headers()
                self.wfile.write(script)
            except BrokenPipeError:
                return  # the client gave up waiting, as the test wants

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/install.sh"
        finally:
            released.set()
            server.shutdown()
            thread.join()


GOOD = b"""#!/bin/sh
while [ $# -gt 0 ]; do case "$1" in --install-root) root=$2; shift;; --version) version=$2; shift;; esac; shift; done
mkdir -p "$root/bin"
for name in pulumi pulumi-language-python; do
    printf '#!/bin/sh\\necho v%s\\n' "$version" > "$root/bin/$name"; chmod +x "$root/bin/$name"
done
"""


def test_the_installer_is_given_folder_and_version(tmp_path: Path) -> None:
    with installer(GOOD) as url:
        assert official.install(tmp_path, VERSION, url) is None

    assert os.access(tmp_path / "bin" / "pulumi", os.X_OK)


def test_a_refusal_says_so(tmp_path: Path) -> None:
    with installer(b"no", 403) as url:
        assert official.install(tmp_path, VERSION, url) == f"{url} cannot be reached: Forbidden"


def test_nobody_there_says_so(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/install.sh"
    assert official.install(tmp_path, VERSION, url) == f"{url} cannot be reached: [Errno 111] Connection refused"


def test_a_silent_server_is_not_waited_for(tmp_path: Path) -> None:
    with installer(GOOD, delay_seconds=30) as url:
        assert official.install(tmp_path, VERSION, url, timeout_seconds=0.2) == f"{url} cannot be reached: timed out"


def test_the_page_of_a_portal_is_no_installer(tmp_path: Path) -> None:
    with installer(b"<html>please log in</html>") as url:
        assert official.install(tmp_path, VERSION, url) == f"{url} answered something that is no installer"


def test_a_failing_installer_is_quoted(tmp_path: Path) -> None:
    with installer(b"#!/bin/sh\necho no tarball for you >&2; exit 1\n") as url:
        assert official.install(tmp_path, VERSION, url) == "the installer failed: no tarball for you"


def test_an_endless_download_is_given_up(tmp_path: Path) -> None:
    with installer(b"#!/bin/sh\nexec sleep 30\n") as url:
        answer = official.install(tmp_path, VERSION, url, download_timeout_seconds=0.3)
    assert answer == "the download took more than 0 s"


def test_a_cli_for_another_machine_is_not_taken(tmp_path: Path) -> None:
    with installer(GOOD.replace(b"echo v%s", b"exit 126 %s")) as url:
        assert official.install(tmp_path, VERSION, url) == "the installer brought a CLI that does not run here"
