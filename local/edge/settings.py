"""What can be chosen about the local edge: where it is, how much it holds, and the contested rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.edge.messages import ViewerRequest


def one_location(_request: ViewerRequest) -> str:
    """Return the one edge location that there is unless told otherwise."""
    return "LOC50-P1"


@dataclass(frozen=True)
class EdgeSettings:
    """How an `local.edge.core.Edge` is set up; the switches are rows of `local.edge.rules` with status ``switchable``.

    Args:
        locate: which edge location a viewer reaches; each location has a cache of its own.
        origin_shield: False leaves the Origin Shield out although origins have one.
        max_objects: how many objects one cache holds before it drops the least recently used.
        remembered_decisions: how many decisions `local.edge.core.Edge.last_decisions` keeps.
        loopback_hosts: names beside the distribution's own under which a local viewer reaches it, in lower case.
        collapse_with_cookie_whitelist: whether requests still collapse when only listed cookies are forwarded.
        max_ttl_bounds_stale: whether the stale windows end with the maximum TTL.
        authorization_in_origin_request_policy: whether an origin request policy may list Authorization.
        normalise_path_for_matching: whether path patterns see the path without dot segments and doubled slashes.
        header_text: how a function sees bytes above 127 in a header.
    """

    locate: Callable[[ViewerRequest], str] = one_location
    origin_shield: bool = True
    max_objects: int = 100_000
    remembered_decisions: int = 200
    loopback_hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    collapse_with_cookie_whitelist: bool = False
    max_ttl_bounds_stale: bool = True
    authorization_in_origin_request_policy: bool = False
    normalise_path_for_matching: bool = True
    header_text: Literal["latin-1", "utf-8"] = "latin-1"


DEFAULT_SETTINGS = EdgeSettings()
