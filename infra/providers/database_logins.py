"""The logins that everything else uses, made once with the master's secret and never with it again."""

from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ReadResult, Resource, UpdateResult
from pulumi.output import Unknown

from infra.providers.base import DatabaseProvider, refused
from strata.bootstrap import bootstrap, deployer_can_log_in


class DatabaseLoginsProvider(DatabaseProvider):
    """Makes `strata_deployer` and `strata_owner` where they are missing."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse another instance behind the same connection: every row would be left in the old one."""
        result = super().check(_olds, news)
        deployed, wanted = _olds.get("resource_id"), news["resource_id"]
        # Unknown is what a preview shows for the id of an instance that is about to be made anew.
        if deployed and (isinstance(wanted, Unknown) or wanted != deployed):
            result.failures.append(_replaced_instance(deployed))
        return result

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Bootstrap the logins; a database that has them is left as it is."""
        bootstrap(props["connection"])
        return CreateResult("logins", _outputs(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bootstrap again, which changes nothing where the logins are there."""
        bootstrap(_news["connection"])
        return UpdateResult(_outputs(_news))

    def inspect(self, id_: str, outputs: dict[str, Any]) -> ReadResult:
        """Report the logins as gone when the deployer cannot log in, so that the next update makes them again."""
        if not deployer_can_log_in(outputs["connection"]):
            return ReadResult("", {})
        return ReadResult(id_, _outputs(outputs))


def _outputs(props: dict[str, Any]) -> dict[str, Any]:
    return {"connection": props["connection"], "resource_id": props["resource_id"]}


def _replaced_instance(resource_id: str) -> CheckFailure:
    return refused(
        f"the database instance {resource_id} would be replaced, and the new one is empty; "
        f"allowed: changes that keep {resource_id}; "
        "next: take the change back, or move the rows to a stack of their own first",
    )


class DatabaseLogins(Resource, module="strata", name="DatabaseLogins"):
    """The deployer's login and the owner's role of one database."""

    def __init__(
        self, name: str, *, connection: str, resource_id: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> None:
        properties = {"connection": connection, "resource_id": resource_id}
        super().__init__(DatabaseLoginsProvider(), name, properties, opts)
