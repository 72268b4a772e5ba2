"""Unkeyed inputs: what an origin sees and the key does not hold can change an answer for everybody after it.

An origin request policy of the stack is for cached behaviors; those that keep nothing have one of AWS's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.edge_plan import CACHE_POLICY, ORIGIN_REQUEST_POLICY, selected
from policy.rule import ResourceRule
from strata.caching.classes import UNKEYED_INPUTS
from strata.caching.contract import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy.plan import PlannedResource


def _check(resource: PlannedResource, _stack: str) -> Iterator[str]:
    if resource.type == CACHE_POLICY:
        for key in resource.blocks("parametersInCacheKeyAndForwardedToOrigin"):
            if selected(key, "cookies"):
                yield "cookies are in the key, so Set-Cookie is kept and replayed; allowed: none"
    if resource.type == ORIGIN_REQUEST_POLICY:
        for kind, noun in {"headers": "header", "queryStrings": "query parameter", "cookies": "cookie"}.items():
            for name in selected(resource.properties, kind):
                if kind != "headers" or name.lower() not in UNKEYED_INPUTS:
                    yield f"{_named(noun, name)} reaches the origin and is not in the key"


def _named(noun: str, name: str) -> str:
    return f"every {noun}" if (name,) == EVERYTHING else f"the {noun} {name}"


RULE = ResourceRule(
    name="unkeyed-inputs",
    description="On a cached path the origin sees nothing beside the key that could change its answer.",
    remedy="put it into the key, or into UNKEYED_INPUTS of strata/caching/classes.py with why it cannot matter",
    check=_check,
)
