"""What stops the counting of access logs."""

from __future__ import annotations

from strata.errors import StrataError


class LogSourceError(StrataError):
    """A source of access logs that cannot be looked into at all."""


class UnreadableLogFileError(StrataError):
    """A file that is no access log, or that nothing can be read from.

    Args:
        file: its path or URL.
        reason: one clause; never a part of what the file holds, which may be a token.
    """

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"cannot read the access log: {reason}",
            where={"file": file},
            allowed="CloudFront access logs: legacy, or v2 as JSON, W3C, plain or Parquet; gzip or not",
            next_command="leave it out of the source, or add --keep-going to list such files and count the others",
        )
        self.file = file
        self.reason = reason
