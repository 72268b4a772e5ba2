"""The PostgreSQL provider of the local environment: its configuration and its connections.

It acts on whatever server its configuration names, as cyrilgdn's provider does, and never as a superuser.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from local.providers.postgresql import registry
from local.providers.provider import NotModelledError, Provider
from local.providers.resource import UNKNOWN, CheckFailure, ProviderError
from local.providers.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from local.providers.resource import Function, Properties, ResourceType

_TAKEN: Final = frozenset(
    {
        "awsRdsIamAuth",
        "awsRdsIamRegion",
        "connectTimeout",
        "database",
        "expectedVersion",
        "host",
        "maxConnections",
        "password",
        "port",
        "sslmode",
        "sslrootcert",
        "superuser",
        "username",
    }
)
# Keys of the engine itself in every provider's configuration.
_ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL"})
# A server on this machine answers at once or not at all; the SDK's own default of 180 s would only look like a hang.
_LONGEST_CONNECT_SECONDS: Final = 10


@dataclass(frozen=True)
class Config:
    """The provider's parsed configuration; field names are libpq's."""

    host: str
    port: int
    user: str
    dbname: str
    sslmode: str
    sslrootcert: str | None
    password: str | None
    iam_region: str | None
    connect_timeout: int


class PostgreSQL(Provider):
    """The provider that every PostgreSQL resource type gets."""

    name = "postgresql"
    package = "pulumi_postgresql"

    def __init__(self) -> None:
        super().__init__()
        self._config: Config | None = None

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """Return unknown, unmodelled and contradicting keys."""
        said = _parsed(config)
        failures = Validation(self.sdk, "pulumi:providers:postgresql", _TAKEN).failures(
            self.sdk.provider_config(), said
        )
        if said.get("superuser", True) is True:
            failures.append(CheckFailure("superuser", "must be false: RDS gives nobody a superuser"))
        if said.get("awsRdsIamAuth") is True and said.get("password") is not None:
            failures.append(CheckFailure("password", "excluded by awsRdsIamAuth"))
        if said.get("awsRdsIamAuth") is True and said.get("awsRdsIamRegion") is None:
            failures.append(CheckFailure("awsRdsIamRegion", "missing; awsRdsIamAuth needs it"))
        return failures

    def configure(self, config: Properties) -> None:
        """Take the configuration; nothing connects before a resource is made or read."""
        said = _parsed(config)
        self._config = Config(
            host=said.get("host") or "localhost",
            port=int(said.get("port") or 5432),
            user=said.get("username") or "postgres",
            dbname=said.get("database") or "postgres",
            sslmode=said.get("sslmode") or "require",
            sslrootcert=said.get("sslrootcert"),
            password=said.get("password"),
            iam_region=said.get("awsRdsIamRegion") if said.get("awsRdsIamAuth") else None,
            connect_timeout=min(int(said.get("connectTimeout") or _LONGEST_CONNECT_SECONDS), _LONGEST_CONNECT_SECONDS),
        )

    def resource_type(self, token: str) -> ResourceType:
        """Return the resource type of a token."""
        return registry.resource_type(token)

    def function(self, token: str) -> Function:
        """Refuse: no data source is modelled."""
        raise NotModelledError(token)

    @property
    def database(self) -> str:
        """The database that resources which name none are in."""
        return self._configured.dbname

    @contextmanager
    def connect(self, database: str | None = None) -> Iterator[Connection]:
        """Open a connection with a transaction that is committed at the end.

        Raises:
            ProviderError: the server cannot be reached or refuses the login.
        """
        import psycopg  # noqa: PLC0415 - costs a tenth of a second, and a no-op preview needs none of it

        config = self._configured
        try:
            connection = psycopg.connect(
                host=config.host,
                port=config.port,
                user=config.user,
                dbname=database or config.dbname,
                password=self._password(),
                sslmode=config.sslmode,
                sslrootcert=config.sslrootcert,
                connect_timeout=config.connect_timeout,
                application_name="pulumi-postgresql",
            )
        except psycopg.OperationalError as error:
            raise ProviderError(_refused(config, database or config.dbname, str(error))) from None
        with connection:
            yield connection

    def explain(self, error: Exception) -> str | None:
        """Return the server's own words for an error of psycopg."""
        if not type(error).__module__.startswith("psycopg"):
            return None
        diagnostics = getattr(error, "diag", None)
        primary = getattr(diagnostics, "message_primary", None)
        detail = getattr(diagnostics, "message_detail", None)
        code = getattr(error, "sqlstate", None)
        words = "; ".join(part for part in (primary, detail) if part) or str(error)
        return f"{code}: {words}" if code else words

    @property
    def _configured(self) -> Config:
        if self._config is None:
            raise ProviderError("the provider is not configured: its host, port or database is not known yet")
        return self._config

    def _password(self) -> str | None:
        config = self._configured
        if config.iam_region is None:
            return config.password
        token: str = self._signer.generate_db_auth_token(config.host, config.port, config.user)
        return token

    @cached_property
    def _signer(self) -> Any:
        """The client that signs tokens, without a call."""
        import boto3  # noqa: PLC0415 - costs a third of a second

        return boto3.session.Session().client("rds", region_name=self._configured.iam_region)


def _refused(config: Config, database: str, words: str) -> str:
    where = f"{config.user}@{config.host}:{config.port}/{database}"
    secrets = [config.password] if config.password else []
    for secret in secrets:
        words = words.replace(secret, "[secret]")
    return f"connecting as {where}: {words}"


def _parsed(config: Properties) -> Properties:
    """Return the configuration with the scalars that bridged SDKs send as JSON text."""
    return {key: _scalar(key, value) for key, value in config.items() if key not in _ENGINE_KEYS}


def _scalar(key: str, value: Any) -> Any:
    if value is UNKNOWN or not isinstance(value, str):
        return value
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if key in {"port", "connectTimeout", "maxConnections"} and value.isdecimal() else value
