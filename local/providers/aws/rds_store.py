"""The DB instances of the local environment: each a folder with a PostgreSQL server, which is the truth about it.

What RDS keeps besides the server is in the folder's record, under `Instance.registration`; see `Registration`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local import postgres
from local.paths import CHECKOUT
from local.providers.resource import ProviderError
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.providers.resource import Properties

#: Tells the instances that this process made from those of a process that was killed before the engine took note.
_PROCESS: Final = secrets.token_hex(8)
#: Inputs that are never written to a file.
_SECRET_INPUTS: Final = frozenset({"password"})


@dataclass(frozen=True)
class Registration:
    """What RDS knows of an instance besides the server.

    Args:
        resource_id: the DbiResourceId, for example ``db-ABC``; the id of the Pulumi resource.
        arn: the instance's ARN.
        inputs: the resource's inputs without secrets, region included.
        tags: all tags, the provider's default ones included.
        secret_arn: the secret with the master's password, where RDS manages it.
        process: a mark of the process that made the instance.
    """

    resource_id: str
    arn: str
    inputs: Properties
    tags: Mapping[str, str]
    secret_arn: str | None = None
    process: str = _PROCESS

    @property
    def is_from_another_process(self) -> bool:
        """Whether the process that made the instance is not this one."""
        return self.process != _PROCESS


def registration(instance: postgres.Instance) -> Registration:
    """Return what RDS knows of an instance."""
    return Registration(**instance.registration)


def public(inputs: Properties) -> Properties:
    """Return inputs without those that are never written to a file."""
    return {key: value for key, value in inputs.items() if key not in _SECRET_INPUTS}


def as_record(known: Registration) -> dict[str, Any]:
    """Return a registration in the form that the folder's record holds."""
    return asdict(known)


def save(folder: Path, known: Registration) -> None:
    """Write what RDS knows of an instance."""
    postgres.change(folder, registration=as_record(known))


def home() -> Path:
    """Return the folder of the local environment."""
    return Path(os.environ.get("STRATA_HOME") or CHECKOUT / ".strata")


def folder_of(identifier: str) -> Path:
    """Return where the instance of an identifier lives, whether or not it exists."""
    return home() / "postgres" / identifier


def find(resource_id: str) -> Path | None:
    """Return the folder of the instance with this resource id or identifier, or None."""
    for folder in postgres.folders(home()):
        instance = postgres.describe(folder)
        if resource_id in {instance.registration.get("resource_id"), instance.identifier}:
            return folder
    return None


def folders_with(name: str, value: str) -> list[Path]:
    """Return the folders of the instances one of whose inputs has this value."""
    return [
        folder
        for folder in postgres.folders(home())
        if postgres.describe(folder).registration.get("inputs", {}).get(name) == value
    ]


@contextmanager
def told(what: str) -> Iterator[None]:
    """Let a refusal of the local server reach the engine as one line.

    Raises:
        ProviderError: the server refused.
    """
    try:
        yield
    except StrataError as error:
        raise ProviderError(f"{what}: {error}") from error


def start(folder: Path) -> postgres.Instance:
    """Start the server of an instance unless it runs."""
    with told(f"starting DB instance {folder.name}"):
        return postgres.start(folder)


def apply_parameters(folder: Path, settings: Mapping[str, str]) -> None:
    """Let an instance have the settings of its parameter group: dynamic ones now, static ones at its next start."""
    start(folder)
    with told(f"applying parameters to DB instance {folder.name}"):
        postgres.apply_parameters(folder, settings)


def rename(folder: Path, identifier: str) -> Path:
    """Give an instance another identifier, which moves its folder."""
    target = folder_of(identifier)
    with told(f"renaming DB instance {folder.name}"):
        postgres.move(folder, target, identifier)
    return target


def snapshot_folder(identifier: str) -> Path:
    """Return where a snapshot is, whether or not it exists."""
    return home() / "postgres-snapshots" / identifier


def take_snapshot(folder: Path, identifier: str) -> None:
    """Stop an instance and copy its folder; a finished snapshot of the same instance is left as it is.

    Raises:
        ProviderError: another instance has a snapshot of that name, or the copy failed.
    """
    target = snapshot_folder(identifier)
    instance = postgres.describe(folder)
    if target.exists():
        if registration(postgres.describe(target)).resource_id == registration(instance).resource_id:
            return
        raise ProviderError(f"deleting DB instance {folder.name}: DBSnapshotAlreadyExists: {identifier} exists already")
    postgres.stop(folder)
    draft = target.with_name(f".{identifier}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft, symlinks=True, ignore=shutil.ignore_patterns("socket"))
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise ProviderError(f"taking the final snapshot {identifier}: {error.strerror or error}") from error
    draft.rename(target)


def remove(folder: Path) -> None:
    """Delete an instance with its data."""
    with told(f"deleting DB instance {folder.name}"):
        postgres.remove(folder)


def with_inputs(known: Registration, provider: Any, inputs: Properties) -> Registration:
    """Return what RDS knows of an instance after its inputs changed."""
    return replace(known, inputs=public(inputs), tags=dict(provider.tags(inputs)))
