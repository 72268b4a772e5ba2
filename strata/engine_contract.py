"""What more than one part says to the Pulumi engine, or understands from it."""

from __future__ import annotations

from typing import Final

from strata.errors import StrataError

#: Of a tenant's resource and of the schema's: permanent, as logical names are. `infra.providers` names them, and a test
#: there holds them.
TENANT_TYPE: Final = "pulumi-python:dynamic/strata:TenantPartitions"
SCHEMA_TYPE: Final = "pulumi-python:dynamic/strata:SchemaMigrations"
#: With it `--json` prints an event a line; else one document at the end, without what each change is and without the
#: messages of providers and policies.
STREAM_VARIABLE: Final = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
STACK_VARIABLE: Final = "PULUMI_STACK"
CONFIG_FILE_VARIABLE: Final = "PULUMI_OPTION_CONFIG_FILE"
#: After `source .strata/env` these name the stack of one machine, and would lead away from the one that is meant.
OF_ANOTHER_STACK: Final = (CONFIG_FILE_VARIABLE, STACK_VARIABLE)


class EngineMissingError(StrataError):
    """There is no engine to deploy with."""

    def __init__(self) -> None:
        super().__init__("no pulumi is on the PATH", next_command="source .strata/env, or install the Pulumi CLI")
