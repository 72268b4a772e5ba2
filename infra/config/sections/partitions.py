"""``strata:partitions``: how tenants' rows are laid out."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.config.sections.base import Key, Section


def _regular_expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


class PartitionsConfig(Section):
    """How tenants' rows are laid out, how many tenants the lock table is sized for, and which ids they may have."""

    layout: Annotated[
        Literal["list", "bucketed"],
        Key(
            "how partitions lie below a table: one for each tenant (to 1,000), or in hash buckets first (to 10,000)",
            "refused: it is fixed once deployed",
        ),
    ] = Field("list", description="list or bucketed")
    capacity: Annotated[
        int,
        Key(
            "how many tenants the server's lock table is sized for",
            "restart: the parameter group changes in place and waits for a restart of the instance; "
            "within one step of the lock table, nothing",
        ),
    ] = Field(1_000, ge=1, description="a number of tenants, 1 or more")
    id_pattern: Annotated[
        Annotated[str, AfterValidator(_regular_expression)] | None,
        Key(
            "which tenant ids the stack allows, instead of the strict rule",
            "nothing: ids are held against it in each preview",
        ),
    ] = Field(
        None, description="a regular expression of Python's that the whole of a tenant's id matches, such as [A-Z0-9]+"
    )
