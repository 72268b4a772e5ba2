"""What requests are grouped by, as SQL over the fields of a log line.

A field is named as in `canonical`: ``cs(Host)`` is ``cs_host``, in every format. A value that the log does not have is
NULL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from strata.caching.classes import CACHED_PATHS, NONE, path_patterns

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where a file without it is no access log that can be counted.
REQUIRED_FIELD: Final = "x-edge-result-type"
#: The fields that are read, as CloudFront spells them (Developer Guide, "Standard logging reference").
FIELDS: Final = (
    "date",
    "time",
    "timestamp(ms)",
    "x-edge-location",
    REQUIRED_FIELD,
    "x-edge-detailed-result-type",
    "cache-behavior-path-pattern",
    "viewer-request-log-data",
    "cs-method",
    "cs-uri-stem",
    "sc-status",
    "sc-bytes",
    "time-to-first-byte",
    "c-country",
)
#: The path pattern of the default cache behavior.
DEFAULT_PATTERN: Final = "*"


def canonical(name: str) -> str:
    """Return a field's name as SQL, Parquet and this package spell it: ``cs(User-Agent)`` is ``cs_user_agent``."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def decoded(expression: str) -> str:
    """Return a percent-encoded value as text; what is no valid encoding, for example one cut in two, stays as it is."""
    attempt = f"coalesce(TRY(url_decode({expression})), {expression})"
    return f"CASE WHEN contains({expression}, '%') THEN {attempt} ELSE {expression} END"


def _matched_behavior() -> str:
    """Return the path pattern of the behavior that matched; legacy logs only have the path, so it is matched again."""
    cases = [
        f"WHEN cs_uri_stem = {literal(exact)} THEN {literal(exact)} "
        f"WHEN starts_with(cs_uri_stem, {literal(below.removesuffix('*'))}) THEN {literal(below)}"
        for exact, below in map(path_patterns, CACHED_PATHS)
    ]
    matched = f"CASE WHEN cs_uri_stem IS NULL THEN NULL {' '.join(cases)} ELSE {literal(DEFAULT_PATTERN)} END"
    return f"coalesce(cache_behavior_path_pattern, {matched})"


def _logged(key: str) -> str:
    """Return a value that the edge function logged, as it stands in the log."""
    data = "viewer_request_log_data"
    whole = f"CASE WHEN contains({data}, '=') THEN {data} ELSE {decoded(data)} END"
    return f"nullif(regexp_extract({whole}, '(?:^|&){key}=([^&]*)', 1), '')"


def _tenant() -> str:
    """Return the tenant: the function encodes it, and a log may encode the percent signs of that once more."""
    value = _logged("tenant")
    once = decoded(value)
    return f"CASE WHEN contains({value}, '%25') THEN {decoded(f'({once})')} ELSE {once} END"


def _class() -> str:
    """Return the class that the function logged, else the one of the behavior."""
    cases = " ".join(
        f"WHEN {literal(pattern)} THEN {literal(cache_class.name)}"
        for path, cache_class in CACHED_PATHS.items()
        for pattern in path_patterns(path)
    )
    derived = f"CASE WHEN {BEHAVIOR} IS NULL THEN NULL ELSE CASE {BEHAVIOR} {cases} ELSE {literal(NONE.name)} END END"
    return f"coalesce({_logged('class')}, {derived})"


#: A column beside the fields, because several dimensions need it.
BEHAVIOR: Final = "matched_behavior"
MATCHED_BEHAVIOR: Final = _matched_behavior()
_EDGE_HIT: Final = "x_edge_result_type IN ('Hit', 'RefreshHit')"
_SHIELD_HIT: Final = "coalesce(x_edge_detailed_result_type, '') = 'OriginShieldHit'"
#: Who had the answer; the origin for a miss, and "nobody" for errors, redirects and answers that a function made.
_SHIELD: Final = (
    f"CASE WHEN x_edge_detailed_result_type IS NULL THEN NULL WHEN {_SHIELD_HIT} THEN 'shield' "
    f"WHEN {_EDGE_HIT} THEN 'edge' WHEN x_edge_result_type = 'Miss' THEN 'origin' ELSE 'nobody' END"
)
#: When the answer was sent, in UTC.
MOMENT: Final = (
    "coalesce(TRY_CAST(date || ' ' || time AS TIMESTAMP), make_timestamp(1000 * TRY_CAST(timestamp_ms AS BIGINT)))"
)
_BEHAVIOR_FIELDS: Final = ("cache_behavior_path_pattern", "cs_uri_stem")
#: What `MOMENT` is made of.
MOMENT_FIELDS: Final = ("date", "time", "timestamp_ms")
#: What every count needs, whatever it is grouped by.
COUNTED_FIELDS: Final = (
    "x_edge_result_type",
    "x_edge_detailed_result_type",
    "cs_method",
    "sc_bytes",
    "time_to_first_byte",
)


@dataclass(frozen=True)
class Dimension:
    """What requests can be grouped by.

    Args:
        sql: its value.
        fields: the fields that the value is made of.
    """

    sql: str
    fields: tuple[str, ...]


#: By name, in the order in which they are shown.
DIMENSIONS: Final[Mapping[str, Dimension]] = MappingProxyType(
    {
        "behavior": Dimension(BEHAVIOR, _BEHAVIOR_FIELDS),
        "class": Dimension(_class(), (*_BEHAVIOR_FIELDS, "viewer_request_log_data")),
        "tenant": Dimension(_tenant(), ("viewer_request_log_data",)),
        "pop": Dimension("left(x_edge_location, 3)", ("x_edge_location",)),
        "shield": Dimension(_SHIELD, ()),
        "status": Dimension("sc_status", ("sc_status",)),
        "method": Dimension("cs_method", ()),
        "country": Dimension("c_country", ("c_country",)),
        "hour": Dimension(f"strftime(date_trunc('hour', {MOMENT}), '%Y-%m-%dT%H:00Z')", MOMENT_FIELDS),
        "day": Dimension(f"strftime({MOMENT}, '%Y-%m-%d')", MOMENT_FIELDS),
    }
)
#: What a request is to the ratios, see `strata.caching.metrics.results.Measures`.
OUTCOME: Final = (
    f"CASE WHEN coalesce(cs_method, 'GET') NOT IN ('GET', 'HEAD') THEN 'left out' WHEN {_SHIELD_HIT} "
    "AND x_edge_result_type IN ('Hit', 'RefreshHit', 'Miss') THEN 'shield_hits' "
    "ELSE CASE x_edge_result_type WHEN 'Hit' THEN 'edge_hits' WHEN 'RefreshHit' THEN 'refresh_hits' "
    "WHEN 'Miss' THEN 'misses' ELSE 'left out' END END"
)
#: Whether CloudWatch counts it: "POST and PUT requests and errors are not considered cacheable requests".
IN_CLOUDWATCH: Final = (
    "coalesce(cs_method, 'GET') NOT IN ('POST', 'PUT') "
    "AND x_edge_result_type NOT IN ('Error', 'LimitExceeded', 'CapacityExceeded')"
)
