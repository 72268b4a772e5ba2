"""The guide to environments says what their stack files say."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from infra.config import load

PROJECT = Path(__file__).parents[2]
GUIDE = (PROJECT / "docs" / "guides" / "environments.md").read_text(encoding="utf-8")
STACKS = ("dev", "staging", "prod")


def rows() -> dict[str, list[str]]:
    """Return the cells of the table that compares the environments, by the name of the row."""
    table = GUIDE.split("| | dev | staging | prod |\n", 1)[1].split("\n\n", 1)[0]
    return {
        name: cells
        for name, *cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
    }


def test_the_table_is_what_the_stack_files_say() -> None:
    said = rows()
    for column, stack in enumerate(STACKS):
        path = PROJECT / f"Pulumi.{stack}.yaml"
        config = load(stack, yaml.safe_load(path.read_text())["config"], path.name, PROJECT)
        days = config.database.backup_retention_days
        wanted = {
            "zones": str(config.network.zones),
            "deletion protection": "yes" if config.database.deletion_protection else "no",
            "backups": f"{days} day{'s' * (days > 1)}",
            "layout": config.partitions.layout,
            "certificate": "its own" if config.cdn.aliases else "CloudFront's own",
            "access logs": f"{config.access_logs.retention_days} days",
            "alarms": "yes" if config.alarms.enabled else "none",
            "tenants": f"`tenants/{stack}.yaml`",
        }
        found = {name: re.split(",", said[name][column])[0] for name in wanted}
        assert found == wanted
        assert ("a standby" in said["instance"][column]) is config.database.multi_az
