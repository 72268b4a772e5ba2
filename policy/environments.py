"""What a rule asks of which stack.

The engine tells a policy the stack's name only, and not its config. A name that does not say what the stack is for
has to do what production does, so that no stack escapes a rule by what it is called.
"""

from __future__ import annotations

from strata.environments.names import purpose_of


def is_production(stack: str) -> bool:
    """Whether a stack's mistakes may reach customers."""
    return purpose_of(stack) in {"production", None}


def is_protected(stack: str) -> bool:
    """Whether what a stack keeps must be guarded against being deleted."""
    return purpose_of(stack) != "development"
