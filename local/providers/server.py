"""The plugin process: it serves the engine's contract on a loopback port, prints the port, and ends with the engine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc  # type: ignore[import-untyped]  # grpcio ships no types

from local.providers.protocol import provider_pb2_grpc
from local.providers.wire import ProviderServicer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from local.providers.provider import Provider

# As the SDK's own servers: sdk/python/lib/pulumi/runtime/_grpc_settings.py.
_LARGEST_MESSAGE_BYTES: Final = 400 * 1024 * 1024
# The engine runs four calls per processor at once unless told otherwise; a thread that only waits costs little.
_THREADS: Final = 32
_PARENT_CHECK_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 5.0


def serve(provider_factory: Callable[[], Provider]) -> None:
    """Serve until the engine ends the process, or is gone.

    The port and a newline are the first line on standard output: the engine reads them and nothing else.
    """
    parent = os.getppid()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_THREADS),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(provider_factory()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine killed outright signals nobody; a plugin without a parent would stay for ever.
    while not stopped.wait(_PARENT_CHECK_SECONDS) and os.getppid() == parent:
        pass
    server.stop(_GRACE_SECONDS).wait()
    # The engine has 5 s for the end of all its plugins together, and calls what is later a bug (pkg/host/host.go,
    # ReleaseContext); on a busy machine an interpreter's own end takes a second or two of them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
