"""Who holds what we wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata import sql
from strata.advisory_locks import ONBOARD_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.database import Connection


@dataclass(frozen=True)
class Blocker:
    """A session that others wait for.

    Args:
        pid: of its process.
        user: who logged in; None for a process of the server itself.
        query_start: when what it runs began, or what it ran last, in UTC.
        state: as in ``pg_stat_activity``.
        query: what it runs, or ran last; its beginning.
        hidden_from: the role, quoted, that asked and may not see these three; None where it may.
    """

    pid: int
    user: str | None
    query_start: str | None
    state: str | None
    query: str | None
    hidden_from: str | None = None

    def __str__(self) -> str:
        if self.hidden_from:
            return f"pid {self.pid} ({self.user}, what it runs is hidden)"
        since = f" since {self.query_start}" if self.query_start else ""
        query = " ".join((self.query or "query unknown").split())
        return f"pid {self.pid} ({self.user}, {self.state or 'state unknown'}{since}: {query})"


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
    roles = sorted({blocker.hidden_from for blocker in blockers if blocker.hidden_from})
    remedies = [f"the master lets {role} see that: GRANT pg_monitor TO {role}" for role in roles]
    return "; ".join([*map(str, blockers), *remedies]) or "nobody any more"


def how_to_end(blockers: Sequence[Blocker]) -> str:
    """Return the first step towards going on: what ends the sessions, and who may; nothing where there is none.

    The owner of the tables may not: that would let it end every session of the database.
    """
    if not blockers:
        return ""
    calls = ", ".join(f"pg_terminate_backend({blocker.pid})" for blocker in blockers)
    return f"let those sessions end, or let their user or the master run SELECT {calls}; then "
