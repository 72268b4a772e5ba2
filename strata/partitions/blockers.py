"""Who holds what we wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata import sql
from strata.advisory_locks import ONBOARD_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from strata.database import Connection


@dataclass(frozen=True)
class Blocker:
    """A session that others wait for; what it runs is None when this role may not see it."""

    pid: int
    user: str | None
    query_start: datetime | None
    state: str | None
    query: str | None

    def __str__(self) -> str:
        since = f" since {self.query_start:%Y-%m-%d %H:%M:%S%z}" if self.query_start else ""
        return f"pid {self.pid} ({self.user}, {self.state or 'state unknown'}{since}: {self.query or 'query unknown'})"


def find_blockers(
    connection: Connection,
    relations: Sequence[str],
    *,
    detaching: bool,
    above: Sequence[str] = (),
    exclusive: Sequence[str] = (),
    keys: Sequence[tuple[int, str]] = (),
) -> tuple[Blocker, ...]:
    """Return the sessions that an attach to, or a detach from, one of the relations waits for at this moment.

    Args:
        connection: outside of any transaction.
        relations: quoted, qualified names; those that do not exist are left out.
        detaching: a detach also waits for plain readers and for older snapshots.
        above: likewise; those that are only looked at, which nothing but ACCESS EXCLUSIVE stands in the way of.
        exclusive: likewise; those that are changed themselves, which any lock stands in the way of.
        keys: two-part advisory keys that are waited for; the second part is hashed by ``hashtext``.
    """
    query = sql.render(
        "partitions/blockers.sql.j2",
        relations=relations,
        detaching=detaching,
        onboard_key=ONBOARD_KEY,
        above=above,
        exclusive=exclusive,
        keys=keys,
    )
    return tuple(Blocker(*row) for row in connection.execute(query))


def describe(blockers: Sequence[Blocker]) -> str:
    """Return the sessions in one line."""
    return "; ".join(map(str, blockers)) or "nobody any more"
