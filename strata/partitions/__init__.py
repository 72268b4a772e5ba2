"""Partitions of tenants: what they should be, what they are, and the way between."""

from strata.partitions.manager import PartitionManager

__all__ = ["PartitionManager"]
