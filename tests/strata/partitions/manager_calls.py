"""A process of its own that calls methods of a PartitionManager, for tests: layout and calls as JSON."""

from __future__ import annotations

import json
import sys

from strata.partitions import PartitionManager


def main() -> None:
    """For each call: say that the process is ready, wait for a line, and call."""
    layout, calls = json.loads(sys.argv[1])
    manager = PartitionManager("env:TEST_DATABASE", layout)
    for method, arguments in calls:
        sys.stdout.write(f"ready for {method}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        getattr(manager, method)(*arguments["args"], **arguments["kwargs"])


if __name__ == "__main__":
    main()
