"""A long-running program with its progress shown, so that silent minutes do not look dead."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from threading import Thread
from typing import IO, TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

#: How often a line is printed where it cannot be rewritten, for example in a CI log.
LINE_SECONDS: Final = 15.0
#: How much of the program's output a failure shows.
KEPT_LINES: Final = 20


class CommandError(Exception):
    """A program that ended with an error; the message is the end of what it said."""


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    describe: Callable[[int], str],
    screen: TextIO = sys.stderr,
) -> list[str]:
    """Run a program to its end, show `describe(lines so far)` with the elapsed time, and return its output's lines.

    Args:
        command: the program and its arguments.
        folder: its working directory.
        environment: its whole environment.
        describe: says what is going on from the number of lines that it wrote to stderr.
        screen: where progress is shown; rewritten in place when it is a terminal.

    Raises:
        CommandError: the program ended with an error.
    """
    started = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        output, errors = _Lines(process.stdout), _Lines(process.stderr, KEPT_LINES)
        display = _Display(screen)
        while output.is_alive() or errors.is_alive():
            errors.join(0.5)
            output.join(0.01)
            display.show(f"{describe(errors.count)} ({_minutes(time.monotonic() - started)})")
        code = process.wait()
    display.finish()
    if code != 0:
        raise CommandError("\n".join(errors.kept) or f"{command[0]} ended with {code}")
    return list(output.kept)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class _Lines(Thread):
    """Reads a stream to its end, so that the program never waits for us."""

    def __init__(self, stream: IO[str] | None, keep: int | None = None) -> None:
        super().__init__(daemon=True)
        assert stream is not None
        self._stream = stream
        self.count = 0
        self.kept: deque[str] = deque(maxlen=keep)
        self.start()

    def run(self) -> None:
        for line in self._stream:
            self.kept.append(line.rstrip("\n"))
            self.count += 1


class _Display:
    """One line, rewritten in place on a terminal and repeated now and then elsewhere."""

    def __init__(self, screen: TextIO) -> None:
        self._screen = screen
        self._terminal = screen.isatty()
        self._next = time.monotonic() + 1.0
        self._shown = False

    def show(self, text: str) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.5 if self._terminal else LINE_SECONDS)
        self._shown = True
        print(f"\r\x1b[K{text}" if self._terminal else text, end="" if self._terminal else "\n", file=self._screen)
        self._screen.flush()

    def finish(self) -> None:
        if self._terminal and self._shown:
            print(file=self._screen)
