from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
import pulumi
from pulumi.runtime import settings

class Engine:
    def __init__(self):
        self.received = []
    def Log(self, request):
        self.received.append((request.severity, request.message))

engine = Engine()
settings.configure(settings.Settings("project", "stack", engine=engine, monitor=object()))

from infra.process import make_quick
make_quick()
pulumi.log.debug("preparing resource")
pulumi.log.warn("look at this")
assert [message for _, message in engine.received] == ["look at this"], engine.received
assert not gc.isenabled()
"""


def test_the_engine_gets_warnings_and_no_debug_messages_and_nothing_is_collected():
    # In a process of its own: what is changed lasts as long as the process.
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
