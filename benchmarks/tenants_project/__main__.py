"""The tenants in the file that BENCHMARK_RESOURCES names, as the stack describes them; their partitions are adopted."""

import json
import os
from pathlib import Path

from infra.process import make_quick

make_quick()

from infra.components.tenancy import Tenancy, TenancyArgs  # noqa: E402 - as in the stack's own program
from infra.config import Tenant  # noqa: E402 - the same

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
