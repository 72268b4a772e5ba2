"""The environments on AWS, as their committed stack files describe them."""

from typing import Final

import yaml  # type: ignore[import-untyped]  # it ships no types

from infra.config import StackConfig, load
from local.paths import CHECKOUT

#: In the order in which a change reaches them.
NAMES: Final = ("dev", "staging", "prod")


def environments() -> dict[str, StackConfig]:
    """Return the config of each environment on AWS, by name."""
    return {name: _config(name) for name in NAMES}


def _config(name: str) -> StackConfig:
    stack_file = CHECKOUT / f"Pulumi.{name}.yaml"
    raw = yaml.safe_load(stack_file.read_text(encoding="utf-8"))["config"]
    return load(name, raw, stack_file.name, CHECKOUT)
