"""Where a database is and how to speak to it: what every client of it needs to know, and no secret."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class DatabaseAddress:
    """The address of a database.

    Args:
        region: the region of the instance, whose IAM tokens it takes.
        host: host name.
        port: TCP port.
        database_name: the database on it.
        ssl_mode: as libpq spells it.
        ca_bundle: file with the certificate authorities to trust, or None for libpq's own default.
    """

    region: str
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    database_name: pulumi.Input[str]
    ssl_mode: str
    ca_bundle: str | None
