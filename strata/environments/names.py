"""Names of environments: which fit into names on AWS, and what a name says about what the environment is for."""

from __future__ import annotations

import re
from typing import Final, Literal, cast, get_args

Purpose = Literal["development", "staging", "production"]

#: The stack's name is part of names on AWS (a parameter's path, CloudFront policies): all of them take this.
STACK_NAME: Final = re.compile(r"(?=.{1,32}$)[a-z](-?[a-z0-9])*")
ALLOWED_STACK_NAME: Final = "a letter, then up to 31 of a-z and 0-9 with single - between them"
PURPOSES: Final = cast("tuple[Purpose, ...]", get_args(Purpose))
#: What `strata:purpose` is where nobody wrote it.
BY_NAME: Final = "byName"
#: The stack of one machine, which no workflow deploys.
LOCAL_STACK: Final = "local"
#: Words of a name, the strictest purpose first: `prod-2` and `eu-prod` are production, `preprod-dev` is what it says.
WORDS: Final[dict[Purpose, frozenset[str]]] = {
    "production": frozenset({"prod", "production", "live"}),
    "staging": frozenset({"staging", "stage"}),
    "development": frozenset({LOCAL_STACK, "dev", "development", "test", "sandbox"}),
}


def purpose_of(stack: str) -> Purpose | None:
    """Return what a stack's name says it is for, by its words between hyphens; None when they say nothing."""
    words = set(stack.split("-"))
    return next((purpose for purpose, telling in WORDS.items() if words & telling), None)
