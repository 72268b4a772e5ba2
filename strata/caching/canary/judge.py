"""What the canary's answers prove: a leak, isolation, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Final, Literal

from strata.caching.classes import RELAY_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from strata.caching.canary.observe import Observation

#: CloudFront's Age is in whole seconds, cut.
_AGE_STEP_SECONDS: Final = 1


@dataclass(frozen=True)
class Finding:
    """One thing that the answers show.

    Args:
        kind: in snake_case, for programs.
        path: that was asked for.
        what: a sentence for people.
    """

    kind: str
    path: str
    what: str


@dataclass(frozen=True)
class Report:
    """The canary's result.

    Args:
        leaks: what must not be; each is a reason to stop caching.
        open_questions: why the answers prove nothing, each with what to do about it.
        observations: every answer, in the order of the requests.
    """

    leaks: tuple[Finding, ...]
    open_questions: tuple[Finding, ...]
    observations: tuple[Observation, ...]

    @property
    def verdict(self) -> Literal["isolated", "inconclusive", "leak"]:
        """The result in one word; only ``isolated`` is good."""
        if self.leaks:
            return "leak"
        return "inconclusive" if self.open_questions else "isolated"


def judge(observations: Sequence[Observation], *, cache_is_off: bool = False) -> Report:
    """Return what the observations of `run_canary` prove.

    Args:
        observations: in the order of the requests.
        cache_is_off: every hit is a leak, as while caching is switched off or on a path that is never kept.
    """
    by_path = [list(seen) for _, seen in groupby(observations, key=lambda observation: observation.path)]
    checks = [*_LEAKS, _kept_though_off if cache_is_off else _hit_before_first_request]
    doubts = [*_DOUBTS, *([] if cache_is_off else [_warm, _never_hit])]
    leaks = tuple(finding for seen in by_path for check in checks for finding in check(seen))
    leaking = {finding.path for finding in leaks}
    questions = tuple(
        finding for seen in by_path if seen[0].path not in leaking for doubt in doubts for finding in doubt(seen)
    )
    return Report(leaks, questions, tuple(observations))


def _equal_bodies(seen: Sequence[Observation]) -> Iterator[Finding]:
    for one, other in combinations(_names(seen), 2):
        theirs = {answer.body_digest for answer in _own(seen, one) if answer.is_ok and not answer.holds_no_data}
        same = [answer for answer in _own(seen, other) if answer.is_ok and answer.body_digest in theirs]
        if same:
            how = "from the cache" if any(answer.is_hit for answer in same) else "from the origin, though not the cache"
            yield Finding(
                "equal_bodies", seen[0].path, f"{other} got byte for byte what {one} got, {how} ({_saw(same[0])})"
            )


def _foreign_marker(seen: Sequence[Observation]) -> Iterator[Finding]:
    for answer in seen:
        foreign = [name for name in answer.markers if name != answer.identity and answer.forged != RELAY_HEADER]
        if foreign:
            what = f"the answer to {answer.asker} holds the marker of {', '.join(foreign)} ({_saw(answer)})"
            yield Finding("foreign_marker", answer.path, what)


def _answered_nobody(seen: Sequence[Observation]) -> Iterator[Finding]:
    for answer in _once_per_asker(seen):
        if answer.identity is None and answer.is_ok:
            what = f"{answer.asker} was answered {answer.status} instead of 401 ({_saw(answer)})"
            yield Finding("answered_without_identity", answer.path, what)


def _forged_header_counts(seen: Sequence[Observation]) -> Iterator[Finding]:
    for name in _names(seen):
        around = [
            _around(seen, index) for index, forged in enumerate(seen) if forged.identity == name and forged.forged
        ]
        changed = [forged for before, forged, after in around if _same(before, after) and not _same(before, forged)]
        last = around[-1][1]
        if changed:
            what = f"{last.asker} got another answer than {name} without it ({_saw(changed[0])})"
            yield Finding("forged_header_counts", last.path, what)
        elif all(before.is_hit and after.is_hit and not forged.is_hit for before, forged, after in around[-2:]):
            what = f"{name} gets hits, {last.asker} never does: what a caller sends is in the key ({_saw(last)})"
            yield Finding("forged_header_counts", last.path, what)


def _shared_caches_may_keep(seen: Sequence[Observation]) -> Iterator[Finding]:
    for answer in seen:
        directives = {part.strip().lower() for part in (answer.cache_control or "").split(",")}
        if answer.identity and answer.is_ok and not directives & {"private", "no-store"}:
            what = f"the answer to {answer.asker} may be kept by any shared cache: Cache-Control {answer.cache_control}"
            yield Finding("kept_by_shared_caches", answer.path, what)
            return  # The same header comes with each of them.


def _hit_before_first_request(seen: Sequence[Observation]) -> Iterator[Finding]:
    for first in _first_hits(seen):
        if (first.age_seconds or 0) + _AGE_STEP_SECONDS <= first.at_seconds:
            what = f"the first answer to {first.identity} was kept before they asked, by this run ({_saw(first)})"
            yield Finding("hit_before_first_request", first.path, what)


def _kept_though_off(seen: Sequence[Observation]) -> Iterator[Finding]:
    for answer in _once_per_asker([answer for answer in seen if answer.is_hit]):
        what = f"the answer to {answer.asker} came from a cache, which should keep nothing ({_saw(answer)})"
        yield Finding("kept_though_off", answer.path, what)


def _not_answered(seen: Sequence[Observation]) -> Iterator[Finding]:
    for name in _names(seen):
        if not any(answer.is_ok for answer in _own(seen, name)):
            status = _own(seen, name)[0].status
            what = f"{name} was answered {status} each time: take a token, and a path, that this caller may read"
            yield Finding("not_answered", seen[0].path, what)


def _no_data(seen: Sequence[Observation]) -> Iterator[Finding]:
    for name in _names(seen):
        answers = [answer for answer in _own(seen, name) if answer.is_ok]
        if answers and all(answer.holds_no_data for answer in answers):
            what = f"the answers to {name} hold no data, which looks the same for everybody: take a path with some"
            yield Finding("no_data", seen[0].path, what)


def _own_marker_missing(seen: Sequence[Observation]) -> Iterator[Finding]:
    marked = {name for answer in seen for name in answer.markers}
    for name in _names(seen):
        own = [answer for answer in _own(seen, name) if answer.is_ok]
        if marked and own and name not in marked:
            what = f"{name}'s own answers do not hold their marker, so it would not show in another's either"
            yield Finding("own_marker_missing", seen[0].path, what)


def _warm(seen: Sequence[Observation]) -> Iterator[Finding]:
    for first in _first_hits(seen):
        what = (
            f"the first answer to {first.identity} came from the cache ({_saw(first)}): "
            "wait until it has expired and run again, with tokens that nobody else uses; if it stays so, it is a leak"
        )
        yield Finding("warm_cache", first.path, what)


def _never_hit(seen: Sequence[Observation]) -> Iterator[Finding]:
    if any(answer.is_ok for answer in seen) and not any(answer.is_hit for answer in seen):
        yield Finding(
            "never_from_cache",
            seen[0].path,
            "no answer came from the cache, so nothing could leak from it: more turns (--repeat), "
            "or --uncached where nothing is meant to be kept",
        )


_LEAKS: Final[tuple[Callable[[Sequence[Observation]], Iterator[Finding]], ...]] = (
    _equal_bodies,
    _foreign_marker,
    _answered_nobody,
    _forged_header_counts,
    _shared_caches_may_keep,
)
_DOUBTS: Final[tuple[Callable[[Sequence[Observation]], Iterator[Finding]], ...]] = (
    _not_answered,
    _no_data,
    _own_marker_missing,
)


def _names(seen: Sequence[Observation]) -> list[str]:
    return list(dict.fromkeys(answer.identity for answer in seen if answer.identity))


def _own(seen: Sequence[Observation], name: str) -> list[Observation]:
    return [answer for answer in seen if answer.identity == name and not answer.forged]


def _first_hits(seen: Sequence[Observation]) -> list[Observation]:
    return [first for name in _names(seen) if (first := _own(seen, name)[0]).is_hit]


def _around(seen: Sequence[Observation], index: int) -> tuple[Observation, Observation, Observation]:
    """Return the forger's answer between the same caller's own ones."""
    forged = seen[index]
    before = [answer for answer in seen[:index] if answer.identity == forged.identity and not answer.forged]
    after = [answer for answer in seen[index:] if answer.identity == forged.identity and not answer.forged]
    return before[-1], forged, after[0]


def _same(one: Observation, other: Observation) -> bool:
    return (one.status, one.body_digest) == (other.status, other.body_digest)


def _once_per_asker(seen: Sequence[Observation]) -> list[Observation]:
    """Return the first good answer to each asker: five equal sentences say no more than one."""
    first: dict[str, Observation] = {}
    for answer in seen:
        if answer.is_ok:
            first.setdefault(answer.asker, answer)
    return list(first.values())


def _saw(answer: Observation) -> str:
    age = "no Age" if answer.age_seconds is None else f"Age {answer.age_seconds}"
    return f"turn {answer.turn}, X-Cache {answer.x_cache or 'absent'}, {age}, body {answer.body_digest[:8]}"
