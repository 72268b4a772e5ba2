"""Backfill: the rows of an unpartitioned table, copied into the tenants' partitions.

The table that is copied should rest: rows that change behind the copy are found by the next run and not by this one,
and rows that are deleted behind it by none, as nothing tells them from rows that the application has written since.
Conversion of a live table would join in `copy.Copy.batch`, which is one transaction for one range of one tenant's keys:
its triggers come before, and in there it would read the range by these keys once more, locked FOR NO KEY UPDATE.
"""
