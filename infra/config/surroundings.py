"""What a stack is, whatever its sections say: its name, its region and what it is for."""

import re
from typing import Any, Final, cast

from infra.config.problems import ConfigProblem
from infra.config.tenants import Report
from strata.environments.names import ALLOWED_STACK_NAME, BY_NAME, PURPOSES, STACK_NAME, Purpose
from strata.environments.names import purpose_of as purpose_of_name

REGION: Final = "[a-z]{2}(-[a-z]+)+-[0-9]"
ALLOWED_REGION: Final = "the region of the stack, for example eu-central-1"
ALLOWED_PURPOSE: Final = ", ".join(PURPOSES) + f" or {BY_NAME}"


def region_of(raw: Any, report: Report) -> str:
    """Return the region that a stack's config names, reporting one that is missing or none."""
    region = raw.get("aws:region")
    if region is None:
        report(ConfigProblem("aws:region", "is missing", ALLOWED_REGION))
    elif not isinstance(region, str) or not re.fullmatch(REGION, region):
        report(ConfigProblem("aws:region", f"{region!r} is no region", ALLOWED_REGION))
    return str(region)


def purpose_of(stack: str, said: Any, report: Report) -> Purpose | None:
    """Return what a stack is for: as its file says, or as its name does.

    A name that says production or staging cannot be talked out of its guard rails, and one that says nothing needs the
    key; so no stack escapes them by what it is called.
    """
    if not STACK_NAME.fullmatch(stack):
        report(ConfigProblem("the stack's name", f"{stack!r} does not fit into names on AWS", ALLOWED_STACK_NAME))
        return None
    named = purpose_of_name(stack)
    if said not in (*PURPOSES, BY_NAME):
        report(ConfigProblem("strata:purpose", f"{said!r} is unknown", ALLOWED_PURPOSE))
        return named
    if said == BY_NAME:
        if named is None:
            what = f"is missing, and the name {stack} does not say what the stack is for"
            report(ConfigProblem("strata:purpose", what, ", ".join(PURPOSES)))
        return named
    purpose = cast("Purpose", said)
    if named and PURPOSES.index(purpose) < PURPOSES.index(named):
        what = f"is {purpose}, and the name {stack} says {named}"
        report(ConfigProblem("strata:purpose", what, f"{named}, or a name that does not say so"))
    return purpose
