"""The errors of Strata: one base class, so that every front end can print them in one shape.

A message says what went wrong, where, what is allowed, and the next command to run.
Facts are attributes; secrets are never among them.
"""

from collections.abc import Mapping


class StrataError(Exception):
    """A refusal or failure that a user can act on.

    Args:
        what: one line, the cause.
        where: named places in reading order, for example ``{"stack": "dev", "tenant": "acme"}``.
        allowed: what would have been accepted, if that is known.
        next_command: the command that brings the user further, if there is one.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Mapping[str, object] | None = None,
        allowed: str | None = None,
        next_command: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = dict(where or {})
        self.allowed = allowed
        self.next_command = next_command

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value}" for name, value in self.where.items())
        parts = [f"{self.what} ({place})" if place else self.what]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.next_command:
            parts.append(f"next: {self.next_command}")
        return "; ".join(parts)
