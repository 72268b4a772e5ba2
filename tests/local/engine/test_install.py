"""Where the engine comes from, in order, and how it is linked into an environment."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from local.engine import install
from local.engine.build import COMPANIONS
from local.engine.install import Engine, find_or_make, link_into
from local.engine.pin import Pin, pinned
from local.paths import CHECKOUT, Home
from local.ports import free_port
from tests.local.engine.test_official import GOOD, installer, make_cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}/install.sh"


class Builds:
    """A build that takes no minutes; it counts how often it was asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, folder: Path, pin: Pin, cache: Path) -> None:
        self.count += 1
        for name in ("pulumi", *COMPANIONS):
            (folder / name).write_text(f"#!/bin/sh\necho v{pin.version}\n")
            (folder / name).chmod(0o755)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds()
    monkeypatch.setattr(install, "build", builds)
    return builds


def test_the_users_own_comes_first(tmp_path: Path, builds: Builds) -> None:
    own = make_cli(tmp_path / "bin", "v3.400.0")
    assert find_or_make(str(own.parent), tmp_path / "cache") == Engine(own, "path")
    assert builds.count == 0


def test_the_installer_comes_before_a_build(tmp_path: Path, builds: Builds) -> None:
    with installer(GOOD) as url:
        engine = find_or_make("", tmp_path, url)

    assert (engine.origin, builds.count) == ("installer", 0)
    assert subprocess.check_output([engine.pulumi], text=True).strip() == f"v{pinned().version}"


def test_what_the_installer_brought_is_kept(tmp_path: Path, builds: Builds, nowhere: str) -> None:
    with installer(GOOD) as url:
        first = find_or_make("", tmp_path, url)
    assert find_or_make("", tmp_path, nowhere) == first


def test_a_build_is_the_last_resort_and_is_kept(tmp_path: Path, builds: Builds, nowhere: str) -> None:
    first = find_or_make("", tmp_path, nowhere)

    assert first == Engine(tmp_path / "engine" / pinned().cache_key / "pulumi", "build")
    assert find_or_make("", tmp_path, nowhere) == first
    assert builds.count == 1


def test_two_checkouts_build_once(tmp_path: Path, builds: Builds, nowhere: str) -> None:
    threads = [threading.Thread(target=find_or_make, args=("", tmp_path, nowhere)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert builds.count == 1


def test_an_interrupted_build_leaves_nothing_half_made(
    tmp_path: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path, *_: object) -> None:
        (folder / "pulumi").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        find_or_make("", tmp_path, nowhere)
    assert [one.name for one in (tmp_path / "engine").iterdir()] == ["lock"]


def test_a_build_is_linked_with_its_companions_and_our_language_host(tmp_path: Path, builds: Builds) -> None:
    builds(tmp_path, pinned(), tmp_path)
    home = Home(tmp_path / "home")
    link_into(home, Engine(tmp_path / "pulumi", "build"))

    assert (home.bin / "pulumi").samefile(tmp_path / "pulumi")
    assert not (home.bin / "pulumi").is_symlink()
    assert {one.name for one in home.bin.iterdir()} == {
        "pulumi",
        *COMPANIONS,
        "pulumi-language-python",
        ".strata-engine",
    }
    assert str(CHECKOUT / "local/engine/language_host.py") in (home.bin / "pulumi-language-python").read_text()


def test_an_official_cli_keeps_its_own_language_host(tmp_path: Path, builds: Builds) -> None:
    home = Home(tmp_path / "home")
    builds(tmp_path, pinned(), tmp_path)
    link_into(home, Engine(tmp_path / "pulumi", "build"))
    own = make_cli(tmp_path / "own", "v3.400.0")
    link_into(home, Engine(own, "path"))

    assert (home.bin / "pulumi").readlink() == own
    assert {one.name for one in home.bin.iterdir()} == {"pulumi", ".strata-engine"}
