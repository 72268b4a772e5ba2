"""Keys of the advisory locks that Strata takes; the number says what it orders, the high bytes that it is ours."""

from __future__ import annotations

from typing import Final

_STRATA: Final = int.from_bytes(b"STRATA") << 16

#: Held by whatever adds to or changes partitioned tables: onboarding and migrations.
ONBOARD_KEY: Final = _STRATA + 1
#: Held while logins and roles are made.
BOOTSTRAP_KEY: Final = _STRATA + 2
#: Held while statistics are copied into the registry.
STATISTICS_KEY: Final = _STRATA + 3
#: First half of the two-part key held while a partition of a parent is detached; the other half is the parent.
#: Not the onboarding key: with one for both, onboarding waits behind the readers that a detach waits for.
DETACH_CLASS: Final = int.from_bytes(b"STRA")
#: First half of the two-part key held by whoever removes a tenant, from its first step to its last; the other half is
#: the tenant. What one run decides from the catalog, another would take away beneath it.
REMOVAL_CLASS: Final = DETACH_CLASS + 1
