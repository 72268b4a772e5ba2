"""``pulumi-resource-postgresql``: the engine starts it with its own address as the only argument."""

from local.providers.postgresql.provider import PostgreSQL
from local.providers.server import serve

if __name__ == "__main__":
    serve(PostgreSQL)
