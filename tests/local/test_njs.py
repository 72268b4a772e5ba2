"""Finding njs and fetching it, with stand-ins for apt-get and dpkg-deb on a PATH of the test's own."""

from __future__ import annotations

import pytest

from local.njs import NjsFetchError, NoPackageManagerError, find_or_fetch, version

WORKS = "#!/bin/sh\necho 0.7.9\n"
#: Unpacks the "package", which is the program itself, as dpkg-deb does.
DPKG_DEB = '#!/bin/sh\nmkdir -p "$3/usr/bin" && cp "$2" "$3/usr/bin/njs" && chmod +x "$3/usr/bin/njs"\n'


@pytest.fixture
def folder(tmp_path):
    """Return a folder for programs that the test puts on PATH."""
    made = tmp_path / "bin"
    made.mkdir()
    return made


def put(folder, name, text):
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def apt_get(folder, script):
    """Put an apt-get there that notes how it is called, and a dpkg-deb."""
    put(folder, "apt-get", f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script}\n')
    put(folder, "dpkg-deb", DPKG_DEB)


def package(folder, text=WORKS):
    put(folder, "package", text)
    return f"/bin/cp {folder}/package njs_0.7.9-2_any.deb"


def test_the_machine_s_own_is_taken_as_it_is(folder, tmp_path):
    put(folder, "njs", WORKS)
    assert find_or_fetch(str(folder), tmp_path / "cache") == folder / "njs"
    assert not (tmp_path / "cache").exists()
    assert version(folder / "njs") == "0.7.9"


def test_the_package_is_fetched_once(folder, tmp_path):
    apt_get(folder, package(folder))
    found = find_or_fetch(str(folder), tmp_path / "cache")
    assert found == tmp_path / "cache" / "njs" / "usr" / "bin" / "njs"
    assert find_or_fetch(str(folder), tmp_path / "cache") == found
    assert (folder / "calls").read_text() == "download njs\n"


def test_where_the_system_s_lists_are_empty_lists_of_its_own_are_fetched(folder, tmp_path):
    # As apt does: no package is known before an update, and both must use the same lists.
    apt_get(
        folder,
        f'case "$*" in *update) echo known > "${{2#Dir::State::Lists=}}/known" ;;\n'
        f'*Lists*download*) [ -e "${{2#Dir::State::Lists=}}/known" ] && {package(folder)} ;;\n'
        '*) echo "E: Unable to locate package njs" >&2; exit 100 ;; esac',
    )
    assert find_or_fetch(str(folder), tmp_path / "cache").exists()
    calls = (folder / "calls").read_text().splitlines()
    assert [line.split()[-1] for line in calls] == ["njs", "update", "njs"]
    assert "Dir::State::Lists=/" not in calls[0]
    assert all("Dir::State::Lists=/" in line and "Dir::Cache=/" in line for line in calls[1:])


def test_no_network_is_said_with_a_remedy(folder, tmp_path):
    apt_get(folder, 'echo "E: Temporary failure resolving mirror" >&2; exit 100')
    with pytest.raises(NjsFetchError) as caught:
        find_or_fetch(str(folder), tmp_path / "cache")
    assert str(caught.value) == (
        "njs could not be fetched: E: Temporary failure resolving mirror; "
        "next: install the package njs (Debian: apt-get install njs), then the same command again"
    )
    assert not (tmp_path / "cache" / "njs").exists()


def test_a_failure_without_words_is_said_too(folder, tmp_path):
    apt_get(folder, "exit 7")
    with pytest.raises(NjsFetchError, match="apt-get ended with 7"):
        find_or_fetch(str(folder), tmp_path / "cache")


def test_a_program_that_does_not_run_is_not_kept(folder, tmp_path):
    apt_get(folder, package(folder, "#!/bin/sh\necho 'libpcre2-8.so.0: cannot open shared object' >&2\nexit 127\n"))
    with pytest.raises(NjsFetchError, match="libpcre2-8.so.0: cannot open shared object"):
        find_or_fetch(str(folder), tmp_path / "cache")
    assert not (tmp_path / "cache" / "njs").exists()


def test_one_that_no_longer_runs_is_fetched_again(folder, tmp_path):
    apt_get(folder, package(folder))
    found = find_or_fetch(str(folder), tmp_path / "cache")
    found.write_text("#!/bin/sh\nexit 1\n")
    assert find_or_fetch(str(folder), tmp_path / "cache").read_text() == WORKS


def test_a_system_without_apt_is_another_error(folder, tmp_path):
    with pytest.raises(NoPackageManagerError, match="njs is not on PATH, and there is no apt-get to fetch it with"):
        find_or_fetch(str(folder), tmp_path / "cache")
