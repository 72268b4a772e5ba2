"""Faults of the origin's side: of the middleware that judges what may be kept, and whom to believe."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from benchmarks.isolation.mutant import Mutant
from strata.caching import admission, middleware, verdict
from strata.caching.classes import CacheClass
from strata.caching.origin_verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_admit, _limited_headers = admission.admit, verdict._limited_headers  # noqa: SLF001 - a fault sits where the code is
_judge = verdict.judge


def _patched(target: object, name: str, fault: object) -> Callable[[], AbstractContextManager[object]]:
    return lambda: patch.object(target, name, fault)


def _believes_a_digest(method: str, headers: Any, verifier: Verifier) -> admission.Admission:
    fields = list(headers)
    found = _admit(method, fields, verifier)
    return replace(found, is_from_edge=found.is_from_edge or b"x-auth-hash" in dict(fields))


def _read_keeps_headers_of_writes(method: str, headers: Any, verifier: Verifier) -> admission.Admission:
    return replace(_admit("POST", headers, verifier), is_read=method in admission.READ_METHODS)


@contextmanager
def _without_stale_if_error() -> Iterator[None]:
    real = CacheClass.origin_cache_control.fget  # type: ignore[attr-defined]  # it is a property
    without = property(lambda self: real(self).replace(", stale-if-error=0", ""))
    verdict.lifetime_headers.cache_clear()
    with patch.object(CacheClass, "origin_cache_control", without):
        yield
    verdict.lifetime_headers.cache_clear()


def _ignoring(*ignored: str) -> Callable[[Any, dict[str, list[str]]], Any]:
    """Return a fault that does not read these fields of a handler's answer."""

    def limited(preset: Any, fields: dict[str, list[str]]) -> Any:
        return _limited_headers(preset, {name: value for name, value in fields.items() if name not in ignored})

    return limited


def _keeps_everything_of_a_route(preset: Any, found: Any, status: int, fields: Any, tags: Any) -> Any:
    del status, fields
    return _judge(preset, replace(found, is_read=True), 200, {}, tags)


def _widened(cache_class: CacheClass, _fields: Any) -> CacheClass:
    return replace(cache_class)


MUTANTS: Final = (
    Mutant(
        "trusts-the-relay-without-origin-verify",
        "middleware",
        "whoever finds the origin is whoever he says",
        patch=_patched(Verifier, "accepts", lambda *_: True),
    ),
    Mutant(
        "trusts-a-digest",
        "middleware",
        "x-auth-hash is taken for a proof that the edge sent it",
        patch=_patched(middleware, "admit", _believes_a_digest),
    ),
    Mutant(
        "hands-headers-of-writes-to-reads",
        "middleware",
        "an input that is in no key makes the answer",
        patch=_patched(middleware, "admit", _read_keeps_headers_of_writes),
    ),
    Mutant(
        "leaves-stale-if-error-out",
        "middleware",
        "CloudFront serves old answers while the origin fails",
        patch=_without_stale_if_error,
    ),
    Mutant(
        "keeps-cookies",
        "middleware",
        "an answer that sets a cookie is kept",
        patch=_patched(verdict, "_limited_headers", _ignoring("set-cookie")),
    ),
    Mutant(
        "ignores-vary",
        "middleware",
        "an answer that varies by what is in no key is kept",
        patch=_patched(verdict, "_limited_headers", _ignoring("vary")),
    ),
    Mutant(
        "ignores-the-handlers-no-store",
        "middleware",
        "what a handler forbids is kept",
        patch=_patched(verdict, "_limited_headers", _ignoring("cache-control")),
    ),
    Mutant(
        "widens-what-the-handler-narrows",
        "middleware",
        "what a handler lets live for 2 s lives as long as its class",
        patch=_patched(verdict, "_limited", _widened),
    ),
    Mutant(
        "keeps-missing-objects",
        "middleware",
        "a 404 is kept like an answer",
        patch=_patched(verdict, "CACHEABLE_STATUSES", verdict.CACHEABLE_STATUSES | {404}),
    ),
    Mutant(
        "judges-nothing",
        "middleware",
        "a preset counts, whatever the handler says and whatever happened",
        patch=_patched(middleware, "judge", _keeps_everything_of_a_route),
    ),
)
