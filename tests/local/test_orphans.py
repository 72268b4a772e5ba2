"""Which processes count as plugins that a killed engine left."""

from __future__ import annotations

from pathlib import Path

from local.orphans import orphans
from local.process_table import Process

LISTING = """
   10     1    10 /home/me/p/.strata/bin/pulumi up --yes
   11    10    11 /bin/sh /home/me/p/.strata/bin/pulumi-resource-pulumi-python 127.0.0.1:1
   12    11    11 python -u -m pulumi.dynamic 127.0.0.1:1
   20     1    20 /bin/sh /home/me/p/.strata/bin/pulumi-resource-pulumi-python 127.0.0.1:2
   21    20    20 python -u -m pulumi.dynamic 127.0.0.1:2
   30     1    30 /bin/sh /home/me/other/.strata/bin/pulumi-resource-pulumi-python 127.0.0.1:3
   40     1    40 less /tmp/notes /home/me/p/.strata/bin/pulumi-resource-pulumi-python
   50     7    50 /home/me/p/.strata/bin/pulumi-resource-aws 127.0.0.1:2
   60     7     6 /bin/sh /home/me/p/.strata/bin/pulumi-resource-aws 127.0.0.1:2
""".strip("\n")


def _process(line: str) -> Process:
    pid, parent, group, *words = line.split()
    return Process(int(pid), int(parent), int(group), tuple(words))


def test_only_this_environments_plugins_without_an_engine_are_orphans() -> None:
    listed = [_process(line) for line in LISTING.splitlines()]
    kernel_thread = Process(2, 0, 2, ())
    assert orphans([kernel_thread, *listed], Path("/home/me/p/.strata/bin")) == [20, 50]
