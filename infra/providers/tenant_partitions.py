"""One tenant's partitions as a stack resource: all its tables in one transaction.

Inputs show the exact SQL by table, so that a preview shows what will run; outputs hold names, digests and what delete
needs, never the SQL. The SQL is a list of lines, since a preview cuts longer text short. `strata.partitions` does the
work.
"""

import time
from functools import partial
from typing import Any, Final

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from infra.providers.base import DatabaseProvider, changed_identity
from infra.providers.connections import deployer_connection, onboarding_connection
from strata.archives.remove import archive_place, archive_tenant
from strata.errors import StrataError
from strata.partitions.errors import TenantArchivedError, TenantOffboardingError
from strata.partitions.inspect import inspect_tenant
from strata.partitions.layout import Layout
from strata.partitions.offboard import drop_tenant
from strata.partitions.onboard import TenantPartitions, ensure_tenant
from strata.partitions.render import render_onboarding
from strata.sql import same_statements

#: How often a long archive says how far it is.
_REPORT_SECONDS: Final = 10.0


class TenantRemovalError(StrataError):
    """A tenant's partitions are not removed, because its recorded state does not allow it."""


class TenantPartitionsProvider(DatabaseProvider):
    """Creates, adopts, inspects and removes one tenant's partitions."""

    identity = ("connection", "tenant_id", "layout")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a changed identity, and keep the deployed SQL where the new one differs in wording only."""
        deployed = _olds.get("statements", {})
        for table, lines in news["statements"].items():
            if table in deployed and same_statements("\n".join(deployed[table]), "\n".join(lines)):
                news["statements"][table] = deployed[table]
        return CheckResult(news, changed_identity(self.identity, _olds, news))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the partitions, or verify and adopt those that exist."""
        return CreateResult(props["tenant_id"], self._ensure(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Create what a new table asks for, mend what drifted, and record the tenant's state."""
        try:
            return UpdateResult(self._ensure(_news))
        except (TenantArchivedError, TenantOffboardingError):
            # It left between two deploys, by the command: with this recorded, its entry can be removed.
            if _news["state"] != "offboarding":
                raise
            made = {key: _olds[key] for key in ("partitions", "digests")}
            return UpdateResult({**_recorded(_news), **made})

    def inspect(self, id_: str, outputs: dict[str, Any]) -> ReadResult:
        """Report the tenant's live partitions; drift appears as a difference of the statements."""
        with deployer_connection(outputs["connection"]) as connection:
            observed = inspect_tenant(connection, outputs["tenant_id"], outputs["layout"])
        if not observed.partitions:
            return ReadResult("", {})
        found = {**outputs, "partitions": observed.partitions, "digests": observed.digests}
        if not observed.differences:
            return ReadResult(id_, found)
        statements = _statements(outputs["tenant_id"], outputs["layout"])
        for table, differences in observed.differences.items():
            statements[table] = [f"-- drifted: {difference}" for difference in differences]
        return ReadResult(id_, found, {**_recorded(outputs), "statements": statements})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Archive or drop the partitions of a tenant that is being offboarded; refuse every other."""
        connection, tenant_id, layout = _props["connection"], _props["tenant_id"], _props["layout"]
        if _props["state"] != "offboarding":
            raise TenantRemovalError(
                "the partitions of this tenant are kept",
                where={"tenant": tenant_id, "state": _props["state"], "onRemove": _props["on_remove"]},
                allowed="removal of a tenant deployed with state: offboarding",
                next_command="put the entry back under strata:tenants with this key, run pulumi up, then remove it",
            )
        if _props["on_remove"] == "drop":
            drop_tenant(connection, tenant_id, layout, partial(_say_what_is_left, tenant_id))
        else:
            _archive(connection, tenant_id, layout)

    @staticmethod
    def _ensure(props: dict[str, Any]) -> dict[str, Any]:
        # The first one of a process compiles templates: before the server has a connection that waits for it.
        render_onboarding(props["tenant_id"], props["layout"])
        with onboarding_connection(props["connection"]) as connection:
            made = ensure_tenant(connection, props["tenant_id"], props["layout"])
        return _outputs(props, made)


def _archive(connection: str, tenant_id: str, layout: Layout) -> None:
    """Archive a tenant, and say now and then how far that is, and at the end where the rows are."""
    said_at = time.monotonic()

    def report(table: str, rows: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= _REPORT_SECONDS:
            said_at = time.monotonic()
            _say(f"tenant {tenant_id}: {rows} rows of {table} so far")

    archived = archive_tenant(connection, tenant_id, layout, archive_place(connection, tenant_id), report)
    if archived:
        _say(f"tenant {tenant_id}: {sum(archived.rows.values())} rows archived and read back, {archived.uri}")
        if archived.gone:
            _say(f"tenant {tenant_id}: without {', '.join(archived.gone)}, whose partition was gone before")


def _say_what_is_left(tenant_id: str, uri: str) -> None:
    _say(
        f"tenant {tenant_id}: an archive of its rows was begun, and what it has stays at {uri}; if they must be gone,"
        " delete every version of every object there (docs/runbooks/offboard-a-tenant.md)"
    )


def _say(text: str) -> None:
    print(text)  # noqa: T201 (the engine shows it at this resource)


def _statements(tenant_id: str, layout: Layout) -> dict[str, list[str]]:
    return {table: sql.splitlines() for table, sql in render_onboarding(tenant_id, layout).items()}


def _recorded(props: dict[str, Any]) -> dict[str, Any]:
    """Return what inputs and outputs have in common: delete sees outputs only, and needs all of it."""
    return {key: props[key] for key in ("connection", "tenant_id", "layout", "state", "on_remove")}


def _outputs(props: dict[str, Any], made: TenantPartitions) -> dict[str, Any]:
    return {**_recorded(props), "partitions": dict(made.partitions), "digests": dict(made.digests)}


class TenantPartitionsResource(Resource, module="strata", name="TenantPartitions"):
    """The partitions of one tenant; the type token and the logical name are permanent."""

    def __init__(
        self,
        name: str,
        *,
        connection: str,
        tenant_id: str,
        layout: Layout,
        state: str,
        on_remove: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        properties = {
            "connection": connection,
            "tenant_id": tenant_id,
            "layout": layout,
            "state": state,
            "on_remove": on_remove,
            "statements": _statements(tenant_id, layout),
        }
        super().__init__(TenantPartitionsProvider(), name, properties, opts)
