"""``aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration``.

Source of the rules: S3 API reference, PutBucketLifecycleConfiguration, and S3 User Guide, "Lifecycle configuration
elements".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.s3_settings import BucketSetting
from local.providers.aws.shapes import Shape, known, paths
from local.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAYS = (1, 2147483647)
_ACTIONS = (
    "abortIncompleteMultipartUpload",
    "expiration",
    "noncurrentVersionExpiration",
    "noncurrentVersionTransitions",
    "transitions",
)
_FILTERS = ("and", "objectSizeGreaterThan", "objectSizeLessThan", "prefix", "tag")


class BucketLifecycleConfiguration(BucketSetting):
    """When objects, versions and unfinished uploads of a bucket go."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"  # noqa: S105 - a type token
    noun = "bucket_lifecycle_configuration"
    shape = Shape(
        "s3",
        "BucketLifecycleConfiguration",
        paths(
            {
                "rules": "id status",
                "rules.abortIncompleteMultipartUpload": "daysAfterInitiation",
                "rules.expiration": "days expiredObjectDeleteMarker",
                "rules.filter": "objectSizeGreaterThan objectSizeLessThan prefix",
                "rules.filter.and": "objectSizeGreaterThan objectSizeLessThan prefix",
                "rules.filter.tag": "key value",
                "rules.noncurrentVersionExpiration": "newerNoncurrentVersions noncurrentDays",
                "rules.noncurrentVersionTransitions": "newerNoncurrentVersions noncurrentDays storageClass",
                "rules.transitions": "days storageClass",
            }
        ),
        defaults={"rules.filter.prefix": ""},
        unordered=frozenset({"rules.noncurrentVersionTransitions", "rules.transitions"}),
        limits={
            "rules": (1, 1000),
            "rules.id": (1, 255),
            "rules.abortIncompleteMultipartUpload.daysAfterInitiation": _DAYS,
            "rules.expiration.days": _DAYS,
            "rules.noncurrentVersionExpiration.newerNoncurrentVersions": (1, 100),
            "rules.noncurrentVersionExpiration.noncurrentDays": _DAYS,
            "rules.noncurrentVersionTransitions.newerNoncurrentVersions": (1, 100),
        },
    )
    modelled = shape.paths | {"bucket"}
    unordered = shape.unordered
    replaces: ClassVar = BucketSetting.replaces

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of single values and between them."""
        del provider
        rules = inputs.get("rules")
        found = self.shape.failures(inputs)
        if isinstance(rules, list) and known(rules):
            found += _rules(rules)
        return found

    def request(self, inputs: Properties) -> Properties:
        """Return the rules; one without a filter is for every object."""
        configuration = self.shape.to_service(inputs)
        for rule in configuration["Rules"]:
            filtered = rule.setdefault("Filter", {"Prefix": ""})
            if len(filtered) > 1 and filtered.get("Prefix") == "":
                del filtered["Prefix"]
        return {"LifecycleConfiguration": configuration}

    def mirrored(self, answer: Properties, state: Properties) -> Properties | None:
        """Return the live rules."""
        for rule, said in zip(answer["Rules"], _padded(state.get("rules"), len(answer["Rules"])), strict=True):
            if rule.get("Filter") in ({}, {"Prefix": ""}) and "filter" not in said:
                del rule["Filter"]
        return self.shape.mirror(answer, state)


def _padded(rules: Any, size: int) -> list[Properties]:
    said = list(rules or [])[:size]
    return [*said, *({} for _ in range(size - len(said)))]


def _rules(rules: list[Properties]) -> Iterator[CheckFailure]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        place = f"rules[{index}]"
        if rule.get("id") in seen:
            yield CheckFailure(f"{place}.id", f"the rule id {rule['id']} is there twice")
        seen.add(str(rule.get("id")))
        if not any(rule.get(action) for action in _ACTIONS):
            yield CheckFailure(place, f"does nothing; needs one of {', '.join(_ACTIONS)}")
        yield from _rule(rule, place)


def _rule(rule: Properties, place: str) -> Iterator[CheckFailure]:
    expiration, chosen = rule.get("expiration") or {}, rule.get("filter") or {}
    if len([value for value in expiration.values() if value]) > 1:
        yield CheckFailure(f"{place}.expiration", "takes one of days and expiredObjectDeleteMarker")
    if len([name for name in _FILTERS if chosen.get(name)]) > 1:
        yield CheckFailure(f"{place}.filter", f"takes one of {', '.join(_FILTERS)}; join several under and")
    narrowed = chosen.get("tag") or chosen.get("objectSizeGreaterThan") or chosen.get("objectSizeLessThan")
    if narrowed and rule.get("abortIncompleteMultipartUpload"):
        reason = "cannot stand beside a filter by tag or size"
        yield CheckFailure(f"{place}.abortIncompleteMultipartUpload", reason)
    expires, moves = expiration.get("days"), [t.get("days") for t in rule.get("transitions") or []]
    if expires and any(days is not None and days >= expires for days in moves):
        yield CheckFailure(f"{place}.expiration.days", f"{expires} is not after every transition")
