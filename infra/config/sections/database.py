"""``strata:database``: the instance, and how it is reached."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from infra.config.sections.base import BOOLEAN, HOST_NAME, Key, Section

SslMode = Literal["verify-full", "verify-ca", "require", "disable"]

#: RLS, ATTACH behavior and MERGE that Strata relies on are those of this major version and later.
OLDEST_ENGINE_MAJOR: Final = 16
_POSTGRESQL_PORT: Final = 5432
#: The stack leaves `apply_immediately` out, so RDS waits with what interrupts.
_MAINTENANCE: Final = "in the next maintenance window"
_SAME_DATABASE: Final = "in place; it must lead to the same database"


def _engine_version(value: Any) -> Any:
    """Refuse what YAML has already damaged: an unquoted 16.10 arrives as the number 16.1."""
    if isinstance(value, float):
        raise ValueError("a version with a dot must be in quotes")  # noqa: TRY004 (pydantic collects ValueError only)
    return str(value) if isinstance(value, int) else value


def _supported_engine(value: str) -> str:
    if int(value.split(".", maxsplit=1)[0]) < OLDEST_ENGINE_MAJOR:
        raise ValueError("this version of PostgreSQL is too old")
    return value


EngineVersion = Annotated[
    str,
    BeforeValidator(_engine_version),
    Field(pattern=r"^[0-9]+(\.[0-9]+)?$"),
    AfterValidator(_supported_engine),
    # The oldest version as a pattern: a schema compares no numbers within text.
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": r"^0*(1[6-9]|[2-9][0-9]|[1-9][0-9]{2,})(\.[0-9]+)?$",
            "minimum": OLDEST_ENGINE_MAJOR,
        }
    ),
]


class ExistingDatabaseConfig(Section):
    """A database instance that is already there and that the stack uses as it is."""

    endpoint: Annotated[str, Key("where the instance listens", _SAME_DATABASE)] = Field(
        pattern=HOST_NAME, description="the instance's host name, without the port"
    )
    port: Annotated[int, Key("the TCP port of the instance", _SAME_DATABASE)] = Field(
        ge=1, le=65_535, description="1 to 65535"
    )
    database: Annotated[str, Key("the database that holds the schema", _SAME_DATABASE)] = Field(
        min_length=1, max_length=63, description="the name of a database, at most 63 characters"
    )
    resource_id: Annotated[
        str, Key("what IAM policies name the instance by", "refused: another instance holds other rows")
    ] = Field(pattern=r"^db-[A-Z0-9]+$", description="the instance's resource id, db-...")
    master_secret_arn: Annotated[str, Key("the login that makes the deployer, once", "in place")] = Field(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[!-~]+$",
        description="the ARN of the master's secret in Secrets Manager",
    )


class DatabaseConfig(Section):
    """The database instance, or the one that is used instead of making it."""

    engine_version: Annotated[
        EngineVersion,
        Key(
            "the version of PostgreSQL",
            f"in place: a minor version {_MAINTENANCE}; a major version is an upgrade of its own",
        ),
    ] = Field(
        "18", description=f'a PostgreSQL version from {OLDEST_ENGINE_MAJOR} on, in quotes, for example "18" or "17.6"'
    )
    instance_class: Annotated[
        str, Key("processors and memory of the instance", f"restart: the instance moves {_MAINTENANCE}")
    ] = Field(
        "db.t4g.medium", pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$", description="an instance class, such as db.r7g.xlarge"
    )
    allocated_storage_gib: Annotated[
        int, Key("the size of the volume", "in place: it grows while it is used; RDS refuses to make it smaller")
    ] = Field(20, ge=20, le=65_536, description="20 to 65536 GiB")
    multi_az: Annotated[bool, Key("a standby in a second zone, which takes over by itself", "in place")] = Field(
        default=False, description=BOOLEAN
    )
    backup_retention_days: Annotated[
        int,
        Key("how far back the instance can be restored to any second", "in place; to or from 0 the instance restarts"),
    ] = Field(7, ge=0, le=35, description="0 to 35 days; 0 turns backups off")
    deletion_protection: Annotated[
        bool,
        Key(
            "RDS refuses to delete the instance, and the engine to replace or remove it",
            "in place: a deployment of its own, before anything that it protects from",
        ),
    ] = Field(default=True, description=BOOLEAN)
    reach: Annotated[
        Literal["direct", "tunnel"],
        Key(
            "how the deployer comes to a private database: it runs inside the VPC, or through a jump host",
            "in place: the jump host is made or removed",
        ),
    ] = Field("direct", description="direct or tunnel")
    ssl_mode: Annotated[
        SslMode,
        Key(
            "how far connections check whom they talk to, as libpq's sslmode",
            "in place; from or to disable, the server begins or ceases to insist on TLS",
        ),
    ] = Field("verify-full", description="verify-full, verify-ca, require or disable")
    ca_bundle: Annotated[str | None, Key("which certificate authorities the server's is checked with", "in place")] = (
        Field(None, min_length=1, description="the path of a file of certificates (PEM)")
    )
    existing: Annotated[
        ExistingDatabaseConfig | None,
        Key("an instance that is there, to use instead of making one", "refused: another instance holds other rows"),
    ] = Field(None, description="a mapping with endpoint, port, database, resourceId and masterSecretArn")

    @property
    def is_protected(self) -> bool:
        """Whether the stack makes an instance, and protects it."""
        return self.existing is None and self.deletion_protection

    @property
    def port(self) -> int:
        """The TCP port of the database, which an instance that the stack makes has by default."""
        return self.existing.port if self.existing else _POSTGRESQL_PORT
