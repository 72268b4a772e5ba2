"""What a local server does differently on a PostgreSQL older than the wheel's: 16 is the oldest that a stack may have.

Version 17 brought event triggers at login, the built-in locale provider, `allow_alter_system` and `pg_maintain`
(its release notes).
"""

from __future__ import annotations

from typing import Final

from local.postgres import programs

_SEVENTEEN: Final = 17
_LOCALES_OF_16: Final = ("--locale", "C", "--lc-ctype", "C.UTF-8")
_LOCALES: Final = ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")


def has_login_triggers() -> bool:
    """Say whether the server can refuse the master's password; on 16 it takes it for ever, laxer than RDS."""
    return _is_17_or_later()


def locales() -> tuple[str, ...]:
    """Return initdb's arguments for bytes as the order of text, and Unicode's upper and lower case."""
    return _LOCALES if _is_17_or_later() else _LOCALES_OF_16


def settings() -> dict[str, str]:
    """Return the settings that keep the server's configuration in the one file that is written at every start."""
    return {"allow_alter_system": "off"} if _is_17_or_later() else {}


def options_past_event_triggers() -> str:
    """Return libpq's options for a login that no event trigger can refuse."""
    return "-c event_triggers=off" if _is_17_or_later() else ""


def roles_of_rds_superuser() -> tuple[str, ...]:
    """Return those of PostgreSQL's own roles that rds_superuser is a member of only on some versions."""
    return ("pg_maintain",) if _is_17_or_later() else ()


def _is_17_or_later() -> bool:
    return programs.major_version() >= _SEVENTEEN
