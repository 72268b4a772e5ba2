"""The database's schema as a stack resource: ordered migrations, each applied once.

The list is the input, so a preview shows pending SQL; editing an applied migration fails the preview.
The SQL is a list of lines, since a preview cuts longer text short.
"""

from typing import Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from infra.providers.base import DatabaseProvider, changed_identity, refused
from infra.providers.connections import deployer_connection
from strata.migrations import Migration, apply, load, read_applied
from strata.partitions.layout import Layout
from strata.sql import same_statements


class SchemaMigrationsProvider(DatabaseProvider):
    """Applies migrations, and reports which are applied."""

    identity = ("connection", "layout")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse an applied migration that was edited or removed; keep the deployed text of a reworded one."""
        failures = changed_identity(self.identity, _olds, news)
        if failures:
            return CheckResult(news, failures)  # of another layout, every migration would look edited
        wanted = news["migrations"]
        for key, deployed in _olds.get("migrations", {}).items():
            if key not in wanted:
                failures.append(_refused(key, "was removed"))
            elif not same_statements("\n".join(deployed), "\n".join(wanted[key])):
                failures.append(_refused(key, "was edited"))
            else:
                wanted[key] = deployed
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Apply what is pending in the database, whoever applied the rest."""
        return CreateResult("schema", self._apply(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Apply the new migrations."""
        return UpdateResult(self._apply(_news))

    def inspect(self, id_: str, outputs: dict[str, Any]) -> ReadResult:
        """Report the migrations that the database has recorded."""
        with deployer_connection(outputs["connection"]) as connection:
            applied = {migration.key: migration.checksum for migration in read_applied(connection)}
        if not applied:
            return ReadResult("", {})
        found = {"connection": outputs["connection"], "layout": outputs["layout"], "applied": applied}
        if applied == outputs["applied"]:
            return ReadResult(id_, found)
        wanted = {key: lines for key, lines in _lines(load(outputs["layout"])).items() if key in applied}
        return ReadResult(
            id_, found, {"connection": outputs["connection"], "layout": outputs["layout"], "migrations": wanted}
        )

    @staticmethod
    def _apply(props: dict[str, Any]) -> dict[str, Any]:
        migrations: tuple[Migration, ...] = load(props["layout"])
        with deployer_connection(props["connection"]) as connection:
            applied = apply(connection, migrations)
        return {
            "connection": props["connection"],
            "layout": props["layout"],
            "applied": {migration.key: migration.checksum for migration in applied},
        }


def _lines(migrations: tuple[Migration, ...]) -> dict[str, list[str]]:
    return {migration.key: migration.sql.splitlines() for migration in migrations}


def _refused(key: str, what: str) -> CheckFailure:
    return refused(
        f"migration {key} is applied and {what} (sql_templates/migrations/{key}.sql.j2); "
        "allowed: add a new one; next: git checkout -- the file, and put the change into the next number",
    )


class SchemaMigrations(Resource, module="strata", name="SchemaMigrations"):
    """The migrations of one database, in order."""

    def __init__(self, name: str, *, connection: str, layout: Layout, opts: pulumi.ResourceOptions) -> None:
        properties = {
            "connection": connection,
            "layout": layout,
            "migrations": _lines(load(layout)),
        }
        super().__init__(SchemaMigrationsProvider(), name, properties, opts)
