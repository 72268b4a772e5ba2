"""A Pulumi project small enough to try the environment's commands on, with the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.paths import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = f"""
name: trivial
runtime:
  name: python
  options:
    virtualenv: {CHECKOUT}/.venv
"""

STACK_FILE = """
config:
  aws:region: eu-west-1
  trivial:answer: forty-two
"""

PROGRAM = """
import pulumi
from pulumi_aws.ssm import Parameter
from slow import Slow

parameter = Parameter("parameter", name="/trivial/parameter", type="String", value="forty-two")
if pulumi.Config().get("fail"):
    raise ValueError(pulumi.Config().get("fail"))
pulumi.export("answer", pulumi.Config().get("answer"))
Slow("slow", pulumi.Config().get("marker"), pulumi.ResourceOptions(depends_on=[parameter]))
"""

#: Its creation says that it began and then waits while the marker's file says so.
SLOW = """
import time
from pathlib import Path

from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class SlowProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        marker = Path(props["marker"])
        while marker.exists():
            marker.write_text("began")
            time.sleep(0.02)
        return CreateResult("slow", props)


class Slow(Resource, name="Slow"):
    def __init__(self, name, marker, options):
        super().__init__(SlowProvider(), name, {"marker": marker or "/dev/null/none"}, options)
"""


def make_project(folder: Path) -> Path:
    """Write the project into a new folder and return it."""
    folder.mkdir()
    for name, content in {
        "Pulumi.yaml": PROJECT,
        "Pulumi.local.yaml": STACK_FILE,
        "__main__.py": PROGRAM,
        "slow.py": SLOW,
    }.items():
        (folder / name).write_text(content.lstrip())
    return folder
