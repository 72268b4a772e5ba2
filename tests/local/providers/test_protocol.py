"""The protocol's messages come without the SDK, and leave it importable."""

import subprocess
import sys

from local.paths import CHECKOUT

PROGRAM = """
import sys
from local.providers import protocol
assert not {"pulumi", "pulumi.runtime", "pulumi.runtime.proto"} & sys.modules.keys()
import pulumi
from pulumi.runtime.proto import provider_pb2
assert provider_pb2.CheckRequest is protocol.provider_pb2.CheckRequest
print(pulumi.Output.__name__, pulumi.__file__ is not None)
"""


def test_the_sdk_can_still_be_imported() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (answer.stdout, answer.stderr) == ("Output True\n", "")
