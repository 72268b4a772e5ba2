"""Strata: tenant-partitioned PostgreSQL and a caller-keyed edge. This package imports no Pulumi."""
