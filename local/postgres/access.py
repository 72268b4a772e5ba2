"""What makes a server behave like RDS at the door: who may connect how, and the roles that RDS makes.

RDS lets members of `rds_iam`, direct or indirect, in by an IAM token and never by a password. Here a token cannot be
checked by PostgreSQL, so members of `rds_iam` come in from loopback by any token: the one place laxer than RDS.
Members of `rds_superuser`, the master first, come in by password (SCRAM), and a login event trigger refuses them
from the moment that they are members of `rds_iam`, as RDS does.

`rds_superuser` holds ADMIN on `rds_iam`, so that the master can grant it. In PostgreSQL that is a membership too;
RDS does not count it, so neither does the trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.postgres import versions
from local.postgres.instance import HOST, SUPERUSER

if TYPE_CHECKING:
    from psycopg import Connection

    from local.postgres.instance import Instance

HBA: Final = f"""\
# Written at every start. Order matters: the first line that matches decides.
local  all          {SUPERUSER}                     trust
local  all          all                                 reject
host   replication  all              0.0.0.0/0      reject
host   all          {SUPERUSER}         0.0.0.0/0      reject
host   all          +rds_superuser   {HOST}/32   scram-sha-256
host   all          +rds_iam         {HOST}/32   trust
host   all          all              {HOST}/32   scram-sha-256
"""

#: What rds_superuser is a member of on every version, as `\\du rds_superuser` shows on RDS for PostgreSQL 17.
_RDS_SUPERUSER_HOLDS: Final = (
    "pg_monitor",
    "pg_signal_backend",
    "pg_checkpoint",
    "pg_use_reserved_connections",
    "pg_create_subscription",
    "rds_iam",
    "rds_password",
    "rds_replication",
)

_ROLES: Final = f"""
CREATE ROLE rds_iam NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_superuser NOLOGIN;
GRANT {", ".join(_RDS_SUPERUSER_HOLDS)} TO rds_superuser WITH ADMIN OPTION;
REVOKE INHERIT OPTION FOR rds_iam FROM rds_superuser;
REVOKE SET OPTION FOR rds_iam FROM rds_superuser;
"""

#: In pg_catalog, so that pg_dump leaves the function out.
_LOGIN_TRIGGER: Final = """
CREATE FUNCTION pg_catalog.rds_refuse_password() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
BEGIN
  IF SYSTEM_USER LIKE 'scram-sha-256:%' AND EXISTS (
    WITH RECURSIVE held (role) AS (
        SELECT oid FROM pg_roles WHERE rolname = session_user AND NOT rolsuper
      UNION
        SELECT granted.roleid FROM held JOIN pg_auth_members AS granted ON granted.member = held.role
        WHERE (granted.member, granted.roleid) IS DISTINCT FROM (to_regrole('rds_superuser'), to_regrole('rds_iam'))
    )
    SELECT FROM held WHERE role = to_regrole('rds_iam')
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_authorization_specification',
      MESSAGE = format('PAM authentication failed for user "%s"', session_user),
      DETAIL = 'The role is a member of rds_iam, so it logs in by an IAM token and no longer by a password.';
  END IF;
END
$body$;
CREATE EVENT TRIGGER rds_refuse_password ON login EXECUTE FUNCTION pg_catalog.rds_refuse_password();
ALTER EVENT TRIGGER rds_refuse_password ENABLE ALWAYS;
"""


def make_roles(connection: Connection, instance: Instance, master_password: str) -> None:
    """Make the roles that RDS makes, and the master, who owns the databases and is no superuser."""
    from psycopg import sql  # noqa: PLC0415 - a provider plugin has to start in half a second

    connection.execute(_ROLES.encode())
    for role in versions.roles_of_rds_superuser():
        connection.execute(sql.SQL("GRANT {} TO rds_superuser WITH ADMIN OPTION").format(sql.Identifier(role)))
    master = sql.Identifier(instance.master_username)
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE").format(master))
    connection.execute(sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(master))
    set_password(connection, instance.master_username, master_password)
    connection.execute(sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(master))


def refuse_passwords_of_iam_members(connection: Connection) -> None:
    """Install the login event trigger in the database of the connection, where this version has such triggers."""
    if versions.has_login_triggers():
        connection.execute(_LOGIN_TRIGGER.encode())


def set_password(connection: Connection, role: str, password: str) -> None:
    """Give a role a password; the server only ever sees its SCRAM verifier, so no log can hold it."""
    from psycopg import sql  # noqa: PLC0415 - see above

    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))
