"""pulumi-resource-postgresql over psycopg."""
