"""Ask a live distribution as two identities and as nobody, and say whether one saw what belongs to the other."""

from strata.caching.canary.ask import CanaryError, Identity
from strata.caching.canary.judge import Finding, Report, judge
from strata.caching.canary.observe import Observation, run_canary

__all__ = ["CanaryError", "Finding", "Identity", "Observation", "Report", "judge", "run_canary"]
