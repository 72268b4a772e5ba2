"""Edge references: a constant string that says where the edge of a stack is described (`strata.reference`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strata.reference import StackReferenceError, resolve_as

#: Environment variable with the reference of the stack that commands work on.
EDGE_VARIABLE: Final = "STRATA_EDGE"


class EdgeReferenceError(StackReferenceError):
    """An edge reference that leads nowhere, or to something else than the parameters of an edge."""

    noun = "edge reference"


@dataclass(frozen=True)
class EdgeParameters:
    """Where the edge of a stack is.

    Args:
        distribution_id: of the CloudFront distribution.
        domain_name: the distribution's own name.
        aliases: further host names it answers to.
        key_value_store_arn: the store that its function reads; None where the stack has none.
        secret_arn: the Secrets Manager secret with the pepper and origin-verify; None where the stack has none.
        access_log_bucket: name of the bucket that access logs are delivered to.
        region: the stack's region, where the secret is.
    """

    distribution_id: str
    domain_name: str
    aliases: tuple[str, ...]
    key_value_store_arn: str | None
    secret_arn: str | None
    access_log_bucket: str
    region: str


def resolve_edge(reference: str) -> EdgeParameters:
    """Return the parameters of the edge that the reference leads to.

    Raises:
        EdgeReferenceError: unknown kind, nothing there, or not the JSON object it should be.
    """
    return resolve_as(EdgeParameters, reference, EdgeReferenceError)
