"""What each benchmark promises: the question, the figure, and how far it may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison


@dataclass(frozen=True)
class Goal:
    """One promise.

    Args:
        name: of the benchmark, which is its module's.
        question: what the figure answers.
        bound: the last figure that keeps the promise, in the figure's unit.
        direction: on which side of the bound the promise is kept.
    """

    name: str
    question: str
    bound: float
    direction: Literal["at most", "at least"] = "at most"

    @property
    def command(self) -> str:
        """What reproduces the figure."""
        return f".venv/bin/python -m benchmarks {self.name}"

    def is_met_by(self, comparison: Comparison) -> bool:
        """Say whether the figure keeps the promise."""
        if self.direction == "at most":
            return comparison.figure <= self.bound
        return comparison.figure >= self.bound


GOALS: Final = (
    Goal(
        "onboard_one",
        "Onboarding one tenant as the stack does it, against the same statements in one psql session, "
        "from connect to commit in the server's log",
        1.3,
    ),
    Goal(
        "noop_preview",
        "A preview without changes at 1,000 tenants, against as many plain dynamic resources of equal input bytes",
        1.2,
    ),
    Goal(
        "onboarding_stall",
        "Typical worst wait of other tenants' statements in a window of 60 s in which a tenant is onboarded, at 1,000 "
        "tenants and beside a reader that holds a transaction open, minus the worst wait in the next window, without "
        "onboarding; the median of the windows' pairs",
        50,
    ),
    Goal(
        "edge_function",
        "99th percentile of calls of the edge function in njs on one core, each with a token of 1.2 KB and timed as "
        "the median of five runs",
        0.2,
    ),
    Goal("edge_function_size", "Size of the largest edge function as it is deployed", 4_096),
    Goal(
        "local_edge",
        "Requests per second of the local edge on hits, with its function and its log, against the same server with a "
        "constant answer",
        0.4,
        "at least",
    ),
    Goal(
        "middleware",
        "A request for a page of 50 payments to a small Starlette app with the origin's middleware, against the same "
        "app without it, in processor time",
        1.15,
    ),
    Goal(
        "hit_ratio",
        "Lines per second of the hit ratio by behavior from access logs, against plain Python that splits the lines "
        "and counts the same dimensions",
        1,
        "at least",
    ),
    Goal("hit_ratio_speed", "Lines of access logs that the hit ratio by behavior takes a second", 300_000, "at least"),
    Goal(
        "isolation",
        "Requests of a seeded run of a million by 12,000 callers, through the deployed distribution, for which a rule "
        "of isolation did not hold",
        0,
    ),
    Goal(
        "simulated_static",
        "Share of requests for shared data, Zipf over 200 objects at four edge locations, that the simulated edge "
        "answers from a cache",
        95,
        "at least",
    ),
    Goal(
        "simulated_polling",
        "Share of requests of callers who poll their own data every 5 s that the simulated edge answers from a cache; "
        "83.3 % is the most that 30 s allow",
        80,
        "at least",
    ),
    Goal(
        "simulated_shield",
        "Requests to the origin with Origin Shield, against the same traffic without it",
        1,
    ),
    Goal(
        "row_level_security",
        "A query that carries its tenant, planned and executed at 1,000 partitions, with the policies against the same "
        "query without row-level security",
        1.1,
    ),
    Goal(
        "offboard_drop_wal",
        "WAL of offboarding a tenant of a million rows without an archive, against DELETE and VACUUM",
        1 / 350,
    ),
    Goal(
        "statistics_refresh",
        "A refresh of the registry's figures for 4,000 leaves that all changed, against one catalog query that reads "
        "the same columns",
        2.5,
    ),
    Goal(
        "statistics_refresh_with_sizes",
        "The same with every partition's files measured, against one catalog query that measures them",
        1.3,
    ),
    Goal(
        "archive_memory",
        "Most memory of a process that archives a tenant of five million rows, reads the archive back and drops them; "
        "the bound is 200 MB",
        200_000_000 / 2**20,
    ),
    Goal(
        "archive_throughput",
        "Rows per second of archiving a tenant of a million rows into a bucket, against psql COPY ... TO STDOUT piped "
        "through gzip -6",
        0.9,
        "at least",
    ),
    Goal(
        "offboarding_stall",
        "Typical worst wait of other tenants' statements in a window of 60 s in which a tenant is offboarded, at 1,000 "
        "tenants and beside a reader that holds a transaction open, minus the worst wait in the next window, without "
        "offboarding; the median of the windows' pairs",
        50,
    ),
    Goal(
        "leaf_cpu",
        "Processor time to create a leaf of a bucketed table that has 5,000, against one of a flat table as large",
        0.25,
    ),
    Goal(
        "offboard_drop",
        "Time to offboard a tenant of a million rows without an archive, against DELETE and VACUUM, with the server's "
        "files in memory for both",
        1 / 13,
    ),
    Goal(
        "bulk_onboarding",
        "The first pulumi up of 1,000 tenants in bulk mode, against the same statements in one psql session with one "
        "transaction per tenant",
        1.5,
    ),
    Goal(
        "ten_thousand",
        "A tenant's query for a page of 20 rows at 10,000 tenants in buckets, against the same query at ten tenants",
        2,
    ),
)
