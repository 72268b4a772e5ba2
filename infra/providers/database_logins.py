"""The logins that everything else uses, made once with the master's secret and never with it again."""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.providers.base import DatabaseProvider
from strata.bootstrap import bootstrap, deployer_can_log_in


class DatabaseLoginsProvider(DatabaseProvider):
    """Makes `strata_deployer` and `strata_owner` where they are missing."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Bootstrap the logins; a database that has them is left as it is."""
        bootstrap(props["connection"])
        return CreateResult("logins", {"connection": props["connection"]})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bootstrap again, which changes nothing where the logins are there."""
        bootstrap(_news["connection"])
        return UpdateResult({"connection": _news["connection"]})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report the logins as gone when the deployer cannot log in, so that the next update makes them again."""
        if not deployer_can_log_in(props["connection"]):
            return ReadResult("", {})
        return ReadResult(id_, {"connection": props["connection"]})


class DatabaseLogins(Resource, module="strata", name="DatabaseLogins"):
    """The deployer's login and the owner's role of one database."""

    def __init__(self, name: str, *, connection: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(DatabaseLoginsProvider(), name, {"connection": connection}, opts)
