"""What a bootstrapped account is used with: variables of the workflows, and the commands of the first stack."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strata.account.roles import DRIFT_SUFFIX, PREVIEW, deploy_role, drift_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.account.settings import AccountSettings


@dataclass(frozen=True)
class WorkflowVariable:
    """A variable of GitHub that the workflows read; none is a secret.

    Args:
        name: of the variable.
        value: of the variable.
        environment: whose it is; None for the repository's own.
    """

    name: str
    value: str
    environment: str | None


def variables(settings: AccountSettings) -> Iterator[WorkflowVariable]:
    """Yield the variables of the repository, and of each environment."""
    yield WorkflowVariable("AWS_PREVIEW_ROLE_ARN", settings.role_arn(PREVIEW), None)
    yield WorkflowVariable("PULUMI_BACKEND_URL", settings.backend_url, None)
    yield WorkflowVariable("AWS_REGION", settings.region, None)
    for environment in settings.environments:
        name = environment.name
        yield WorkflowVariable("AWS_DEPLOY_ROLE_ARN", settings.role_arn(deploy_role(name)), name)
        yield WorkflowVariable("AWS_REGION", environment.region, name)
        for_drift = f"{name}{DRIFT_SUFFIX}"
        yield WorkflowVariable("AWS_DRIFT_ROLE_ARN", settings.role_arn(drift_role(name)), for_drift)
        yield WorkflowVariable("AWS_REGION", environment.region, for_drift)


def commands(settings: AccountSettings) -> Iterator[str]:
    """Yield the commands that follow: the variables, then the backend and each stack with its secrets provider."""
    for name in dict.fromkeys(one.environment for one in variables(settings) if one.environment):
        yield f"gh api --method PUT repos/{{owner}}/{{repo}}/environments/{name}"
    for variable in variables(settings):
        where = ["--env", variable.environment] if variable.environment else []
        yield shlex.join(["gh", "variable", "set", variable.name, *where, "--body", variable.value])
    yield shlex.join(["pulumi", "login", settings.backend_url])
    for environment in settings.environments:
        yield shlex.join(["pulumi", "stack", "init", environment.name, "--secrets-provider", settings.secrets_provider])
