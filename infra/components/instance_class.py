"""What a DB instance class has: memory, connections, CPU credits.

Sources: Amazon RDS User Guide, "Hardware specifications for DB instance classes" (memory doubles from size to size
within a family) and "Maximum number of database connections"; Amazon EC2 User Guide, "CPU credits earned per hour".
"""

import re
from typing import Final

_GIB: Final = 1024**3
#: Memory of the size `large` of a family, in GiB; the other sizes follow from it.
_GIB_OF_LARGE: Final = {
    **dict.fromkeys(("t3", "t4g", "m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7g", "m7i", "m8g"), 8),
    **dict.fromkeys(("r5", "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r7g", "r7i", "r8g"), 16),
    "x2g": 32,
}
#: How much of `large` a size is; a size ``<n>xlarge`` is n times `xlarge`.
_SHARE_OF_LARGE: Final = {"micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1, "xlarge": 2}
#: Credits per hour of t3 and t4g by size; as many as a day earns can be saved up.
_CREDITS_PER_HOUR: Final = {"micro": 12, "small": 24, "medium": 24, "large": 36, "xlarge": 96, "2xlarge": 192}
_HOURS_SAVED: Final = 24
#: RDS's default for PostgreSQL: ``LEAST({DBInstanceClassMemory/9531392}, 5000)``.
_BYTES_PER_CONNECTION: Final = 9_531_392
_MOST_CONNECTIONS: Final = 5_000


def memory_bytes(instance_class: str) -> int | None:
    """Return the memory of a class such as ``db.r7g.xlarge``, or None for a class that is not known here."""
    _, family, size = instance_class.split(".")
    multiple = re.fullmatch(r"(\d+)xlarge", size)
    share = _SHARE_OF_LARGE["xlarge"] * int(multiple.group(1)) if multiple else _SHARE_OF_LARGE.get(size)
    gib = _GIB_OF_LARGE.get(family)
    return None if gib is None or share is None else int(gib * share * _GIB)


def max_connections(memory: int) -> int:
    """Return RDS's default of `max_connections` for an instance's memory in bytes."""
    return min(memory // _BYTES_PER_CONNECTION, _MOST_CONNECTIONS)


def most_cpu_credits(instance_class: str) -> int | None:
    """Return the most CPU credits that a burstable class saves up; None for classes that have no credits."""
    _, family, size = instance_class.split(".")
    if not family.startswith("t") or size not in _CREDITS_PER_HOUR:
        return None
    return _CREDITS_PER_HOUR[size] * _HOURS_SAVED
