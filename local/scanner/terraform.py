"""Planned AWS resources as Terraform JSON, which scanners read.

pulumi-aws is made from the Terraform provider, so types and properties differ in spelling: camelCase for snake_case,
plural names for lists of blocks, and a plain object for a block that can only be there once.
The names were compared with the documentation of the Terraform provider (`tests/policy/test_terraform.py` holds them).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: How the types of each module of pulumi-aws begin in Terraform.
_PREFIXES: Final = {
    "acm": "aws_acm_",
    "cloudfront": "aws_cloudfront_",
    "cloudwatch": "aws_cloudwatch_",
    "ec2": "aws_",
    "iam": "aws_iam_",
    "kms": "aws_kms_",
    "lambda": "aws_lambda_",
    "rds": "aws_db_",
    "route53": "aws_route53_",
    "s3": "aws_s3_",
    "secretsmanager": "aws_secretsmanager_",
    "sns": "aws_sns_",
    "sqs": "aws_sqs_",
    "ssm": "aws_ssm_",
    "vpc": "aws_vpc_",
}
#: Properties whose keys are the user's, so that they are one value and no block.
_MAPS: Final = frozenset({"dimensions", "tags", "variables"})
#: Lists of blocks whose names follow no rule.
_BLOCKS: Final = {"aliases": "alias", "items": "items", "metricQueries": "metric_query"}


class Planned(Protocol):
    """What is read of a planned resource."""

    @property
    def type(self) -> str:
        """Its type token."""

    @property
    def name(self) -> str:
        """Its logical name."""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its inputs, in camelCase."""


class UntranslatedTypeError(StrataError):
    """A planned resource that the scanner would not get to see."""

    def __init__(self, type_token: str) -> None:
        super().__init__(
            "a type of AWS resource has no name in Terraform here",
            where={"type": type_token},
            allowed=f"types of the modules {', '.join(_PREFIXES)}",
            next_command="add its module to local/scanner/terraform.py",
        )


def translate(resources: Iterable[Planned]) -> dict[str, Any]:
    """Return the content of a ``.tf.json`` file with every AWS resource.

    Raises:
        UntranslatedTypeError: the plan holds a type that has no name here.
    """
    blocks: dict[str, dict[str, Any]] = {}
    for resource in resources:
        if resource.type.startswith("aws:"):
            # The engine makes a replacement before it deletes what it replaces, unless a resource says otherwise.
            block = {**_block(resource.properties), "lifecycle": [{"create_before_destroy": True}]}
            blocks.setdefault(type_of(resource.type), {})[name_of(resource.name)] = block
    return {"resource": blocks}


def type_of(type_token: str) -> str:
    """Return Terraform's name of a type: ``aws:rds/instance:Instance`` is ``aws_db_instance``.

    Raises:
        UntranslatedTypeError: the type has none here.
    """
    found = re.fullmatch(r"aws:(\w+)/(\w+):\w+", type_token)
    if not found or found[1] not in _PREFIXES:
        raise UntranslatedTypeError(type_token)
    return _PREFIXES[found[1]] + _snake(found[2])


def name_of(name: str) -> str:
    """Return a logical name as Terraform allows it."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def address(type_token: str, name: str) -> str:
    """Return what Terraform calls a resource, for example ``aws_db_instance.database-instance``."""
    return f"{type_of(type_token)}.{name_of(name)}"


def reference(type_token: str, name: str, output: str) -> str:
    """Return an expression that stands for an output of a resource."""
    return f"${{{address(type_token, name)}.{_snake(output)}}}"


def _block(properties: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_property(name, value) for name, value in properties.items() if value is not None)


def _property(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, dict) and name not in _MAPS:
        return _snake(name), [_block(value)]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _BLOCKS.get(name) or _snake(_singular(name)), [_block(item) for item in value]
    return _snake(name), _whole(value)


def _singular(name: str) -> str:
    return name if name.endswith("ss") else name.removesuffix("s")


def _whole(value: Any) -> Any:
    """Return a number without the fraction that the engine's protocol gives it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
