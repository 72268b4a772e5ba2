"""``aws:rds/parameterGroup:ParameterGroup``: parameters held against the real server, and really applied.

Rules: Amazon RDS User Guide, "Parameter groups for Amazon RDS DB instances" and "Working with parameters on your
RDS for PostgreSQL DB instance"; API reference, ModifyDBParameterGroup (20 parameters a call).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.postgres import parameters as settings
from local.providers.aws import rds_calls, rds_store
from local.providers.resource import UNKNOWN, Autoname, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: RDS for PostgreSQL versions from 16 on, the oldest that Strata supports.
FAMILIES: Final = ("postgres16", "postgres17", "postgres18")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 255
_PARAMETERS_PER_CALL: Final = 20
_APPLY_METHODS: Final = ("immediate", "pending-reboot")

#: RDS's own parameters and whether a change waits for a reboot (`Apply type` in describe-engine-default-parameters).
_RDS_PARAMETERS: Final[Mapping[str, bool]] = {
    "rds.accepted_password_auth_method": False,
    "rds.allowed_extensions": False,
    "rds.enable_plan_management": True,
    "rds.force_admin_logging_level": False,
    "rds.force_autovacuum_logging_level": False,
    "rds.force_ssl": False,
    "rds.log_retention_period": False,
    "rds.logical_replication": True,
    "rds.rds_superuser_reserved_connections": True,
    "rds.restrict_password_commands": True,
}

#: Settings that RDS keeps to itself (`IsModifiable` false in describe-engine-default-parameters).
_NOT_MODIFIABLE: Final = frozenset(
    {
        "archive_command",
        "archive_library",
        "archive_mode",
        "bonjour",
        "cluster_name",
        "config_file",
        "data_directory",
        "event_triggers",
        "external_pid_file",
        "fsync",
        "full_page_writes",
        "hba_file",
        "ident_file",
        "krb_server_keyfile",
        "listen_addresses",
        "log_directory",
        "log_file_mode",
        "logging_collector",
        "password_encryption",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "recovery_target",
        "restore_command",
        "ssl",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_crl_file",
        "ssl_key_file",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
        "wal_level",
        "zero_damaged_pages",
    }
)


class ParameterGroup(ResourceType):
    """A DB parameter group."""

    token = "aws:rds/parameterGroup:ParameterGroup"  # noqa: S105 - a resource type's token
    modelled = frozenset(
        {"name", "family", "description", "parameters.name", "parameters.value", "parameters.applyMethod", "tags"}
    )
    replaces: ClassVar[Mapping[str, str]] = {
        "name": "Terraform aws_db_parameter_group: name forces a new resource",
        "family": "Terraform aws_db_parameter_group: family forces a new resource",
        "description": "Terraform aws_db_parameter_group: description forces a new resource",
    }
    autoname = Autoname("name", max_length=_LONGEST_NAME, lower=True)
    defaults: ClassVar[Mapping[str, Any]] = {"description": "Managed by Pulumi"}
    unordered = frozenset({"parameters"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Hold the name, the family and every parameter against RDS's rules and the real server's answers."""
        del provider
        failures = [*group_name_failures(inputs.get("name"))]
        family = inputs.get("family")
        if family is not UNKNOWN and family not in FAMILIES:
            failures.append(CheckFailure("family", f"{family} is none of {', '.join(FAMILIES)}"))
        given = inputs.get("parameters") or []
        return failures if given is UNKNOWN else [*failures, *_parameter_failures(given)]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Make the group with its parameters."""
        name, client = inputs["name"], rds_calls.client(provider, inputs)
        rds_calls.call(
            f"creating parameter group {name}",
            client.create_db_parameter_group,
            DBParameterGroupName=name,
            DBParameterGroupFamily=inputs["family"],
            Description=inputs.get("description") or self.defaults["description"],
            Tags=rds_calls.tag_list(provider, inputs),
        )
        _modify(client, name, inputs.get("parameters") or [])
        return Created(name)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the group and the parameters that differ from the engine's defaults."""
        client = rds_calls.client(provider, state)
        answer = rds_calls.find(
            f"reading parameter group {resource_id}",
            client.describe_db_parameter_groups,
            DBParameterGroupName=resource_id,
        )
        if answer is None or not answer["DBParameterGroups"]:
            return None
        group = answer["DBParameterGroups"][0]
        return {
            "arn": group["DBParameterGroupArn"],
            "name": group["DBParameterGroupName"],
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": _live_parameters(client, resource_id, state.get("parameters") or []),
            "tags": rds_calls.live_tags(client, group["DBParameterGroupArn"]),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change parameters and let the instances that use the group have them."""
        client = rds_calls.client(provider, new)
        wanted = {one["name"]: one for one in new.get("parameters") or []}
        live = {one["name"]: one for one in _live_parameters(client, resource_id, [])}
        _modify(
            client,
            resource_id,
            [one for name, one in wanted.items() if {"applyMethod": "immediate", **one} != live.get(name)],
        )
        _reset(client, resource_id, sorted(live.keys() - wanted.keys()))
        rds_calls.set_tags(provider, client, old["arn"], new)
        for folder in rds_store.folders_with("parameterGroupName", resource_id):
            rds_store.apply_parameters(folder, server_settings(client, resource_id))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the group unless an instance uses it."""
        if rds_store.folders_with("parameterGroupName", resource_id):
            raise ProviderError(
                f"deleting parameter group {resource_id}: InvalidDBParameterGroupState: "
                "one or more database instances are still members of it"
            )
        client = rds_calls.client(provider, state)
        rds_calls.find(
            f"deleting parameter group {resource_id}",
            client.delete_db_parameter_group,
            DBParameterGroupName=resource_id,
        )


def group_name_failures(name: Any) -> Iterator[CheckFailure]:
    """Hold a group's name against CreateDBParameterGroup's rule."""
    if isinstance(name, str) and (not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME):
        rule = "lower case letters, digits and single hyphens, a letter first, at most 255 characters"
        yield CheckFailure("name", f"{name!r} is not {rule}")


def server_settings(client: Any, name: str) -> dict[str, str]:
    """Return what a server of this group runs with: without RDS's own parameters and without formulas."""
    return {
        one["name"]: one["value"]
        for one in _live_parameters(client, name, [])
        if not one["name"].startswith("rds.") and not _is_formula(one["value"])
    }


def _is_formula(value: str) -> bool:
    """Say whether RDS computes the value from the instance class, for example ``{DBInstanceClassMemory/10922}``."""
    return "{" in value or bool(re.match(r"(GREATEST|LEAST|SUM)\(", value))


def _is_static(name: str) -> bool:
    return _RDS_PARAMETERS[name] if name.startswith("rds.") else settings.is_static(name)


def _parameter_failures(given: list[Any]) -> Iterator[CheckFailure]:
    seen: set[str] = set()
    for index, parameter in enumerate(given):
        if parameter is UNKNOWN or parameter.get("name") is UNKNOWN:
            continue
        where, name = f"parameters[{index}]", parameter["name"]
        if name in seen:
            yield CheckFailure(f"{where}.name", f"{name} is given twice")
        seen.add(name)
        refusal = _name_refusal(name)
        if refusal:
            yield CheckFailure(f"{where}.name", refusal)
            continue
        yield from _method_failures(where, name, parameter.get("applyMethod") or "immediate")
        refusal = _value_refusal(name, parameter.get("value"))
        if refusal:
            yield CheckFailure(f"{where}.value", refusal)


def _name_refusal(name: str) -> str | None:
    if name in _NOT_MODIFIABLE or settings.is_internal(name):
        return f"RDS does not let {name} be modified"
    if name.startswith("rds."):
        return None if name in _RDS_PARAMETERS else f"not modelled by the local provider: parameter {name}"
    if settings.is_known(name):
        return None
    near = settings.closest(name)
    return f"PostgreSQL has no parameter {name}" + (f"; did you mean {near}?" if near else "")


def _method_failures(where: str, name: str, method: Any) -> Iterator[CheckFailure]:
    if method is UNKNOWN:
        return
    if method not in _APPLY_METHODS:
        yield CheckFailure(f"{where}.applyMethod", f"{method} is none of {', '.join(_APPLY_METHODS)}")
    elif method == "immediate" and _is_static(name):
        yield CheckFailure(
            f"{where}.applyMethod",
            f"{name} is static: RDS cannot use the immediate apply method for it; set applyMethod pending-reboot",
        )


def _value_refusal(name: str, value: Any) -> str | None:
    if value is UNKNOWN or _is_formula(str(value)):
        return None
    if name == "rds.force_ssl" and value not in {"0", "1"}:
        return f"{value} is neither 0 nor 1"
    if name == "shared_preload_libraries":
        missing = settings.missing_libraries(str(value))
        return f"not modelled by the local provider: library {', '.join(missing)}" if missing else None
    return None if name.startswith("rds.") else settings.refusal(name, str(value))


def _live_parameters(client: Any, name: str, said: list[Any]) -> list[Properties]:
    """Return the group's parameters, first those that the program named and in its order."""
    pages = client.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=name, Source="user")
    live = {
        one["ParameterName"]: {
            "name": one["ParameterName"],
            "value": one.get("ParameterValue", ""),
            "applyMethod": one.get("ApplyMethod", "immediate"),
        }
        for page in pages
        for one in page["Parameters"]
    }
    first = [_as_said(one, live.pop(one["name"])) for one in said if one["name"] in live]
    return first + [live[key] for key in sorted(live)]


def _as_said(said: Properties, live: Properties) -> Properties:
    """Return a live parameter without the default apply method that the program left out."""
    silent = "applyMethod" not in said and live["applyMethod"] == "immediate"
    return {key: value for key, value in live.items() if not (silent and key == "applyMethod")}


def _modify(client: Any, name: str, parameters: list[Properties]) -> None:
    for start in range(0, len(parameters), _PARAMETERS_PER_CALL):
        rds_calls.call(
            f"modifying parameter group {name}",
            client.modify_db_parameter_group,
            DBParameterGroupName=name,
            Parameters=[
                {
                    "ParameterName": one["name"],
                    "ParameterValue": one["value"],
                    "ApplyMethod": one.get("applyMethod") or "immediate",
                }
                for one in parameters[start : start + _PARAMETERS_PER_CALL]
            ],
        )


def _reset(client: Any, name: str, parameters: list[str]) -> None:
    for start in range(0, len(parameters), _PARAMETERS_PER_CALL):
        rds_calls.call(
            f"resetting parameters of group {name}",
            client.reset_db_parameter_group,
            DBParameterGroupName=name,
            Parameters=[
                {"ParameterName": one, "ApplyMethod": "pending-reboot" if _is_static(one) else "immediate"}
                for one in parameters[start : start + _PARAMETERS_PER_CALL]
            ],
        )
