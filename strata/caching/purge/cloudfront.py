"""Purging CloudFront: invalidations by path, trailing wildcard and tag."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from strata import aws
from strata.caching.purge.errors import CallFailure, SoftPurgeUnavailableError, kind_of_status
from strata.caching.purge.plan import PurgeCost, batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.purge.items import PurgeItem
    from strata.caching.purge.plan import PurgeBatch

#: In progress at one time, per distribution, each for itself (Developer Guide, "Concurrent invalidation request
#: maximum"). A tag counts as a file.
MAXIMUM_ITEMS_IN_PROGRESS: Final = 3000
MAXIMUM_WILDCARDS_IN_PROGRESS: Final = 15
#: Rates per account that others read in September 2026; AWS's own page does not have them.
ITEMS_PER_SECOND: Final = 150
WILDCARDS_PER_SECOND: Final = 1

#: A path, a wildcard and a tag each count as one (Developer Guide, "Pay for file invalidation").
FREE_ITEMS_PER_MONTH: Final = 1000
PRICE_PER_ITEM_USD: Final = Decimal("0.005")
PRICE_SOURCE: Final = (
    "CloudFront: 1,000 paths or tags free per account and month, then $0.005 each (list price, November 2026)"
)

ITEMS: Final = "items"
WILDCARDS: Final = "wildcards"
_COMPLETED: Final = "Completed"
#: The service is global; its API is in this region.
_REGION: Final = "us-east-1"

_CREDENTIALS_CODES: Final = {
    "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
    "InvalidClientTokenId", "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
_RATE_CODES: Final = {"Throttling", "ThrottlingException", "TooManyInvalidationsInProgress", "TooManyRequestsException"}


@dataclass(frozen=True)
class CloudFront:
    """A distribution. An invalidation removes every variant of an object, so those of all callers.

    Args:
        distribution_id: for tags, its CacheTagConfig must name the header that the origin writes.
    """

    distribution_id: str
    name = "cloudfront"
    reports_completion = True
    credentials = "AWS credentials that may call cloudfront:CreateInvalidation and cloudfront:GetInvalidation"

    @property
    def target(self) -> str:
        """The distribution."""
        return f"distribution {self.distribution_id}"

    def batches(self, items: Sequence[PurgeItem], soft: bool) -> tuple[PurgeBatch, ...]:
        """Return one invalidation per 3,000 paths and tags, and one per 15 wildcards.

        Raises:
            SoftPurgeUnavailableError: always, when a soft purge is wanted.
        """
        if soft:
            raise SoftPurgeUnavailableError(
                "CloudFront has no soft purge",
                where={"distribution": self.distribution_id},
                allowed="a hard purge; stale-while-revalidate from the origin serves stale answers after a TTL",
            )
        wildcards = {item: item.text for item in items if item.kind == "wildcard"}
        others = {item: _value(item) for item in items if item.kind != "wildcard"}
        return (
            *batches_of(ITEMS, others, MAXIMUM_ITEMS_IN_PROGRESS, lambda count: count / ITEMS_PER_SECOND),
            *batches_of(
                WILDCARDS, wildcards, MAXIMUM_WILDCARDS_IN_PROGRESS, lambda count: count / WILDCARDS_PER_SECOND
            ),
        )

    def cost(self, item_count: int) -> PurgeCost:
        """Return the list price of so many paths, wildcards and tags."""
        billed = max(0, item_count - FREE_ITEMS_PER_MONTH)
        return PurgeCost(billed * PRICE_PER_ITEM_USD, item_count * PRICE_PER_ITEM_USD, PRICE_SOURCE)

    @contextmanager
    def connect(self) -> Iterator[_Connection]:
        """Open the API with the AWS credentials of the environment."""
        yield _Connection(self.distribution_id)

    def status_command(self, purge_id: str) -> str:
        """Return the command that shows an invalidation."""
        return f"aws cloudfront get-invalidation --distribution-id {self.distribution_id} --id {purge_id}"


def _value(item: PurgeItem) -> str:
    return f"#{item.text}" if item.kind == "tag" else item.text


class _Connection:
    def __init__(self, distribution_id: str) -> None:
        self._distribution_id = distribution_id

    def submit(self, batch: PurgeBatch, _soft: bool, reference: str) -> tuple[str, ...]:
        paths = {"Quantity": len(batch.values), "Items": list(batch.values)}
        content = {"Paths": paths, "CallerReference": reference}
        return (self._of_invalidation("Id", "create_invalidation", InvalidationBatch=content),)

    def is_complete(self, purge_id: str) -> bool:
        return self._of_invalidation("Status", "get_invalidation", Id=purge_id) == _COMPLETED

    def _of_invalidation(self, name: str, operation: str, **arguments: Any) -> str:
        try:
            method = getattr(aws.client("cloudfront", _REGION), operation)
            answer = method(DistributionId=self._distribution_id, **arguments)
        except aws.failures() as error:
            failure = _failure(error)
        else:
            value = answer.get("Invalidation", {}).get(name)
            if value is not None:
                return str(value)
            failure = CallFailure("unreachable", f"{operation} answered without {name}")
        raise failure


def _failure(error: Any) -> CallFailure:
    code = aws.error_code(error)
    if code is None:
        return CallFailure("credentials" if _is_about_credentials(error) else "unreachable", str(error))
    if code in _RATE_CODES:
        return CallFailure("rate limit", str(error))
    if code in _CREDENTIALS_CODES:
        return CallFailure("credentials", str(error))
    return CallFailure(kind_of_status(error.response["ResponseMetadata"]["HTTPStatusCode"]), str(error))


def _is_about_credentials(error: Exception) -> bool:
    from botocore import exceptions  # noqa: PLC0415 - with boto3, which a plan does without

    return isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.ProfileNotFound
        | exceptions.TokenRetrievalError
        | exceptions.UnauthorizedSSOTokenError,
    )
