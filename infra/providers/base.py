"""What Strata's dynamic providers share: no attributes, pickled by reference, errors without tracebacks.

A provider class is stored in state as the name of its module and class, so both are permanent
(`tests/infra/providers/test_pickle.py` pins the strings). check and diff are pure: a preview needs no network.
"""

import logging
from typing import Any, ClassVar

from pulumi.dynamic import CheckFailure, CheckResult, ConfigureRequest, DiffResult, ReadResult, ResourceProvider
from pulumi.output import Unknown

from strata.errors import StrataError
from strata.reference import DatabaseReferenceError


class _RefusalsWithoutTraceback(logging.Filter):
    """Drops gRPC's copy of a refusal: the engine prints the message itself, and a traceback would bury it."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], StrataError))


_REFUSALS_WITHOUT_TRACEBACK = _RefusalsWithoutTraceback()


class StrataProvider(ResourceProvider):
    """What all of them share."""

    serialize_as_secret_always: bool = False

    def configure(self, req: ConfigureRequest) -> None:
        """Keep refusals readable; nothing connects here, because configure also runs in previews."""
        del req
        logging.getLogger("grpc._server").addFilter(_REFUSALS_WITHOUT_TRACEBACK)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Leave the comparison of inputs to the engine, and never replace: a replacement could drop rows."""
        return DiffResult(changes=None, replaces=[])


class DatabaseProvider(StrataProvider):
    """A provider of things inside the database that the stack's connection reference leads to."""

    #: Inputs that say which object this is: a change would silently leave the old object behind, so it is refused.
    identity: ClassVar[tuple[str, ...]] = ("connection",)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a changed identity; a subclass adds its own rules."""
        return CheckResult(news, changed_identity(self.identity, _olds, news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Compare with the database, unless the connection parameter itself is what drifted.

        A refresh that failed there could never be followed by the update that writes the parameter again; so what was
        recorded stays, with a word about it, and the parameter shows as gone beside it.
        """
        try:
            return self.inspect(id_, props)
        except DatabaseReferenceError as error:
            print(f"not inspected: {error}")  # noqa: T201 (the engine shows it at this resource)
            return ReadResult(id_, props)

    def inspect(self, id_: str, outputs: dict[str, Any]) -> ReadResult:
        """Return what the database really has; an empty id says that the object is gone."""
        raise NotImplementedError


def refused(reason: str) -> CheckFailure:
    """Return a failure without a property: the engine would print that property's whole value before the reason."""
    return CheckFailure("", reason)


def changed_identity(keys: tuple[str, ...], olds: dict[str, Any], news: dict[str, Any]) -> list[CheckFailure]:
    """Return a failure for each identity input that is unknown or differs from the deployed one."""
    failures = []
    for key in keys:
        if isinstance(news[key], Unknown):
            failures.append(refused(f"{key} must be known when the stack is planned"))
        elif key in olds and olds[key] != news[key]:
            failures.append(
                refused(
                    f"{key} is {olds[key]!r} since this was first deployed and cannot become {news[key]!r}; "
                    f"allowed: {olds[key]!r}; next: set it back, or deploy a new stack",
                )
            )
    return failures
