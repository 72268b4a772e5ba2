"""The variables that make plain `pulumi`, `psql` and boto3 work on the local environment, and on nothing else."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import yaml  # type: ignore[import-untyped]  # it ships no types

from local import postgres
from local.edge.process import CONTROL_PORT, EDGE_PORT, REFERENCE
from local.emulator.server import ACCOUNT, PORT_NAME
from local.paths import CHECKOUT, STACK
from local.ports import read_ports
from local.stack import outputs
from strata.engine_contract import CONFIG_FILE_VARIABLE, STACK_VARIABLE
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.paths import Home

#: The state of stack `local` holds no password; its passphrase is as public as the salt in Pulumi.local.yaml.
PASSPHRASE: Final = "strata-local"  # noqa: S105 - see above
#: Of the user's own, these would lead away from the local environment.
UNWANTED: Final = ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_CONFIG", CONFIG_FILE_VARIABLE)
UNWANTED_PREFIX: Final = "AWS_"
#: A proxy of the user's has no place between two processes of one machine.
LOOPBACK: Final = ("localhost", ".localhost", "127.0.0.1")
DATABASE: Final = "strata"
DEPLOYER: Final = "strata_deployer"
OWNER: Final = "strata_owner"


class StackFileError(StrataError):
    """The stack file cannot be read so far as the environment needs it."""


def exported(home: Home) -> dict[str, str]:
    """Return the variables of the environment, without PATH; those of parts that do not exist yet are left out."""
    ports = read_ports(home.ports_file)
    port = ports.get(PORT_NAME)
    variables = {
        "STRATA_HOME": str(home.root),
        "STRATA_DATABASE": f"ssm:/strata/{STACK}/database",
        "PULUMI_HOME": str(home.pulumi),
        "PULUMI_BACKEND_URL": f"file://{home.state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        STACK_VARIABLE: STACK,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": f"http://localhost:{port}",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        # The engine's plugins and newer SDKs read the one, boto3 the other.
        "AWS_REGION": _region(home),
        "AWS_DEFAULT_REGION": _region(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        # So that no profile and no service's endpoint of the user's leads to a real account.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    if not home.is_default:
        variables[CONFIG_FILE_VARIABLE] = str(home.stack_file)
    return variables | _connections(home) | _edge(home, ports)


def _connections(home: Home) -> dict[str, str]:
    found = {}
    database = next(
        (one for one in map(postgres.describe, postgres.folders(home.root)) if one.database == DATABASE), None
    )
    if database is not None:
        # No password: IAM logins come in from loopback, and the token is not checked here.
        options = quote(f"-c role={OWNER}")
        address = f"{database.host}:{database.port}/{database.database}"
        found["STRATA_DATABASE_URL"] = f"postgresql://{DEPLOYER}@{address}?sslmode=disable&options={options}"
    return found


def _edge(home: Home, ports: Mapping[str, int]) -> dict[str, str]:
    if "cdn_distribution_id" not in outputs(home) or EDGE_PORT not in ports:
        return {}
    return {
        "STRATA_EDGE": REFERENCE,
        "STRATA_EDGE_URL": f"http://localhost:{ports[EDGE_PORT]}",
        "STRATA_EDGE_CONTROL_URL": f"http://localhost:{ports[CONTROL_PORT]}",
    }


def _region(home: Home) -> str:
    try:
        content = yaml.safe_load(home.stack_file.read_text())
        return str(content["config"]["aws:region"])
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise StackFileError(
            f"the stack file has no readable aws:region: {' '.join(str(error).split())}",
            where={"file": home.stack_file},
            allowed="YAML with a map `config` that has the key aws:region",
            next_command="make up (after a correction)",
        ) from error


def process_environment(home: Home, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment of a process that works on the local environment."""
    kept = {
        name: value for name, value in base.items() if name not in UNWANTED and not name.startswith(UNWANTED_PREFIX)
    }
    path = ":".join(dict.fromkeys([*_path(home), *base.get("PATH", os.defpath).split(":")]))
    loopback = {name: _with_loopback(base.get(name, "")) for name in ("NO_PROXY", "no_proxy")}
    return {**kept, **exported(home), **loopback, "PATH": path}


def _path(home: Home) -> list[str]:
    return [str(home.bin), str(CHECKOUT / ".venv" / "bin")]


def _with_loopback(hosts: str) -> str:
    return ",".join(dict.fromkeys([*filter(None, hosts.split(",")), *LOOPBACK]))


def environment_file(home: Home) -> str:
    """Return the text for ``source``, good for sh, bash and zsh; a second source changes nothing more."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in exported(home).items()]
    unset = [
        f"unset {' '.join(UNWANTED)}",
        f"for name in $(env | sed -n 's/^\\({UNWANTED_PREFIX}[A-Z0-9_]*\\)=.*/\\1/p'); do unset \"$name\"; done",
        "unset name",
    ]
    hosts = ",".join(LOOPBACK)
    proxy = [
        f'case ",${{{name}:-}}," in *,{hosts},*) ;; *) export {name}="${{{name}:+${name},}}{hosts}" ;; esac'
        for name in ("NO_PROXY", "no_proxy")
    ]
    first = shlex.quote(":".join(_path(home)))
    path = f'case "$PATH:" in {first}:*) ;; *) export PATH={first}:"$PATH" ;; esac'
    comment = "# Written by `make up`; changes are lost. Use: source this file."
    return "\n".join([comment, *unset, *exports, *proxy, path]) + "\n"
