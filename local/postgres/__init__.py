"""A PostgreSQL server that behaves like an RDS DB instance, in a folder of its own."""

from local.postgres.errors import InstanceExistsError, NoInstanceError, PostgresError, ServerFailedError
from local.postgres.instance import Instance, describe, folders, is_instance
from local.postgres.server import (
    apply_parameters,
    change,
    connect,
    create,
    is_running,
    move,
    pending_parameters,
    remove,
    restart,
    set_master_password,
    start,
    start_all,
    stop,
    stop_all,
)

__all__ = [
    "Instance",
    "InstanceExistsError",
    "NoInstanceError",
    "PostgresError",
    "ServerFailedError",
    "apply_parameters",
    "change",
    "connect",
    "create",
    "describe",
    "folders",
    "is_instance",
    "is_running",
    "move",
    "pending_parameters",
    "remove",
    "restart",
    "set_master_password",
    "start",
    "start_all",
    "stop",
    "stop_all",
]
