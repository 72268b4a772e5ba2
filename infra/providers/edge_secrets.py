"""The edge's secrets as a stack resource: a secret and a store that hold the same values, which are in no state.

Inputs and outputs are two ARNs and a version. `strata.caching.edge_secrets` does the work.
"""

from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult
from pulumi.output import Unknown

from infra.providers.base import StrataProvider, refused
from strata.caching.edge_secrets import converge, drift, remove


class EdgeSecretsProvider(StrataProvider):
    """Makes, keeps in step, rotates and removes the values."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse an older version: what it stood for is gone."""
        deployed, wanted = _olds.get("version"), news["version"]
        if deployed is None or isinstance(wanted, Unknown) or wanted >= deployed:
            return CheckResult(news, [])
        reason = (
            f"the edge's secrets are of version {int(deployed)} and cannot become version {int(wanted)} again; "
            f"allowed: strata:cdn.secretsVersion {int(deployed)}, or a higher one to rotate them; "
            "next: set it back, then pulumi preview"
        )
        return CheckResult(news, [refused(reason)])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the values, or adopt those that are there."""
        return CreateResult("edge-secrets", _converged(props, None))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Rotate to a higher version, and mend what drifted."""
        return UpdateResult(_converged(_news, _olds["version"]))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Compare the secret with the store; what differs appears as an input that the program does not have."""
        found = drift(props["secret_arn"], props["store_arn"], int(props["version"]))
        if found is None:
            return ReadResult(id_, _named(props))
        return ReadResult(id_, _named(props), {**_named(props), "drifted": found})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take the values out of the store; the secret's go with the secret."""
        remove(_props["store_arn"])


def _converged(props: dict[str, Any], deployed: float | None) -> dict[str, Any]:
    """Have both places hold the values, say what was done, and return the outputs."""
    version = int(props["version"])
    for done in converge(props["secret_arn"], props["store_arn"], version, int(deployed) if deployed else None):
        print(f"edge secrets: {done}")  # noqa: T201 (the engine shows it at this resource)
    return _named(props)


def _named(props: dict[str, Any]) -> dict[str, Any]:
    return {"secret_arn": props["secret_arn"], "store_arn": props["store_arn"], "version": props["version"]}


class EdgeSecretsResource(Resource, module="strata", name="EdgeSecrets"):
    """The values of one secret and one store; the type token is permanent."""

    def __init__(
        self,
        name: str,
        *,
        secret_arn: pulumi.Input[str],
        store_arn: pulumi.Input[str],
        version: int,
        opts: pulumi.ResourceOptions,
    ) -> None:
        properties = {"secret_arn": secret_arn, "store_arn": store_arn, "version": version}
        super().__init__(EdgeSecretsProvider(), name, properties, opts)
