"""What the hit ratio of each cache class is called in CloudWatch, where CloudFront has it for a distribution only."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "Strata/Edge"
#: In percent; only of hours with enough requests to mean something.
HIT_RATIO: Final = "HitRatio"
#: A count; of every hour that was looked at, also 0.
REQUESTS: Final = "Requests"
STACK_DIMENSION: Final = "Stack"
CLASS_DIMENSION: Final = "Class"
