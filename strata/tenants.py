"""Tenant ids: which are allowed, and the names derived from them.

The rule for names lives twice, here and as the SQL function `strata.partition_suffix`; a test holds the two equal.
Names that are easy to read are kept; every other id becomes a short prefix, a double underscore and 104 digest bits.
No readable id holds a double underscore, so the two name spaces never meet; and none ends as the names that PostgreSQL
makes for the indexes of a partition, which share one name space with the partitions.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from typing import Final

from strata.errors import StrataError

#: The tenant of rows that belong to no customer.
RESERVED_TENANT: Final = "system"
#: Longest id that is used in names as it is: with the longest table, ``webhook_logs_p_``, it makes 54 bytes, which
#: leaves PostgreSQL 9 of its 63 (NAMEDATALEN - 1) to tell indexes and constraints apart.
MAXIMUM_READABLE_BYTES: Final = 39
#: An index entry holds 2,704 bytes at most (BTMaxItemSize), and a tenant shares one with keys of up to 1,020.
MAXIMUM_TENANT_BYTES: Final = 1024
#: Longest id that a stack file may name, unless a pattern of its own says which.
LONGEST_ID: Final = 63

#: An id that is easy to read, as a whole.
READABLE: Final = "[a-z0-9](?:[_-]?[a-z0-9])*"
_READABLE: Final = re.compile(READABLE)
#: How PostgreSQL ends the names of what belongs to a table, for Python and for SQL (ChooseIndexName in
#: src/backend/commands/indexcmds.c, ChooseRelationName for sequences, and REINDEX CONCURRENTLY).
DERIVED_NAME: Final = "_(pkey|key|idx|excl|seq|ccnew|ccold)[0-9]*$"
_DERIVED_NAME: Final = re.compile(DERIVED_NAME)
_NOT_PREFIX: Final = re.compile(r"[^a-z0-9]")
_TO_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_PREFIX_CHARACTERS: Final = 8
_DIGEST_HEX_DIGITS: Final = 26


class TenantIdError(StrataError):
    """An id that PostgreSQL cannot hold as a partition key."""

    def __init__(self, tenant_id: str, reason: str) -> None:
        super().__init__(
            f"tenant id {reason}",
            where={"tenant id": ascii(tenant_id[:80])},
            allowed=f"1 to {MAXIMUM_TENANT_BYTES} bytes of UTF-8 without NUL",
        )
        self.tenant_id = tenant_id


def tenant_bytes(tenant_id: str) -> bytes:
    """Return the id as PostgreSQL stores it.

    Raises:
        TenantIdError: the id is empty, too long, or holds what PostgreSQL text cannot.
    """
    what = _unstorable(tenant_id)
    if what:
        raise TenantIdError(tenant_id, what)
    return tenant_id.encode()


def _unstorable(tenant_id: str) -> str | None:
    """Return what PostgreSQL cannot hold of an id, or None."""
    if not tenant_id:
        return "is empty"
    if "\0" in tenant_id:
        return "holds a NUL character"
    if _SURROGATE.search(tenant_id):
        return "holds a lone surrogate"
    size = len(tenant_id.encode())
    return f"is {size} bytes long" if size > MAXIMUM_TENANT_BYTES else None


def allowed_id(pattern: str | None = None) -> str:
    """Return in words which ids a stack file may name.

    Args:
        pattern: of the stack, ``strata:partitions.idPattern``; the strict rule when None.
    """
    if pattern is None:
        what = f"1 to {LONGEST_ID} of a-z and 0-9, with single - or _ between them"
    else:
        what = f"1 to {MAXIMUM_TENANT_BYTES} bytes that match strata:partitions.idPattern {pattern} as a whole"
    return f"{what}, and not the reserved {RESERVED_TENANT}"


#: What a stack file without a pattern of its own may name, in words.
ALLOWED_ID: Final = allowed_id()


def wrong_id(value: object, pattern: str | None = None) -> str | None:
    """Return what is wrong with an id that a stack file names, or None; `allowed_id` says what is right.

    Args:
        value: as the file has it.
        pattern: a regular expression that the whole id must match, instead of the strict rule.
    """
    if value is None or value == "":
        return "is empty"
    if not isinstance(value, str):
        return f"{value!r} is not text; write it in quotes"
    if look_alike(value) == RESERVED_TENANT:
        return f"{value!r} is reserved for rows that belong to no customer"
    if pattern is None and len(value) > LONGEST_ID:
        return f"{value!r} has {len(value)} characters"
    what = _unstorable(value)
    if what is None and not re.fullmatch(pattern or _READABLE, value):
        what = "is not a tenant id"
    return what and f"{value!r} {what}"


def look_alike(tenant_id: str) -> str:
    """Return what two ids have in common that nobody can tell apart on a screen: NFC, without blanks at the ends.

    PostgreSQL and all names keep such ids apart; a person who types or pastes one of them reaches the other.
    """
    return unicodedata.normalize("NFC", tenant_id).strip()


def name_suffix(tenant_id: str) -> str:
    """Return the part of a name that stands for the tenant: at most 39 bytes of ``[a-z0-9_-]``.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    encoded = tenant_bytes(tenant_id)
    is_short = len(encoded) <= MAXIMUM_READABLE_BYTES
    if is_short and _READABLE.fullmatch(tenant_id) and not _DERIVED_NAME.search(tenant_id):
        return tenant_id
    prefix = _NOT_PREFIX.sub("", tenant_id.translate(_TO_LOWER))[:_PREFIX_CHARACTERS]
    return f"{prefix}__{hashlib.sha256(encoded).hexdigest()[:_DIGEST_HEX_DIGITS]}"


def partition_name(table: str, tenant_id: str) -> str:
    """Return the name of the tenant's partition of a table, for example ``payments_p_acme``; at most 54 bytes.

    Raises:
        TenantIdError: the id cannot be a partition key.
    """
    return f"{table}_p_{name_suffix(tenant_id)}"
