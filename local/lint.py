"""Run every static check, all of them even when one fails: ``python -m local.lint``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.actionlint import actionlint
from local.paths import CHECKOUT
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKFLOWS: Final = CHECKOUT / ".github" / "workflows"
ACTIONS: Final = CHECKOUT / ".github" / "actions"
ZIZMOR_CONFIG: Final = CHECKOUT / ".github" / "zizmor.yml"

#: Programs of the virtual environment, with their arguments.
CODE_CHECKS: Final = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports",),
    # The rules of the policy pack, each against a mistake in a real plan.
    ("pytest", "-q", "-p", "no:cacheprovider", "tests/policy/test_rules.py"),
)
#: Offline: an audit that asks GitHub would differ from one run to the next.
ZIZMOR: Final = ("zizmor", "--offline", "--no-progress", "--quiet", "--persona", "pedantic", "--config")


def main() -> int:
    """Return 0 when every check passed."""
    failed = [check for check in _code_checks() if not _passes(check)]
    try:
        failed += [check for check in workflow_checks(WORKFLOWS, ACTIONS) if not _passes(check)]
    except StrataError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the answer of the command
        failed.append(["actionlint"])
    for check in failed:
        print(f"failed: {' '.join([Path(check[0]).name, *check[1:]])}", file=sys.stderr)  # noqa: T201 - the same
    return 1 if failed else 0


def _passes(command: list[str]) -> bool:
    return subprocess.call(command, cwd=CHECKOUT) == 0


def _code_checks() -> Iterator[list[str]]:
    yield from ([_program(name), *arguments] for name, *arguments in CODE_CHECKS)


def workflow_checks(workflows: Path, *others: Path) -> Iterator[list[str]]:
    """Yield what checks workflow files: actionlint for what is wrong, zizmor for what is unsafe.

    Args:
        workflows: a folder of workflows.
        others: folders with actions, which only zizmor reads.

    Raises:
        ActionlintBuildError, VirtualEnvironmentError: actionlint could not be built.
    """
    # Empty: shellcheck and pyflakes would be run where a machine happens to have them, and nowhere else.
    alone = ["-shellcheck=", "-pyflakes="]
    yield [str(actionlint()), *alone, *(str(file) for file in sorted(workflows.glob("*.yml")))]
    name, *arguments = ZIZMOR
    yield [_program(name), *arguments, str(ZIZMOR_CONFIG), str(workflows), *map(str, others)]


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


if __name__ == "__main__":
    sys.exit(main())
