"""Partitions of tenants: what they should be, what they are, and the way between."""
