"""How the program's process runs: it describes thousands of resources in seconds, and ends."""

import gc
import logging

import pulumi


def make_quick() -> None:
    """Leave out what costs a third of a program's time at 1,000 tenants and gives its user nothing.

    The garbage collector looks at millions of objects that all live to the end: at 5,000 tenants, memory is the same
    without it. And the SDK sends the engine four debug messages per resource and waits for each to arrive
    (`pulumi.log.debug`); they are kept from the engine, and go to the logger of this module.
    """
    gc.disable()
    pulumi.log.debug = _debug


def _debug(
    msg: str,
    resource: pulumi.Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,
) -> None:
    """Log the message of the SDK in this process alone; the arguments are those of `pulumi.log.debug`."""
    del resource, stream_id, ephemeral
    logging.getLogger(__name__).debug(msg)
