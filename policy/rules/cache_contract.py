"""The cache contract, held against the distribution that is really planned.

`strata.caching.contract_problems` judges what the code says; this asks the same of the resources that came out of it,
with every behavior's policies resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.edge_plan import DISTRIBUTION, behaviors, planned_behaviors, planned_contract
from policy.rule import StackRule
from strata.caching.contract import BehaviorContract
from strata.caching.contract_problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from policy.plan import PlannedResource


def _check(resources: Sequence[PlannedResource]) -> Iterator[tuple[PlannedResource, str]]:
    for distribution in resources:
        if distribution.type == DISTRIBUTION:
            for sentence in _distribution(distribution, resources):
                yield distribution, sentence


def _distribution(distribution: PlannedResource, resources: Sequence[PlannedResource]) -> Iterator[str]:
    known = []
    for found in planned_behaviors(distribution, resources):
        if isinstance(found, BehaviorContract):
            known.append(found)
        else:
            yield found
    if len(known) == len(behaviors(distribution)):
        yield from problems(planned_contract(distribution, known))
    for block in behaviors(distribution):
        if not any(_is_viewer_request(one) for one in block.get("functionAssociations") or ()):
            yield f"{block['pathPattern']}: no function runs, so a caller may set the headers that name one"


def _is_viewer_request(association: Mapping[str, Any]) -> bool:
    return association.get("eventType") == "viewer-request" and bool(association.get("functionArn"))


RULE = StackRule(
    name="cache-contract",
    description="No cached behavior lets the origin see what is not in its key, and no caller sees another's answer.",
    remedy="edit strata/caching/classes.py, then strata cache contract",
    check=_check,
)
