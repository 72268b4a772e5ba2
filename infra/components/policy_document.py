"""IAM policies as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]


def policy_document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Return an IAM policy as JSON, with its statements in the order given."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
