"""The oldest PostgreSQL that a stack may have, for tests."""
