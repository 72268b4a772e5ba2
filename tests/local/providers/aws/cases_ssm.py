"""Systems Manager parameters."""

from tests.local.providers.conformance import Case

CASES = [
    Case(
        token="aws:ssm/parameter:Parameter",
        inputs={"type": "String", "value": "one", "tags": {"team": "payments"}},
        updates=[
            {"value": "two"},
            {"description": "the connection"},
            {"description": None},
            {"tags": {"team": "platform", "tier": "data"}},
            {"tags": None},
            {"allowedPattern": "^t"},
            {"value": None, "insecureValue": "three"},
            {"tier": "Advanced"},
            {"insecureValue": None, "value": "two", "type": "SecureString", "keyId": "alias/aws/ssm"},
        ],
        replacements=[{"name": "/strata/other"}, {"dataType": "aws:ec2:image"}],
        excused={"overwrite": "says what create does with an existing parameter; it is in no parameter"},
    )
]
