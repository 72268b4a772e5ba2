"""Checkov, run on Terraform JSON without network and without a configuration file of anybody's."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.paths import CHECKOUT, cache_folder
from local.virtual_environment import ensure_virtual_environment
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIREMENTS: Final = CHECKOUT / "local" / "scanner" / "requirements.txt"
_FILE: Final = "plan.tf.json"
#: Terraform JSON only; nothing is asked of the scanner's own service.
_OPTIONS: Final = ("--framework", "terraform_json", "--output", "json", "--skip-download", "--compact")


class ScannerError(StrataError):
    """A scan that did not come to an end."""


@dataclass(frozen=True)
class Finding:
    """What one check says of one resource.

    Args:
        check: the check's id, for example ``CKV_AWS_17``.
        resource: logical name of the resource.
        title: what the check asks for.
    """

    check: str
    resource: str
    title: str


@dataclass(frozen=True)
class Report:
    """What the scanner found in one plan."""

    failed: tuple[Finding, ...]
    passed: tuple[Finding, ...]

    @property
    def failed_checks(self) -> frozenset[str]:
        """Return the ids of the checks that some resource fails."""
        return frozenset(finding.check for finding in self.failed)


def scan(plans: Mapping[str, Mapping[str, Any]]) -> dict[str, Report]:
    """Scan plans in one run of the scanner, each apart from the others.

    Args:
        plans: content of a ``.tf.json`` file by a name that is a folder's.

    Raises:
        ScannerError: the scanner failed, or could not read a plan.
    """
    with tempfile.TemporaryDirectory(prefix="strata-scan-") as folder:
        for name, content in plans.items():
            path = Path(folder, name, _FILE)
            path.parent.mkdir()
            path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        results = _run(folder)
    return {name: Report(_of(results, "failed_checks", name), _of(results, "passed_checks", name)) for name in plans}


def _run(folder: str) -> Mapping[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("BC_", "CKV_", "PRISMA_"))}
    done = subprocess.run(
        [str(_program()), "--directory", folder, *_OPTIONS],
        env={**environment, "LOG_LEVEL": "ERROR"},
        # Its own configuration file would be read from the working directory.
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer = json.loads(done.stdout)
        unread = answer["results"]["parsing_errors"]
    except (ValueError, KeyError, TypeError):
        raise _failure(f"it ended with {done.returncode}: {done.stderr.strip()[-500:]}") from None
    if unread:
        raise _failure(f"it could not read {', '.join(unread)}")
    results: Mapping[str, Any] = answer["results"]
    return results


def _program() -> Path:
    """Return the scanner's executable, installed for this user where it is missing."""
    folder = cache_folder() / "scanner"
    ensure_virtual_environment(folder, REQUIREMENTS)
    return folder / "bin" / "checkov"


def _failure(what: str) -> ScannerError:
    return ScannerError(f"the scanner failed: {what}", next_command="the same command again, or make clean first")


def _of(results: Mapping[str, Any], kind: str, name: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(one["check_id"], one["resource"].partition(".")[2], one["check_name"])
        for one in results[kind]
        if one["file_path"] == f"/{name}/{_FILE}"
    )
