"""Secrets Manager: secrets."""

from tests.local.providers.aws.cases_kms import KEY
from tests.local.providers.conformance import Case, World


def key_arn(world: World) -> str:
    arn: str = world.create(KEY, {"deletionWindowInDays": 7}).outputs["arn"]
    return arn


CASES = [
    Case(
        token="aws:secretsmanager/secret:Secret",
        inputs={"description": "what the origin reads", "tags": {"team": "edge"}},
        updates=[
            {"description": "pepper and origin-verify"},
            {"description": None},
            lambda world: {"kmsKeyId": key_arn(world)},
            {"recoveryWindowInDays": 7},
            {"tags": {"team": "platform"}},
            {"tags": None},
        ],
        replacements=[{"name": "another"}],
    )
]
