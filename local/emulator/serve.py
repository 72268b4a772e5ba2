"""Serve the emulator and save its state shortly after each change; run by the emulator's own Python.

The emulator itself saves on a clean stop only, so a killed one would forget everything since its start.
Its settings come from the environment (`local.emulator.server`); the one argument is ``host:port``.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any, Final

import hypercorn.asyncio  # type: ignore[import-not-found]  # installed in the emulator's virtual environment only
import hypercorn.config  # type: ignore[import-not-found]  # the same
from ministack import app as ministack  # type: ignore[import-not-found]  # the same
from ministack.core import persistence  # type: ignore[import-not-found]  # the same

#: Changes within this time are saved together; a killed emulator forgets no more than this.
SAVE_AFTER_SECONDS: Final = 0.25
#: Reads by HTTP method; the query protocols of EC2 and RDS read with POST, which then costs one needless save.
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SavingApplication:
    """The emulator's ASGI application, followed by a save of its state."""

    def __init__(self) -> None:
        self._pending: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one request; a change is saved soon after its answer."""
        await ministack.app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in READS and self._pending is None:
            self._pending = asyncio.create_task(self._save_soon())

    async def _save_soon(self) -> None:
        await asyncio.sleep(SAVE_AFTER_SECONDS)
        self._pending = None
        # On the loop's thread, where the emulator's own handlers change the state.
        persistence.save_all(ministack._build_persistence_save_dict())  # noqa: SLF001 - what its own shutdown calls


async def main(address: str) -> None:
    """Serve until SIGTERM or SIGINT, then stop cleanly."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logging.getLogger("persistence").setLevel(logging.WARNING)  # else several lines for every change
    config = hypercorn.config.Config()
    config.bind = [address]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    await hypercorn.asyncio.serve(SavingApplication(), config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
