"""The calls that set an account up, as values: what a dry run prints is what a run does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strata import aws
from strata.aws import AwsCallError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Call:
    """One call of AWS that changes something.

    Args:
        service: as boto3 names it.
        operation: as AWS names it, such as ``PutBucketPolicy``.
        parameters: of the operation; documents are JSON text, as AWS takes them.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class AccountCallError(AwsCallError):
    """AWS refused a call of the bootstrap, or never got it."""

    def __init__(self, service: str, operation: str, error: Exception) -> None:
        code = aws.error_code(error)
        super().__init__(
            f"{service}:{operation} failed: {error}",
            allowed="credentials of somebody who administers the account" if code in _FORBIDDEN else None,
            next_command="strata account bootstrap (again: it goes on where it stopped)",
        )
        self.code = code


_FORBIDDEN = ("AccessDenied", "AccessDeniedException", "403")


@dataclass(frozen=True)
class Account:
    """An account, through the credentials of the environment.

    Args:
        region: of the state bucket and its key.
    """

    region: str

    def ask(
        self, service: str, operation: str, missing: tuple[str, ...] = (), **parameters: Any
    ) -> dict[str, Any] | None:
        """Return the answer to a question, or None for an error with one of the `missing` codes.

        Raises:
            AccountCallError: any other refusal.
        """
        try:
            return self._call(service, operation, parameters)
        except AccountCallError as error:
            if error.code in missing:
                return None
            raise

    def answer(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to a question about what is there.

        Raises:
            AccountCallError: it was refused.
        """
        return self._call(service, operation, parameters)

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> list[Any]:
        """Return what all pages of an answer hold under a key.

        Raises:
            AccountCallError: it was refused.
        """
        try:
            pages = aws.client(service, self.region).get_paginator(_snake_case(operation)).paginate(**parameters)
            return [item for page in pages for item in page[key]]
        except aws.failures() as error:
            raise AccountCallError(service, operation, error) from None

    def make(self, call: Call) -> None:
        """Make a call that changes something.

        Raises:
            AccountCallError: it was refused.
        """
        self._call(call.service, call.operation, call.parameters)

    def _call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = getattr(aws.client(service, self.region), _snake_case(operation))(**parameters)
        except aws.failures() as error:
            raise AccountCallError(service, operation, error) from None
        return dict(answer)


def _snake_case(operation: str) -> str:
    import botocore  # noqa: PLC0415 - 0.2 s that other commands do not pay

    return str(botocore.xform_name(operation))
