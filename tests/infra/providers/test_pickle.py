"""The strings that deployed state holds: changing one breaks refresh and destroy of every deployed stack."""

import base64

import pytest
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider

from infra.providers.database_logins import DatabaseLogins, DatabaseLoginsProvider
from infra.providers.edge_secrets import EdgeSecretsProvider, EdgeSecretsResource
from infra.providers.schema_migrations import SchemaMigrations, SchemaMigrationsProvider
from infra.providers.tenant_partitions import TenantPartitionsProvider, TenantPartitionsResource


@pytest.mark.parametrize(
    ("provider", "module", "name", "stored"),
    [
        (
            DatabaseLoginsProvider(),
            "infra.providers.database_logins",
            "DatabaseLoginsProvider",
            "gASVQQAAAAAAAACMH2luZnJhLnByb3ZpZGVycy5kYXRhYmFzZV9sb2dpbnOUjBZEYXRhYmFzZUxvZ2luc1Byb3ZpZGVylJOUKYGULg==",
        ),
        (
            EdgeSecretsProvider(),
            "infra.providers.edge_secrets",
            "EdgeSecretsProvider",
            "gASVOwAAAAAAAACMHGluZnJhLnByb3ZpZGVycy5lZGdlX3NlY3JldHOUjBNFZGdlU2VjcmV0c1Byb3ZpZGVylJOUKYGULg==",
        ),
        (
            SchemaMigrationsProvider(),
            "infra.providers.schema_migrations",
            "SchemaMigrationsProvider",
            "gASVRQAAAAAAAACMIWluZnJhLnByb3ZpZGVycy5zY2hlbWFfbWlncmF0aW9uc5SMGFNjaGVtYU1pZ3JhdGlvbnNQcm92aWRlcpSTlCmBlC4=",
        ),
        (
            TenantPartitionsProvider(),
            "infra.providers.tenant_partitions",
            "TenantPartitionsProvider",
            "gASVRQAAAAAAAACMIWluZnJhLnByb3ZpZGVycy50ZW5hbnRfcGFydGl0aW9uc5SMGFRlbmFudFBhcnRpdGlvbnNQcm92aWRlcpSTlCmBlC4=",
        ),
    ],
)
def test_pickle_is_a_reference(provider: ResourceProvider, module: str, name: str, stored: str) -> None:
    """State holds a module and a class name, and none of the code: this very string, in every deployed stack."""
    assert serialize_provider(provider) == stored
    pickled = base64.b64decode(stored)
    assert module.encode() in pickled
    assert name.encode() in pickled
    assert len(pickled) < len(module) + len(name) + 40


def test_type_tokens_are_permanent() -> None:
    """A changed token changes every URN, which the engine would treat as delete and create."""
    assert DatabaseLogins._resource_type_name == "dynamic/strata:DatabaseLogins"
    assert EdgeSecretsResource._resource_type_name == "dynamic/strata:EdgeSecrets"
    assert SchemaMigrations._resource_type_name == "dynamic/strata:SchemaMigrations"
    assert TenantPartitionsResource._resource_type_name == "dynamic/strata:TenantPartitions"


def test_two_thousand_tenants_serialize() -> None:
    """The SDK nests its pickler deeper at each call; a provider without attributes does not meet the limit."""
    strings = {serialize_provider(TenantPartitionsProvider()) for _ in range(2000)}
    assert len(strings) == 1
