"""What a cache or an origin gave for a request, before it becomes the viewer's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.edge.error_pages import error_page
from local.edge.messages import OriginResponse
from local.edge.values import value_type

if TYPE_CHECKING:
    from local.edge.behaviors import CompiledBehavior
    from local.edge.exchange import EdgeRequest
    from local.edge.object_store import Key, StoredObject


@value_type
class Lookup:
    """What is looked for.

    Args:
        key: the cache key.
        uri: what invalidation paths are compared with.
        behavior: the one that matched.
        request: what the origin request is made of.
        cache_tag_header: where the origin puts an object's tags, in lower case; None where tags are not used.
        byte_range: the viewer's Range; None without one.
    """

    key: Key
    uri: str
    behavior: CompiledBehavior
    request: EdgeRequest
    cache_tag_header: str | None
    byte_range: str | None = None


@value_type
class Answer:
    """A complete answer and where it came from.

    Args:
        response: with lower-case names.
        result_type: as CloudFront logs it.
        detailed_result_type: likewise.
        reasons: names of rules.
        stored: the object that is kept, None where none is.
        age_seconds: since the origin gave or confirmed it; None where it did so just now.
        origin_requests: how many were made for it.
        origin_shield_hit: whether the Origin Shield had it.
    """

    response: OriginResponse
    result_type: str
    detailed_result_type: str
    reasons: tuple[str, ...]
    stored: StoredObject | None = None
    age_seconds: float | None = None
    origin_requests: int = 0
    origin_shield_hit: bool = False


def from_store(stored: StoredObject, now: float, *reasons: str, result_type: str = "Hit") -> Answer:
    """Return what a kept object answers."""
    shown = "Error" if stored.lifetime.is_error else result_type
    return Answer(
        response=stored.response,
        result_type=shown,
        detailed_result_type=shown,
        reasons=reasons,
        stored=stored,
        age_seconds=now - stored.stored_at,
    )


def refused(status: int, detail: str, rule: str, *, result_type: str = "Error") -> Answer:
    """Return an error that CloudFront makes itself."""
    return Answer(error_page(status), result_type, detail, (rule,))


def redirected(status: int, location: str) -> Answer:
    """Return the redirect from http to https."""
    response = OriginResponse(status, (("location", location), ("content-length", "0")), b"")
    return Answer(response, "Redirect", "Redirect", ("redirect-to-https",))
