"""Archives: a tenant's rows in a bucket, written part by part, proved by reading them back, and brought back from it.

A part is a gzip file with rows in PostgreSQL's COPY text format, so that ``zcat`` and ``psql`` can read it without us.
"""
