"""Find, bring or build the engine and print where it is: ``python -m local.engine``; CI fills its cache with it."""

import sys

from local.engine.install import find_or_make
from strata.errors import StrataError

try:
    print(find_or_make().pulumi)  # noqa: T201 - the answer of the command
except StrataError as error:
    sys.exit(f"error: {error}")
