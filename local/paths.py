"""Where the local environment keeps its files: one folder, the environment's home."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The folder that holds Pulumi.yaml.
CHECKOUT: Final = Path(__file__).resolve().parent.parent

#: The stack of the local environment.
STACK: Final = "local"


@dataclass(frozen=True)
class Home:
    """The files of one local environment; several may live side by side.

    Args:
        root: the environment's folder, absolute.
        project: the folder with the Pulumi.yaml that the environment runs.
    """

    root: Path
    project: Path = CHECKOUT

    @property
    def is_default(self) -> bool:
        """Whether the home is the checkout's own ``.strata``, which uses the tracked stack file."""
        return self.root == self.project / ".strata"

    @property
    def stack_file(self) -> Path:
        """The stack file in use: the tracked one, or a copy of its own for a home elsewhere."""
        return (self.project if self.is_default else self.root) / f"Pulumi.{STACK}.yaml"

    @property
    def marker(self) -> Path:
        """The file that says a folder is a home; nothing is ever removed from a folder without it."""
        return self.root / ".strata-home"

    @property
    def lock(self) -> Path:
        """The file locked by the one command that changes the environment."""
        return self.root / "lock"

    @property
    def bin(self) -> Path:
        """Executables that come first on PATH."""
        return self.root / "bin"

    @property
    def environment_file(self) -> Path:
        """The shell exports for ``source``."""
        return self.root / "env"

    @property
    def ports_file(self) -> Path:
        """The chosen ports, by name."""
        return self.root / "ports.json"

    @property
    def pulumi(self) -> Path:
        """PULUMI_HOME, so that the user's own is never touched."""
        return self.root / "pulumi"

    @property
    def state(self) -> Path:
        """The file backend of the engine."""
        return self.root / "state"

    @property
    def emulator(self) -> Path:
        """State of the AWS emulator."""
        return self.root / "emulator"

    @property
    def postgres(self) -> Path:
        """One folder per DB instance."""
        return self.root / "postgres"

    @property
    def logs(self) -> Path:
        """Logs of the processes."""
        return self.root / "logs"

    @property
    def stale_marker(self) -> Path:
        """Present while the emulator may have forgotten what the engine's state remembers."""
        return self.emulator / "stale"


def home_from_environment(environment: Mapping[str, str] = os.environ) -> Home:
    """Return the home named by STRATA_HOME, by default ``.strata`` in the checkout."""
    named = environment.get("STRATA_HOME")
    return Home(Path(named).expanduser().resolve() if named else CHECKOUT / ".strata")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the per-user cache shared by all checkouts, as the XDG base directory specification places it."""
    named = environment.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "strata"
