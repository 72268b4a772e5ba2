"""What a rule asks of which stack: by the stack's name, as the config's own rules do."""

from __future__ import annotations

from typing import Final

#: Stacks that may be destroyed without asking.
_DISPOSABLE: Final = frozenset({"local", "dev"})


def is_production(stack: str) -> bool:
    """Whether a stack's mistakes reach customers: ``prod``, and its further cells such as ``prod-2``."""
    return stack.split("-", maxsplit=1)[0] == "prod"


def is_protected(stack: str) -> bool:
    """Whether what a stack keeps must be guarded against being deleted."""
    return stack not in _DISPOSABLE
