"""What must hold of every request of a run; a violation names the one that did not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Rule(Enum):
    """One assertion. The first group is about what a viewer gets; the others look where traffic alone finds nothing."""

    ANOTHER_CALLER = "an answer is its caller's own"
    NOBODY = "who shows no accepted token gets no caller's answer"
    CALLER_ON_SHARED_PATH = "a shared answer is nobody's own"
    ANOTHER_HOST = "a caller's answer is of the host that was asked"
    ANOTHER_REQUEST = "an answer is of the path and query that were asked, and of no other request's headers"
    KEPT = "what may not be kept answers one request only"
    PURGED = "what was purged is served no more"
    OUTDATED = "nothing is served longer than its class and its handler let it"

    REFUSED_AT_EDGE = "the edge itself refuses what it must, and keeps no refusal"
    STORE_OUTAGE = "without its secrets the edge answers 503"
    ANSWERED = "what is in order is answered, and what is not is refused, while the origin works"
    PAST_THE_EDGE = "the origin refuses whatever comes past the edge"

    DIGEST = "x-auth-hash is the HMAC of host, epoch and token, 64 hexadecimal digits"
    FORGED = "nothing that a caller wrote reaches the origin under the edge's own names"
    AUTHORIZATION = "an uncached path passes Authorization on as it came"
    UNKEYED_INPUT = "the origin of a cached path sees nothing but the key and the listed inputs"
    KEEPABLE = "an answer that may be kept says so"
    LANGUAGE = "the origin sees one of the known languages, the one that the caller likes best"
    VIEWER_HEADERS = "a caller's answer is private to the viewer, without cookies, tags and words for caches"
    LOG = "the log line has class and tenant and nothing else"

    @property
    def is_about_viewers(self) -> bool:
        """Whether a viewer sees that it does not hold."""
        return self in _ABOUT_VIEWERS


_ABOUT_VIEWERS = frozenset(list(Rule)[:8])


@dataclass(frozen=True)
class Violation:
    """A request for which a rule did not hold.

    Args:
        rule: the one.
        seed: of the run.
        number: of the request in it.
        detail: what was seen; tokens are made up, so they may stand here.
    """

    rule: Rule
    seed: int
    number: int
    detail: str

    def __str__(self) -> str:
        return f"request {self.number} of seed {self.seed}: not held: {self.rule.value}: {self.detail}"
