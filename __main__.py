"""The program's entry: the stack is described in `infra.program`."""

from infra.process import make_quick

make_quick()

from infra.program import deploy  # noqa: E402 - importing the AWS SDK is a part of what gets quicker

deploy()
