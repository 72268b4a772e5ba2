"""The program's entry: the stack is described in `infra.program`."""

from infra.program import deploy

deploy()
