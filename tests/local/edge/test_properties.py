"""Random distributions, traces and clocks: no answer too old, none of another key, none that was invalidated."""

import asyncio
import itertools
import math
import re
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.edge.messages import OriginFailure, OriginResponse
from local.edge.model import ErrorRule
from local.edge.settings import EdgeSettings
from tests.local.edge.test_tier import ticks
from tests.local.edge.world import World, behavior, distribution, header, origin, policy, request

#: Path, caller and query; the first ones are asked for most, so that traces find what they left in the cache.
REQUESTS = [
    *[("/a", "one", "")] * 4,
    *[("/a", "two", "")] * 2,
    ("/a", "one", "q=1"),
    ("/a", "one", "q=2"),
    ("/a", None, "z=1"),
    ("/a/b", "one", ""),
    ("/c", "two", ""),
]
NUMBERS = st.integers(0, 12)


@dataclass(frozen=True)
class Directives:
    """What the origin says of an answer; None leaves a directive out."""

    forbids: str | None
    s_maxage: int | None
    max_age: int | None
    swr: int | None
    sie: int | None

    @property
    def text(self):
        pairs = [("s-maxage", self.s_maxage), ("max-age", self.max_age), ("stale-while-revalidate", self.swr)]
        pairs.append(("stale-if-error", self.sie))
        numbers = [f"{name}={value}" for name, value in pairs if value is not None]
        return ", ".join(([self.forbids] if self.forbids else []) + numbers)

    def ttl(self, cache_policy):
        """Return how long an answer is fresh, by the guide's table read once more."""
        if cache_policy.max_ttl == 0:
            return 0
        if self.forbids:
            return cache_policy.min_ttl
        said = self.s_maxage if self.s_maxage is not None else self.max_age
        if said is None:
            return max(cache_policy.min_ttl, cache_policy.default_ttl)
        return min(max(said, cache_policy.min_ttl), cache_policy.max_ttl)

    def limit(self, cache_policy, *, failing):
        """Return the age from which an answer may not be served any more."""
        ttl = self.ttl(cache_policy)
        if cache_policy.max_ttl == 0:
            return 0
        behind = 0 if self.forbids and not cache_policy.min_ttl else min(ttl + (self.swr or 0), cache_policy.max_ttl)
        if not failing:
            return max(ttl, behind)
        if self.sie is None:
            return math.inf
        instead = min(ttl + self.sie, cache_policy.max_ttl) if self.sie else 0
        return max(ttl, behind, instead)


@dataclass
class Made:
    """An answer of the origin, as the oracle remembers it.

    Args:
        said: each time and the directives that the origin gave it then; a copy that another tier renewed by a 304 does
            not change those that were kept before.
    """

    number: int
    path: str
    caller: str | None
    query: str
    said: list[tuple[float, Directives]]
    tag: str
    asked_at_step: int

    def may_be_served(self, now, cache_policy, *, failing):
        return any(now == at or now - at < told.limit(cache_policy, failing=failing) for at, told in self.said)


@dataclass
class Oracle:
    """The origin, and everything that it ever said."""

    world: World = None
    made: dict = field(default_factory=dict)
    current: dict = field(default_factory=dict)
    directives: Directives = Directives(None, None, 5, None, None)
    mode: str = "healthy"
    step: int = 0
    failed_until: float = -math.inf
    invalidated: list = field(default_factory=list)

    def respond(self, asked):
        if self.mode == "silent":
            raise OriginFailure("timeout", "made up")
        if self.mode == "broken":
            return OriginResponse(503, (), b"broken")
        where = (asked.path, header(asked, "x-caller"), asked.query)
        known = self.made.get(self.current.get(where))
        etag = header(asked, "if-none-match")
        if known is not None and etag == f'"{known.number}"':
            known.said.append((self.world.now, self.directives))
            return OriginResponse(304, (("Cache-Control", self.directives.text), ("ETag", etag)), b"")
        number = len(self.made) + 1
        tag = f"tag-{number % 3}"
        self.made[number] = Made(number, *where, [(self.world.now, self.directives)], tag, self.step)
        self.current[where] = number
        headers = (("Cache-Control", self.directives.text), ("ETag", f'"{number}"'), ("Cache-Tag", tag))
        return OriginResponse(200, headers, b"made %d" % number)


directives = st.builds(
    Directives,
    st.sampled_from([None, None, None, "no-store", "private", "no-cache"]),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.none() | NUMBERS,
)


@st.composite
def policies(draw):
    ttls = sorted(draw(st.tuples(st.sampled_from([0, 0, 0, 3]), NUMBERS, NUMBERS)))
    if ttls[2] == 0:
        return policy(0)
    return policy(
        ttls[2],
        min_ttl=ttls[0],
        default_ttl=ttls[1],
        headers=("X-Caller",) if draw(st.booleans()) else (),
        query=("q",) if draw(st.booleans()) else (),
    )


requests = st.sampled_from(REQUESTS)
several = st.lists(requests, max_size=4)
items = st.sampled_from(["/a", "/a?q=1", "/a*", "/c*", "/*", "#tag-0", "#TAG-1", "/a/b"])
steps = st.one_of(
    st.tuples(st.just("ask"), requests),
    st.tuples(st.just("ask"), requests),
    st.tuples(st.just("ask"), requests),
    st.tuples(st.just("wait"), st.integers(0, 9)),
    st.tuples(st.just("invalidate"), items),
    st.tuples(st.just("say"), directives),
    st.tuples(st.just("origin"), st.sampled_from(["healthy", "healthy", "silent", "broken", "changed"])),
    st.tuples(st.just("burst"), st.tuples(several, several, items)),
)


@st.composite
def distributions(draw):
    rows = [behavior(pattern, draw(policies())) for pattern in ("/a", "/a/*", "*")]
    shield = draw(st.sampled_from([None, "eu-west-1"]))
    rules = draw(st.sampled_from([{}, {503: ErrorRule(0), 504: ErrorRule(0)}, {503: ErrorRule(4)}]))
    base = distribution(*rows, error_rules=rules, cache_tag_header="Cache-Tag")
    return replace(base, origins={"api": origin(shield_region=shield)})


def asked(one):
    path, caller, query = one
    headers = {} if caller is None else {"X-Caller": caller}
    return request(f"{path}?{query}" if query else path, headers=headers)


def names(item, made, cache_policy):
    """Tell whether an invalidation item names an object, said once more."""
    if item.startswith("#"):
        return made.tag == item[1:].lower()
    uri = f"{made.path}?{made.query}" if made.query and cache_policy.query_strings.names else made.path
    return uri.startswith(item[:-1]) if item.endswith("*") else uri == item


def check(oracle, one, response, *, step):
    """Hold an answer against what the origin said."""
    found = re.fullmatch(rb"made (\d+)", response.body)
    if found is None:
        assert response.status >= 500
        return
    made = oracle.made[int(found[1])]
    deployed = next(b for b in oracle.world.distribution.behaviors if b.path_pattern == response.decision.path_pattern)
    cache_policy = deployed.cache_policy
    path, caller, query = one
    keyed = query if query.startswith("q=") and cache_policy.query_strings.names else ""
    own = caller if cache_policy.headers.names else None
    assert (made.path, made.caller, made.query) == (path, own, keyed)
    if response.decision.origin_requests == 0 or response.decision.age_seconds is not None:
        failing = oracle.mode in {"silent", "broken"} or oracle.world.now < oracle.failed_until
        assert made.may_be_served(oracle.world.now, cache_policy, failing=failing)
    for at_step, item in oracle.invalidated:
        assert not (made.asked_at_step < at_step <= step and names(item, made, cache_policy))


async def burst(oracle, world, first, then, item):
    """Ask, invalidate while the answers are under way, ask again, and only then let the origin answer."""
    world.gate = asyncio.Event()
    step = oracle.step
    before = [asyncio.ensure_future(world.send(asked(one))) for one in first]
    await ticks()
    oracle.step += 1
    oracle.invalidated.append((oracle.step, item))
    world.edge.invalidate([item])
    after = [asyncio.ensure_future(world.send(asked(one))) for one in then]
    await ticks()
    world.gate.set()
    for task, one in zip(before, first, strict=True):
        check(oracle, one, await task, step=step)
    for task, one in zip(after, then, strict=True):
        check(oracle, one, await task, step=oracle.step)
    await world.edge.settle()
    world.gate = None


async def play(oracle, world, trace):
    for kind, about in trace:
        oracle.step += 1
        if kind == "ask":
            check(oracle, about, await world.send(asked(about)), step=oracle.step)
            await world.edge.settle()
        elif kind == "wait":
            world.now += about
        elif kind == "invalidate":
            oracle.invalidated.append((oracle.step, about))
            world.edge.invalidate([about])
        elif kind == "say":
            oracle.directives = about
        elif kind == "burst":
            await burst(oracle, world, *about)
        elif about == "changed":
            oracle.current.clear()
        else:
            if oracle.mode != "healthy":  # a stale object is served without asking while the error would be kept
                oracle.failed_until = world.now + 10
            oracle.mode = about


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(distributions(), st.lists(steps, min_size=25, max_size=40), st.booleans())
def test_no_answer_is_too_old_or_anothers_or_invalidated(deployed, trace, two_locations):
    turns = itertools.count()
    chosen = EdgeSettings(locate=lambda _request: str(next(turns) % (1 + two_locations)), max_objects=6)
    oracle = Oracle()
    world = World(deployed, chosen)
    oracle.world, world.respond = world, oracle.respond

    asyncio.run(play(oracle, world, trace))

    counts = world.edge.statistics()
    assert counts.origin_requests == len(world.asked)
    assert all(len(tier.objects) <= 6 for tier in world.edge._tiers())
