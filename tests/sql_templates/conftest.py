"""The migrated database that the library's tests use."""

from tests.strata.conftest import aws_credentials, connection, layout, migrated, migrated_template, reference

__all__ = ["aws_credentials", "connection", "layout", "migrated", "migrated_template", "reference"]
