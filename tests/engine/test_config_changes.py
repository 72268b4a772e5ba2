"""What the reference says a change of a key causes is what the engine plans for a deployed stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine

#: Keys that change in place, each to another value than the stack `local` has.
IN_PLACE: dict[str, dict[str, Any]] = {
    "strata:partitions": {"idPattern": "[a-z0-9]+", "capacity": 200},
    "strata:database": {
        "instanceClass": "db.t4g.large",
        "allocatedStorageGib": 30,
        "multiAz": True,
        "backupRetentionDays": 10,
        "deletionProtection": True,
        "engineVersion": "18.4",
    },
    "strata:api": {"originDomain": "other", "originPort": 8001},
    "strata:cdn": {
        "priceClass": "PriceClass_200",
        "tenantClaim": "tenant",
        "corsOrigins": ["https://app.example.com"],
        "originShieldRegion": "eu-west-1",
        "secretsVersion": 2,
    },
    "strata:accessLogs": {"retentionDays": 30},
}
#: Keys whose change makes or removes resources of their own.
COMING_AND_GOING: dict[str, dict[str, Any]] = {
    "strata:database": {"reach": "tunnel"},
    "strata:network": {"zones": 2},
    "strata:cdn": {"keyValueStore": False},
    "strata:alarms": {"enabled": False},
}


def _change(environment: EngineEnvironment, changes: dict[str, dict[str, Any]]) -> None:
    def change(config: dict[str, Any]) -> None:
        for section, keys in changes.items():
            config[section] = {**config.get(section, {}), **keys}

    environment.edit_config(change)


def _plan(environment: EngineEnvironment, changes: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """Plan the stack with some keys changed; return the names of resources by the engine's word for their change."""
    _change(environment, changes)
    output = environment.preview("--json").output
    plan: dict[str, set[str]] = {}
    for step in json.loads(output[output.index("{") :])["steps"]:
        plan.setdefault(step["op"], set()).add(step["urn"].rsplit("::", 1)[1])
    return plan


def test_keys_that_change_in_place(restored_config: EngineEnvironment) -> None:
    """Nothing is replaced, made or removed; each of the sections has reached a resource."""
    plan = _plan(restored_config, IN_PLACE)
    assert plan.keys() == {"same", "update"}
    assert {"database-instance", "database-parameters", "edge-distribution", "edge-secrets-values"} <= plan["update"]
    assert {"access-logs-expiry", "edge-viewer-request-user-data"} <= plan["update"]


def test_keys_that_make_or_remove_resources_of_their_own(restored_config: EngineEnvironment) -> None:
    """The instance, the distribution and the tenants stay as they are."""
    plan = _plan(restored_config, COMING_AND_GOING)
    assert plan.keys() == {"same", "create", "update", "delete"}
    assert "jump-host-instance" in plan["create"]
    assert {"network-database-3", "edge-secrets-store", "alarm-free-storage"} <= plan["delete"]
    assert "database-subnets" in plan["update"]
    changed = plan["create"] | plan["update"] | plan["delete"]
    assert not {"database-instance", "edge-distribution", "tenant-globex"} & changed


def test_another_address_range_is_another_vpc(restored_config: EngineEnvironment) -> None:
    """On a stack without protection the engine plans it; one with protection refuses (`infra.components.network`)."""
    plan = _plan(restored_config, {"strata:network": {"cidr": "10.1.0.0/16"}})
    assert {"network-vpc", "network-database-1"} <= plan["replace"]


def test_another_layout_is_refused(restored_config: EngineEnvironment) -> None:
    _change(restored_config, {"strata:partitions": {"layout": "bucketed"}})
    refused = restored_config.preview(check=False)
    assert refused.code != 0
    assert "layout is 'list' since this was first deployed and cannot become 'bucketed'" in refused
