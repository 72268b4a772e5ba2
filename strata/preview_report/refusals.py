"""The errors of a preview, by what a reviewer has to do about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.engine_contract import TENANT_TYPE
from strata.preview_report.events import name_of, type_of
from strata.preview_report.tenants import tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from strata.preview_report.events import Diagnostic

#: Texts of the engine: pkg/resource/deploy/step.go, step_generator.go and sdk/go/common/diag/errors.go.
_NOT_DELETED: Final = re.compile(r'resource "(?P<urn>urn:[^"]+)" cannot be deleted\s+because it is protected')
_NOT_REPLACED: Final = re.compile(r'unable to replace resource "(?P<urn>urn:[^"]+)".*?marked for protection', re.DOTALL)
_PROVIDER: Final = re.compile(r"^\S+ resource '(?P<name>.+?)' has a problem: (?P<reason>.*)$", re.DOTALL)
#: Text of `infra.providers.schema_migrations`.
_MIGRATION: Final = re.compile(
    r"^migration (?P<key>\S+) is applied and (?P<what>was edited|was removed) \((?P<file>[^)]+)\)"
)
#: Texts of `infra.config` and `strata.caching.contract_problems`: the problems, one a line.
_PROGRAM: Final = re.compile(r"^(?P<what>the stack's config|the cache contract) has \d+ problems?:\n")
#: What the engine says after the error itself.
_ECHOES: Final = (
    re.compile(r"^(preview|update|refresh) failed$"),
    re.compile(r"^an unhandled error occurred: the program ended with exit code \d+$"),
)


@dataclass(frozen=True)
class ProtectedTenant:
    """An active tenant whose entry is gone from the stack file."""

    urn: str
    tenant: str


@dataclass(frozen=True)
class ProtectedResource:
    """A protected resource that the change would delete or replace."""

    urn: str
    name: str
    type: str
    would_be: str


@dataclass(frozen=True)
class RefusedMigration:
    """An applied migration that was edited or removed."""

    key: str
    what: str
    file: str


@dataclass(frozen=True)
class RefusedInput:
    """What a provider, or the program before any resource, does not accept.

    Args:
        where: the resource; or ``the stack's config``, ``the cache contract``.
        reasons: one text each.
    """

    where: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class OtherError:
    """Any other error, with how often it was said and about which resources."""

    message: str
    count: int
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Refusals:
    """All errors of a preview; each is in one of these."""

    tenants: tuple[ProtectedTenant, ...]
    resources: tuple[ProtectedResource, ...]
    migrations: tuple[RefusedMigration, ...]
    inputs: tuple[RefusedInput, ...]
    errors: tuple[OtherError, ...]

    @property
    def count(self) -> int:
        """How many there are, of any kind."""
        return len(self.tenants) + len(self.resources) + len(self.migrations) + self.input_count + len(self.errors)

    @property
    def input_count(self) -> int:
        """How many reasons inputs were refused for."""
        return sum(len(one.reasons) for one in self.inputs)


def refusals(diagnostics: Iterable[Diagnostic], tenant_ids: Mapping[str, str]) -> Refusals:
    """Return the errors, each once.

    Args:
        diagnostics: all of a stream.
        tenant_ids: of the tenants by the URN of their resource.
    """
    said = (one for one in diagnostics if one.severity == "error")
    telling = (one for one in said if not any(echo.match(one.message.strip()) for echo in _ECHOES))
    found: dict[object, None] = {}
    others: list[Diagnostic] = []
    for one in telling:
        known = _known(one, tenant_ids)
        if known is None:
            others.append(one)
        else:
            found.setdefault(known)
    protected = [one for one in found if isinstance(one, ProtectedResource)]
    return Refusals(
        tenants=tuple(sorted((one for one in found if isinstance(one, ProtectedTenant)), key=lambda one: one.tenant)),
        resources=tuple(sorted(protected, key=lambda one: one.name)),
        migrations=tuple(one for one in found if isinstance(one, RefusedMigration)),
        inputs=tuple(one for one in found if isinstance(one, RefusedInput)),
        errors=deduplicated(others),
    )


def _known(said: Diagnostic, tenant_ids: Mapping[str, str]) -> object | None:
    for would_be, expression in (("deleted", _NOT_DELETED), ("replaced", _NOT_REPLACED)):
        if protected := expression.search(said.message):
            return _protected(protected["urn"], would_be, tenant_ids)
    if refused := _PROVIDER.match(said.message.strip()):
        migration = _MIGRATION.match(refused["reason"])
        return RefusedMigration(**migration.groupdict()) if migration else _refused_input(refused)
    if program := _PROGRAM.match(said.message):
        problems = said.message[program.end() :].splitlines()
        return RefusedInput(program["what"], tuple(line.strip() for line in problems if line.startswith("  ")))
    return None


def _protected(urn: str, would_be: str, tenant_ids: Mapping[str, str]) -> ProtectedTenant | ProtectedResource:
    name, type_ = name_of(urn), type_of(urn)
    if type_ == TENANT_TYPE and would_be == "deleted":
        return ProtectedTenant(urn, tenant_ids.get(urn, tenant_of(name)))
    return ProtectedResource(urn, name, type_, would_be)


def _refused_input(refused: re.Match[str]) -> RefusedInput:
    return RefusedInput(refused["name"], (refused["reason"],))


def deduplicated(diagnostics: Iterable[Diagnostic]) -> tuple[OtherError, ...]:
    """Return each message once, by its text, with how often it was said and the resources that it is about."""
    said: dict[str, list[Diagnostic]] = {}
    for one in diagnostics:
        said.setdefault(one.message.strip(), []).append(one)
    return tuple(
        OtherError(message, len(each), tuple(sorted({name_of(one.urn) for one in each if one.urn})))
        for message, each in sorted(said.items())
    )
