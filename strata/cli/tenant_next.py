"""Which stack the commands are about that `strata tenant` advises: the one that was named to it, in any shell."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.cli.stack_database import DATABASE_VARIABLE
from strata.engine_contract import CONFIG_FILE_VARIABLE
from strata.stack_file import find_stack_file
from strata.tenant_command import StackCommands, option

if TYPE_CHECKING:
    from pathlib import Path

#: Where it is not known: a command with it is refused, and reaches no other stack.
_SOME_STACK: Final = "STACK"
_DATABASE: Final = re.compile(r"ssm:/strata/([^/]+)/database")
_STACK_FILE: Final = re.compile(r"Pulumi\.(.+)\.yaml")


@dataclass(frozen=True)
class NamedStack:
    """A stack as options name it; with none of them, the variables of the shell do, for the next command too.

    Args:
        stack: its name.
        file: its stack file.
        database: the reference of its database, typed or exported.
    """

    stack: str | None = None
    file: Path | None = None
    database: str | None = None

    @property
    def in_stack_file(self) -> tuple[str, ...]:
        """The options with which a command about the stack file finds it."""
        if self.file is not None:
            return (*self._stack_option(self.stack), *option("--file", str(self.file)))
        return self._stack_option(self._name)

    @property
    def in_database(self) -> tuple[str, ...]:
        """The options with which a command about the database finds it."""
        reference = self._typed_database
        if reference is None and self._name is not None:
            reference = f"ssm:/strata/{self._name}/database"
        return () if reference is None else option("--database", reference)

    @property
    def commands(self) -> StackCommands:
        """How commands about it name it."""
        return StackCommands(self.in_stack_file, self.in_database, self.engine("up"))

    def engine(self, verb: str, *options: str) -> str:
        """Return a command of the engine for it."""
        words = ["pulumi", verb, *options, *self._stack_option(self._name)]
        # The variable is about the stack that is exported, and the engine would read that one's file for this one.
        if self.file is not None or (self._name is not None and CONFIG_FILE_VARIABLE in os.environ):
            words += option("--config-file", str(find_stack_file(self._name, self.file)))
        return shlex.join(words)

    @property
    def _typed_database(self) -> str | None:
        return None if self.database == os.environ.get(DATABASE_VARIABLE) else self.database

    @property
    def _name(self) -> str | None:
        """Its name, also as a file or a reference holds it; None where variables name it."""
        if self.stack is not None:
            return self.stack
        if self.file is not None:
            found = _STACK_FILE.fullmatch(self.file.name)
        elif self._typed_database is not None:
            found = _DATABASE.fullmatch(self._typed_database)
        else:
            return None
        return found[1] if found else _SOME_STACK

    @staticmethod
    def _stack_option(name: str | None) -> tuple[str, ...]:
        return () if name is None else option("--stack", name)
