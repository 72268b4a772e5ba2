"""From a stack's raw config to `StackConfig`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from infra.config.problems import ConfigError, ConfigProblem, keys_of, problems_of, unknown_key
from infra.config.rules import Sections, broken_rules
from infra.config.sections.alarms import AlarmsConfig
from infra.config.sections.base import Section
from infra.config.sections.database import DatabaseConfig
from infra.config.sections.edge import AccessLogsConfig, ApiConfig, CdnConfig
from infra.config.sections.network import ExistingNetworkConfig, NetworkConfig, NewNetworkConfig
from infra.config.sections.partitions import PartitionsConfig
from infra.config.surroundings import purpose_of, region_of
from infra.config.tenants import Report, parse_tenants
from infra.config.values import StackConfig
from strata.environments.names import BY_NAME

if TYPE_CHECKING:
    from strata.environments.names import Purpose

KEYS: Final = ["purpose", "tenants", "partitions", "database", "network", "api", "cdn", "accessLogs", "alarms"]
_NAMESPACE: Final = "strata:"

SomeSection = TypeVar("SomeSection", bound=Section)


@dataclass(frozen=True)
class PulumiConfig:
    """What Pulumi says about the stack: its name, its config by full key, and the file that holds it."""

    stack: str
    raw: Mapping[str, Any]
    stack_file: str


def read_pulumi_config() -> PulumiConfig:
    """Return the running program's stack, its config with structured values decoded, and the name of its file."""
    stack = pulumi.get_stack()
    raw = {key: _decode(value) for key, value in {**get_config_env(), **CONFIG.get()}.items()}
    return PulumiConfig(stack, raw, os.environ.get("PULUMI_OPTION_CONFIG_FILE", f"Pulumi.{stack}.yaml"))


def load(stack: str, raw: Mapping[str, Any], stack_file: str, directory: Path | None = None) -> StackConfig:
    """Parse a stack's config.

    Args:
        stack: name of the stack.
        raw: config by full key, for example ``{"aws:region": "eu-central-1", "strata:tenants": ["acme"]}``.
        stack_file: the file's name, for messages.
        directory: what the path of a tenants file is relative to; the working directory by default.

    Raises:
        ConfigError: with every problem of the stack file.
    """
    problems: list[ConfigProblem] = []
    config = _parse(stack, raw, directory or Path(), problems.append)
    if problems:
        raise ConfigError(stack_file, problems)
    return config


def _parse(stack: str, raw: Mapping[str, Any], directory: Path, report: Report) -> StackConfig:
    """Return the parsed config; where something was reported it has gaps, and the caller throws it away."""
    values = {key.removeprefix(_NAMESPACE): value for key, value in raw.items() if key.startswith(_NAMESPACE)}
    purpose = purpose_of(stack, values.get("purpose", BY_NAME), report)
    region = region_of(raw, report)
    for key in sorted(values.keys() - set(KEYS)):
        report(ConfigProblem(f"{_NAMESPACE}{key}", *unknown_key(key, KEYS)))
    later: list[ConfigProblem] = []
    partitions = _section("partitions", PartitionsConfig, values, later.append)
    id_pattern = partitions.id_pattern if partitions else None
    tenants = parse_tenants(values.get("tenants", []), directory, report, id_pattern)
    for problem in later:
        report(problem)
    database = _section("database", DatabaseConfig, values, report)
    network = _network(values, report)
    cdn = _section("cdn", CdnConfig, values, report)
    api = _api(values, cdn, report)
    access_logs = _section("accessLogs", AccessLogsConfig, values, report)
    alarms = _section("alarms", AlarmsConfig, values, report)
    for problem in broken_rules(Sections(purpose, tenants, partitions, database, api, cdn)):
        report(problem)
    # A section that is None has been reported, so this value does not leave `load`.
    return StackConfig(
        stack=stack,
        region=region,
        purpose=cast("Purpose", purpose),
        tenants=tenants,
        partitions=cast("PartitionsConfig", partitions),
        database=cast("DatabaseConfig", database),
        network=cast("NetworkConfig", network),
        api=api,
        cdn=cast("CdnConfig", cdn),
        access_logs=cast("AccessLogsConfig", access_logs),
        alarms=cast("AlarmsConfig", alarms),
    )


def _section(key: str, model: type[SomeSection], values: Mapping[str, Any], report: Report) -> SomeSection | None:
    try:
        return model.model_validate(values.get(key, {}))
    except ValidationError as error:
        for problem in problems_of(error, model, key):
            report(problem)
        return None


def _network(values: Mapping[str, Any], report: Report) -> NetworkConfig | None:
    """Parse the network: a VPC to make, or one that is there, never both."""
    network = values.get("network", {})
    named = set(network) if isinstance(network, dict) else set()
    if not named.intersection(keys_of(ExistingNetworkConfig)):
        return _section("network", NewNetworkConfig, values, report)
    of_a_new_one = [key for key in keys_of(NewNetworkConfig) if key in named]
    for key in of_a_new_one:
        report(
            ConfigProblem(
                f"strata:network.{key}",
                "cannot stand beside the keys of a network that is already there",
                "either cidr and zones, or vpcId with privateSubnetIds and allowedSecurityGroupIds",
            )
        )
    there = {key: value for key, value in network.items() if key not in of_a_new_one}
    return _section("network", ExistingNetworkConfig, {"network": there}, report)


def _api(values: Mapping[str, Any], cdn: CdnConfig | None, report: Report) -> ApiConfig | None:
    """Parse the API; a stack without a distribution needs none."""
    if "api" in values or (cdn and cdn.enabled):
        return _section("api", ApiConfig, values, report)
    return None


def _decode(value: Any) -> Any:
    """Return a structured value decoded; Pulumi passes it as JSON and a plain one as it is."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
