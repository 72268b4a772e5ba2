"""The edge function of one cache class: the file in `edge_functions/` with the class's settings in it.

A function never matches paths itself: the stack makes one for each cache class in use, and CloudFront picks it by the
behavior that the path matched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strata.caching.classes import LANGUAGES
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.caching.classes import CacheClass

SOURCE: Final = Path(__file__).resolve().parents[2] / "edge_functions" / "viewer_request.js"
#: Our own limit on what is deployed; CloudFront's is 10 KB (Developer Guide, "Quotas on CloudFront Functions").
MAXIMUM_BYTES: Final = 4_096
_TEMPLATE_START: Final = "var SETTINGS = {"
_TEMPLATE_END: Final = "};"
_COMMENT: Final = "//"


class EdgeFunctionError(StrataError):
    """A function file, or settings for it, that cannot be deployed."""

    def __init__(self, what: str, source: Path, allowed: str) -> None:
        super().__init__(what, where={"file": f"{source.parent.name}/{source.name}"}, allowed=allowed)
        self.source = source


@dataclass(frozen=True)
class EdgeFunctionSettings:
    """What one deployed function knows of its stack and class.

    Args:
        cache_class: the class's name, for the log.
        caller_required: whether a request without Authorization is refused at the edge; preflights never are.
        has_store: whether a KeyValueStore with pepper, origin-verify secret and epochs is associated.
        tenant_claim: the claim of a JWT that names the caller's tenant; None takes the Host header's name.
        languages: what Accept-Language is normalised to; the first stands for every other one.
    """

    cache_class: str
    caller_required: bool
    has_store: bool
    tenant_claim: str | None = None
    languages: tuple[str, ...] = LANGUAGES

    @classmethod
    def of(cls, cache_class: CacheClass, *, has_store: bool, tenant_claim: str | None) -> EdgeFunctionSettings:
        """Return the settings of a class's function: a caller is required where answers are kept for each caller."""
        required = cache_class.is_cached and cache_class.keyed_by_caller
        return cls(cache_class.name, required, has_store, tenant_claim)

    @property
    def line(self) -> str:
        """The settings as the one line of code that the function file has for them; ASCII only."""
        values = {
            "cacheClass": self.cache_class,
            "callerRequired": self.caller_required,
            "hasStore": self.has_store,
            "tenantClaim": self.tenant_claim,
            "languages": self.languages,
        }
        return f"var SETTINGS = {json.dumps(values, separators=(',', ':'))};"


def render(settings: EdgeFunctionSettings, source: Path = SOURCE) -> str:
    """Return the code to deploy: the file with these settings, without lines of comment, empty lines and indentation.

    Raises:
        EdgeFunctionError: the file has not exactly one line of settings, or the result is larger than 4 KB.
    """
    lines = [line.strip() for line in source.read_text(encoding="utf-8").splitlines()]
    templates = [line for line in lines if line.startswith(_TEMPLATE_START) and line.endswith(_TEMPLATE_END)]
    if len(templates) != 1:
        raise EdgeFunctionError(
            f"the edge function has {len(templates)} lines of settings",
            source,
            "exactly one line `var SETTINGS = {...};`",
        )
    code = [settings.line if line in templates else line for line in lines if line and not line.startswith(_COMMENT)]
    rendered = "\n".join(code) + "\n"
    size = len(rendered.encode())
    if size > MAXIMUM_BYTES:
        raise EdgeFunctionError(
            f"the edge function of class {settings.cache_class} has {size} bytes",
            source,
            f"{MAXIMUM_BYTES} bytes, of which its settings take {len(settings.line)}",
        )
    return rendered
