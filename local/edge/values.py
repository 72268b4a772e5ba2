"""Values of which a request makes many: frozen to whoever reads or checks the code, and cheap to make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_type(cls: type[_Class]) -> type[_Class]:
    """Make a class a dataclass that the type checker holds frozen.

    At run time nothing does: a frozen one takes about ten times as long to make, 0.3 us a field, and a hit has some 70.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
