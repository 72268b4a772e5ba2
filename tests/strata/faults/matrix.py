"""The matrix: each operation struck at each of its points by each fault, and run again until it is done."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.httpsession import URLLib3Session

from strata import aws
from strata.errors import StrataError
from tests.strata.archives.conftest import REGION
from tests.strata.faults.faults import FAULTS
from tests.strata.faults.operations import OPERATIONS
from tests.strata.faults.watch import Watch, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from strata.partitions.layout import Layout
    from tests.strata.faults.faults import Fault
    from tests.strata.faults.operations import Operation
    from tests.strata.faults.watch import Channel
    from tests.strata.faults.world import World

ATTEMPTS: Final = 3
AFTER_THE_LAST: Final = "after the last"
#: A child that neither ends nor is killed.
_CHILD_SECONDS: Final = 60


@dataclass
class Matrix:
    """What was found and done, for the session."""

    points: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)
    struck: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reruns: Counter[int] = field(default_factory=Counter)

    def points_of(self, operation: Operation, world: World, fault: Fault) -> list[tuple[int, str]]:
        """Return number and label of each point of an operation where a fault can strike."""
        found = self._found(operation, world)
        labels = list(enumerate(found[fault.channel]))
        if fault.needs == "waits":
            return [(number, label) for number, label in labels if number in found["waiting"]]
        if fault.needs == "get_object":
            return [(number, label) for number, label in labels if label.startswith("get_object")]
        return [*labels, (len(labels), AFTER_THE_LAST)] if fault.after_the_last else labels

    def counts(self, open_world: Callable[[Layout], World]) -> dict[tuple[str, str, str], int]:
        """Return how many points there are, by operation, layout and fault."""
        found = {}
        for layout in ("list", "bucketed"):
            world = open_world(layout)
            for operation in OPERATIONS:
                for fault in FAULTS:
                    found[operation.name, layout, fault.name] = len(self.points_of(operation, world, fault))
        return found

    def strike(self, operation: Operation, world: World, fault: Fault, number: int) -> None:
        """Run an operation with a fault at a point, then until it is done, and check."""
        world.new_case()
        operation.arrange(world)
        watch = Watch(fault.channel, number, fault.strike(world))
        if fault.kills:
            _run_in_child(operation, world, watch)
        else:
            _run_here(operation, world, watch)
        self.reruns[_run_until_done(operation, world)] += 1
        operation.check(world)

    def _found(self, operation: Operation, world: World) -> dict[str, Any]:
        key = (operation.name, world.layout)
        if key not in self.points:
            self.points[key] = {**_watch_once(operation, world), "waiting": _waiting_points(operation, world)}
        return self.points[key]


def _watch_once(operation: Operation, world: World) -> dict[Channel, list[str]]:
    """Run an operation without a fault and return its points."""
    world.new_case()
    operation.arrange(world)
    watch = Watch()
    with watched(watch):
        operation.run(world, 0)
    operation.check(world)
    return watch.points


def _waiting_points(operation: Operation, world: World) -> set[int]:
    """Run an operation with a reader of another tenant at every point, and return those where it waits for it."""
    world.new_case()
    operation.arrange(world)
    waiting = set()

    def strike(connection: Any, gen: Any) -> Any:
        number = len(watch.points["server"]) - 1
        with world.reader_of_another_tenant() as reader, world.when_waiting(connection) as waits:
            waits.then(reader.rollback)
            done = connection.go_on(gen)
        if waits.happened:
            waiting.add(number)
        return done

    watch = Watch("server", None, strike)
    with watched(watch):
        operation.run(world, 0)
    operation.check(world)
    return waiting


def _run_here(operation: Operation, world: World, watch: Watch) -> None:
    """Run in this process; what a fault makes of it is an error that a user can act on, if any at all."""
    with watched(watch), suppress(StrataError):
        operation.run(world, 0)
    assert watch.has_struck, "the fault did not strike"


def _run_in_child(operation: Operation, world: World, watch: Watch) -> None:
    """Run in a child process, which the fault kills."""
    pid = os.fork()
    if pid == 0:
        _be_the_child(operation, world, watch)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"the child ended by itself with {os.waitstatus_to_exitcode(status)}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _be_the_child(operation: Operation, world: World, watch: Watch) -> None:
    """Run and end, without a word on the connections of the parent."""
    signal.alarm(_CHILD_SECONDS)
    aws.client("s3", REGION)._endpoint.http_session = URLLib3Session()
    try:
        world.reader, world.looking = world.database.deployer(), world.database.admin()
        with watched(watch):
            operation.run(world, 0)
        if watch.has_struck:
            os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


def _run_until_done(operation: Operation, world: World) -> int:
    """Run until the operation says that it is done, and return how many runs that took."""
    refusals = []
    for attempt in range(1, ATTEMPTS + 1):
        try:
            operation.run(world, attempt)
        except StrataError as error:
            refusals.append(str(error))
        else:
            return attempt
    raise AssertionError(f"not done after {ATTEMPTS} runs: {refusals}")
