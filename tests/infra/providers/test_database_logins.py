"""The logins belong to one instance: another one behind the same connection is refused when the stack is planned."""

import pytest
from pulumi.output import Unknown

from infra.providers.database_logins import DatabaseLoginsProvider

DEPLOYED = {"connection": "ssm:/strata/dev/database", "resource_id": "db-OLD"}


@pytest.mark.parametrize("resource_id", ["db-NEW", Unknown()])
def test_a_replaced_instance_is_refused(resource_id: object) -> None:
    """A preview shows the id of an instance that is about to be made anew as unknown."""
    result = DatabaseLoginsProvider().check(DEPLOYED, {**DEPLOYED, "resource_id": resource_id})
    [failure] = result.failures
    assert failure.property == ""
    assert failure.reason == (
        "the database instance db-OLD would be replaced, and the new one is empty; "
        "allowed: changes that keep db-OLD; "
        "next: take the change back, or move the rows to a stack of their own first"
    )


def test_the_same_instance_and_a_first_deployment_are_fine() -> None:
    """The id is unknown until the first instance is made."""
    assert DatabaseLoginsProvider().check(DEPLOYED, dict(DEPLOYED)).failures == []
    first = {"connection": "ssm:/strata/dev/database", "resource_id": Unknown()}
    assert DatabaseLoginsProvider().check({}, first).failures == []
