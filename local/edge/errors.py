"""What the local edge refuses, by name, instead of pretending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnmodelledError(StrataError):
    """A distribution that the local edge does not model, or that CloudFront itself would refuse.

    Args:
        what: one line, the setting and its value.
        where: the distribution, and the behavior, policy or origin in it.
        allowed: what is modelled.
    """

    def __init__(self, what: str, *, where: Mapping[str, object], allowed: str) -> None:
        super().__init__(f"the local edge does not model {what}", where=where, allowed=allowed)


class InvalidationItemError(StrataError):
    """An invalidation item that CloudFront would refuse.

    Args:
        item: as given.
        allowed: what is accepted.
    """

    def __init__(self, item: str, *, allowed: str) -> None:
        super().__init__("not an invalidation item", where={"item": repr(item)}, allowed=allowed)
        self.item = item
