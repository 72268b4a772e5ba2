"""The tenants in the file that BENCHMARK_RESOURCES names, as the stack describes them; their partitions are adopted."""

import json
import os
from pathlib import Path

from infra.components.tenancy import Tenancy, TenancyArgs
from infra.config import Tenant

recorded = json.loads(Path(os.environ["BENCHMARK_RESOURCES"]).read_text())
inputs = [one["inputs"] for one in recorded.values()]
Tenancy(
    "tenants",
    TenancyArgs(
        connection=inputs[0]["connection"],
        layout=inputs[0]["layout"],
        tenants=[Tenant(one["tenant_id"]) for one in inputs],
        deployed_with=None,
        after=[],
    ),
)
