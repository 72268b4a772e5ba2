"""What can stand between a machine and a private database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

PLUGIN: Final = "session-manager-plugin"
#: The last version that takes a session's token on its command line only, where other users of the machine see it
#: (AWS CLI, `awscli/customizations/sessionmanager.py`).
LAST_VERSION_WITH_VISIBLE_TOKEN: Final = "1.2.497.0"  # noqa: S105 - a version
INSTALL_PAGE: Final = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


class TunnelError(StrataError):
    """A tunnel that cannot be opened, or did not stay."""


class NoJumpHostError(TunnelError):
    """The stack has no jump host."""

    def __init__(self, host: str) -> None:
        super().__init__(
            "the stack has no jump host to go through",
            where={"host": host},
            allowed="a stack with strata:database.reach tunnel, deployed",
            next_command="set strata:database.reach to tunnel, then strata environment create STACK",
        )


class PluginMissingError(TunnelError):
    """The program that carries a session is not on this machine."""

    def __init__(self) -> None:
        super().__init__(
            f"{PLUGIN} is not on PATH",
            allowed=f"a version newer than {LAST_VERSION_WITH_VISIBLE_TOKEN}",
            next_command=f"install it: {INSTALL_PAGE}",
        )


class PluginTooOldError(TunnelError):
    """The program that carries a session would show its token to everybody on this machine."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"{PLUGIN} {version} takes a session's token on its command line, where every user of this machine sees it",
            allowed=f"a version newer than {LAST_VERSION_WITH_VISIBLE_TOKEN}",
            next_command=f"install a newer one: {INSTALL_PAGE}",
        )


class JumpHostUnreachableError(TunnelError):
    """Systems Manager starts no session on the jump host."""

    def __init__(self, jump_host_id: str, reason: str) -> None:
        super().__init__(
            f"no session to the jump host: {reason}",
            where={"jump host": jump_host_id},
            allowed="a running jump host whose agent is online, and ssm:StartSession on it and on the document "
            "AWS-StartPortForwardingSessionToRemoteHost",
            next_command=f"aws ssm describe-instance-information --filters Key=InstanceIds,Values={jump_host_id}",
        )


class TunnelLostError(TunnelError):
    """The tunnel ended while somebody needed it."""

    def __init__(self, host: str, exit_code: int, last_words: Sequence[str]) -> None:
        said = f": {' '.join(last_words)}" if last_words else ""
        super().__init__(
            f"the tunnel ended: {PLUGIN} exited with {exit_code}{said}",
            where={"host": host},
            next_command="the same command again",
        )


class NoAnswerThroughTunnelError(TunnelError):
    """The tunnel is open, and nothing that speaks as PostgreSQL is at its other end."""

    def __init__(self, host: str, port: int, waited_seconds: float, reason: str) -> None:
        super().__init__(
            f"no PostgreSQL answers through the tunnel after {waited_seconds:.0f} s: {reason}",
            where={"host": host, "port": port},
            allowed="a database security group that lets the jump host in",
            next_command="pulumi preview --refresh, then pulumi up",
        )
