"""The official Pulumi CLI: already on this machine, or brought by its own installer where that can be reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.engine.pin import is_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Documented at https://www.pulumi.com/docs/iac/download-install/.
INSTALLER_URL: Final = "https://get.pulumi.com/install.sh"
#: A machine without a route to the installer shall not wait for it.
INSTALLER_TIMEOUT_SECONDS: Final = 5.0
#: Long enough for 120 MB at 400 kB/s.
DOWNLOAD_TIMEOUT_SECONDS: Final = 300.0
#: Beside a `pulumi` that this project put there; such a one is no installation of the user's.
OURS: Final = ".strata-engine"

LANGUAGE_HOST: Final = "pulumi-language-python"


def find_on_path(path: str, oldest: str) -> Path | None:
    """Return the first complete official CLI on PATH that is not older than the pin.

    Args:
        path: a PATH string.
        oldest: the pinned version, without a leading v.
    """
    return next((found for found in _candidates(path) if _is_complete(found, path) and _fits(found, oldest)), None)


def _candidates(path: str) -> Iterator[Path]:
    for folder in path.split(":"):
        found = Path(folder or ".") / "pulumi"
        if found.is_file() and not (found.parent / OURS).exists():
            yield found


def _is_complete(pulumi: Path, path: str) -> bool:
    return (pulumi.resolve().parent / LANGUAGE_HOST).exists() or shutil.which(LANGUAGE_HOST, path=path) is not None


def _fits(pulumi: Path, oldest: str) -> bool:
    try:
        with tempfile.TemporaryDirectory() as home:  # even this command writes into the home it is given
            answer = subprocess.run(
                [str(pulumi), "version"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env={"PULUMI_SKIP_UPDATE_CHECK": "true", "HOME": home, "PATH": os.defpath},
            )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and is_at_least(answer.stdout, oldest)


def install(
    folder: Path,
    version: str,
    url: str = INSTALLER_URL,
    timeout_seconds: float = INSTALLER_TIMEOUT_SECONDS,
    download_timeout_seconds: float = DOWNLOAD_TIMEOUT_SECONDS,
) -> str | None:
    """Run the official installer into a folder and return why it did not work, or None when it did.

    Args:
        folder: gets a folder ``bin`` with the CLI and its plugins.
        version: the pinned version, without a leading v.
        url: where the installer is.
        timeout_seconds: for the installer itself to answer.
        download_timeout_seconds: for the download that it then makes.
    """
    try:
        with urllib.request.urlopen(url, timeout=timeout_seconds) as answer:  # noqa: S310 - a constant https address
            script = answer.read()
    except (urllib.error.URLError, OSError) as error:
        return f"{url} cannot be reached: {getattr(error, 'reason', error)}"
    if not script.startswith(b"#!"):
        return f"{url} answered something that is no installer"
    command = ["sh", "-s", "--", "--no-edit-path", "--install-root", str(folder), "--version", version]
    try:
        run = subprocess.run(command, input=script, capture_output=True, check=False, timeout=download_timeout_seconds)
    except subprocess.TimeoutExpired:
        return f"the download took more than {download_timeout_seconds:.0f} s"
    if run.returncode != 0 or not (folder / "bin" / LANGUAGE_HOST).exists():
        return f"the installer failed: {(run.stderr or run.stdout).decode(errors='replace').strip()[-200:]}"
    return None if _fits(folder / "bin" / "pulumi", version) else "the installer brought a CLI that does not run here"
