"""A stack file's tenants: found, and changed without touching anything else in the file.

``strata:tenants`` is a list of ids or of mappings with ``id``, ``state``, ``onRemove`` and ``confirm``, in the stack
file itself or in the file that it names; what else a list may hold is checked by ``pulumi preview``.
"""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from strata.engine_contract import CONFIG_FILE_VARIABLE, STACK_VARIABLE
from strata.errors import StrataError
from strata.tenant_command import OF_THE_SHELL, StackCommands, option, tenant_command
from strata.tenants import allowed_id, look_alike, wrong_id
from strata.yaml_edit import YamlList, YamlMapping, compose, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ruamel.yaml.nodes import Node

_TENANTS: Final = "strata:tenants"
_PARTITIONS: Final = "strata:partitions"
#: What the preview takes in the stack file itself; a test holds it to be the same there.
MOST_INLINE_TENANTS: Final = 500


class StackFileError(StrataError):
    """The stack file cannot be found, read, or changed."""


class TenantEntryError(StrataError):
    """A change of a tenant's entry that the stack file, or the next preview, would not take."""

    def __init__(self, tenant_id: str, file: Path, what: str, allowed: str, next_command: str | None = None) -> None:
        super().__init__(what, where={"tenant": tenant_id, "file": file}, allowed=allowed, next_command=next_command)
        self.tenant_id = tenant_id


@dataclass(frozen=True)
class TenantEntry:
    """A tenant as the stack file names it.

    Args:
        tenant_id: whose.
        state: ``active`` or ``offboarding``.
        on_remove: ``archive`` or ``drop``.
        confirm: the id again, beside ``drop``.
    """

    tenant_id: str
    state: str = "active"
    on_remove: str = "archive"
    confirm: str | None = None


def find_stack_file(stack: str | None, file: Path | None, variables: Mapping[str, str] = os.environ) -> Path:
    """Return the stack file that is meant: named, of a named stack, or of the stack that Pulumi's variables name.

    Raises:
        StackFileError: nothing names one.
    """
    if file is not None:
        return file
    own = variables.get(CONFIG_FILE_VARIABLE)
    chosen = stack or variables.get(STACK_VARIABLE)
    if own and chosen == variables.get(STACK_VARIABLE):
        return Path(own)
    if chosen:
        return project_folder(Path.cwd()) / f"Pulumi.{chosen}.yaml"
    raise StackFileError(
        f"no stack is named: {STACK_VARIABLE} is not set",
        allowed="--stack NAME or --file FILE",
        next_command="source .strata/env",
    )


def project_folder(start: Path) -> Path:
    """Return the nearest folder with a Pulumi.yaml from here upwards; this one where there is none."""
    return next((folder for folder in (start, *start.parents) if (folder / "Pulumi.yaml").is_file()), start)


@contextmanager
def one_at_a_time(stack_file: Path) -> Iterator[None]:
    """Wait until no other command changes the stack file, and let none begin before the end.

    The lock is on the folder: a file is replaced when it is written, and a lock on it would go with the old one.
    Where a folder cannot be locked there is none; then `TenantFile.write` still refuses to undo another's change.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            folder = os.open(stack_file.resolve().parent, os.O_RDONLY)
            stack.callback(os.close, folder)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class TenantFile:
    """The file that holds a stack's tenants, as it is on disk and as it shall be.

    Args:
        path: of the file.
        before: its text on disk.
        text: its text with the changes.
        is_stack_file: whether the list is below ``config``; else it is all that the file holds.
        id_pattern: which ids the stack allows; the strict rule when None.
        commands: how those that errors advise name the stack.
    """

    path: Path
    before: str
    text: str
    is_stack_file: bool
    id_pattern: str | None = None
    commands: StackCommands = OF_THE_SHELL

    @classmethod
    def open(cls, stack_file: Path, commands: StackCommands = OF_THE_SHELL) -> TenantFile:
        """Return the stack file, or the file that its ``{file: path}`` names.

        Args:
            stack_file: where it is.
            commands: how those that errors advise name the stack.

        Raises:
            StackFileError: one of them cannot be read, or is not what it should be.
        """
        text = _read(stack_file)
        file = cls(stack_file, text, text, is_stack_file=True, commands=commands)
        return file._opened()

    def _opened(self) -> TenantFile:
        """Return this stack file with its pattern, or the file that it names."""
        pattern, pair = self._pattern(), self._config().get(_TENANTS)
        if pair is None or not isinstance(pair[1], MappingNode):
            self._list()
            return replace(self, id_pattern=pattern)
        pairs = {key.value: value for key, value in pair[1].value}
        if list(pairs) != ["file"] or not isinstance(pairs["file"], ScalarNode):
            raise self._wrong(f"{_TENANTS} is neither a list nor {{file: <path>}}")
        found = _beside(self.path) / pairs["file"].value
        text = _read(found)
        listed = replace(self, path=found, before=text, text=text, is_stack_file=False, id_pattern=pattern)
        listed._list()  # noqa: SLF001 - its own class
        return listed

    @property
    def entries(self) -> tuple[TenantEntry, ...]:
        """The tenants that the file names, as it shall be."""
        return tuple(map(_entry, self._list().items))

    @property
    def difference(self) -> str:
        """What changes, as a unified diff; empty when nothing does."""
        before, after = self.before.splitlines(), self.text.splitlines()
        name = str(self.path)
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm=""))

    def added(self, tenant_id: str) -> TenantFile:
        """Return the file with a new tenant at the end of the list.

        Raises:
            TenantEntryError: no stack file may name this id, it is there already, or the stack file is full.
        """
        what = wrong_id(tenant_id, self.id_pattern)
        if what:
            raise TenantEntryError(tenant_id, self.path, f"the id {what}", allowed_id(self.id_pattern))
        alike = next((one for one in self.entries if look_alike(one.tenant_id) == look_alike(tenant_id)), None)
        if alike is not None:
            same = alike.tenant_id == tenant_id
            raise TenantEntryError(
                tenant_id,
                self.path,
                f"the tenant has an entry already, {alike.state}" if same else f"the id looks like {alike.tenant_id!a}",
                "each tenant once"
                if same
                else "ids that differ in more than Unicode normalisation or blanks at an end",
                tenant_command("show", alike.tenant_id, *self.commands.in_database),
            )
        self._require_room(tenant_id)
        return self._changed(lambda: self._list().appended(tenant_id), lambda items: [*items, tenant_id])

    def offboarding(self, tenant_id: str, on_remove: str) -> TenantFile:
        """Return the file with a tenant whose rows may leave; with ``drop``, its confirmation beside it.

        Raises:
            TenantEntryError: the file does not name this tenant.
        """
        place = self._require(tenant_id)
        confirm = tenant_id if on_remove == "drop" else None
        values = {"state": "offboarding", "onRemove": on_remove, "confirm": confirm}

        def change(items: list[Any]) -> list[Any]:
            entry = items[place] if isinstance(items[place], dict) else {"id": items[place]}
            kept = {key: value for key, value in entry.items() if key != "confirm"}
            items[place] = {**kept, **{key: value for key, value in values.items() if value is not None}}
            return items

        return self._changed(lambda: self._list().mapped(place, "id", values), change)

    def removed(self, tenant_id: str) -> TenantFile:
        """Return the file without a tenant.

        Raises:
            TenantEntryError: the file does not name this tenant, or not as one that is being offboarded.
        """
        place = self._require(tenant_id)
        if self.entries[place].state != "offboarding":
            mark = tenant_command("offboard", tenant_id, "--on-remove", "archive", *self.commands.in_stack_file)
            raise TenantEntryError(
                tenant_id,
                self.path,
                "the tenant is active: its resource is protected, and pulumi preview would refuse",
                "removal of an entry that was deployed with state: offboarding",
                f"{mark}, then {self.commands.deploy}, then this again",
            )
        return self._changed(lambda: self._list().removed(place), lambda items: items[:place] + items[place + 1 :])

    def entry(self, tenant_id: str) -> TenantEntry | None:
        """Return a tenant's entry."""
        place = self._find(tenant_id)
        return None if place is None else self.entries[place]

    def write(self) -> None:
        """Put the text in the file's place at once, so that no one ever reads half of it.

        Raises:
            StackFileError: it cannot be written, or somebody has changed it since it was read.
        """
        target = self.path.resolve()
        try:
            if target.read_bytes() != self.before.encode():
                raise StackFileError(
                    "the file has changed since it was read; nothing was written",
                    where={"file": self.path},
                    next_command="the same command again",
                )
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", newline="", dir=target.parent, prefix=f".{target.name}.", delete=False
            ) as written:
                written.write(self.text)
            shutil.copymode(target, written.name)
            Path(written.name).replace(target)
        except OSError as error:
            raise StackFileError(f"the file cannot be written: {error.strerror}", where={"file": self.path}) from None

    def _changed(self, edit: Callable[[], str], change: Callable[[list[Any]], list[Any]]) -> TenantFile:
        """Return the file with a new text, which must hold what the change says and nothing else that is new.

        Raises:
            StackFileError: it would not, so it is not made.
        """
        wanted = deepcopy(self._loaded())
        if self.is_stack_file:
            wanted["config"][_TENANTS] = change(list(wanted["config"].get(_TENANTS) or []))
        else:
            wanted = change(list(wanted or []))
        try:
            # Between two steps of an edit the text may be no YAML: a folded text does not become a value where it is.
            text = edit()
            is_right = load(text) == wanted
        except YAMLError:
            is_right = False
        if not is_right:
            raise self._wrong("this list cannot be changed here without changing more than the tenant")
        return self._with_text(text)

    def _loaded(self) -> Any:
        try:
            return load(self.text)
        except YAMLError as error:
            # Some are followed by advice for whoever wrote the program.
            said = error.problem if isinstance(error, MarkedYAMLError) else None
            raise self._wrong(f"the file is not YAML: {' '.join(str(said or error).split())}") from None

    def _with_text(self, text: str) -> TenantFile:
        return replace(self, text=text)

    def _find(self, tenant_id: str) -> int | None:
        return next((place for place, one in enumerate(self.entries) if one.tenant_id == tenant_id), None)

    def _require(self, tenant_id: str) -> int:
        place = self._find(tenant_id)
        if place is None:
            here = self.commands.in_database
            show = tenant_command("show", tenant_id, *here)
            archive = tenant_command("archive", tenant_id, *option("--confirm", tenant_id), *here)
            raise TenantEntryError(
                tenant_id,
                self.path,
                "the file names no such tenant",
                "a tenant that the stack file names",
                f"{show}; where only the database has it, {archive} archives it",
            )
        return place

    def _require_room(self, tenant_id: str) -> None:
        size = len(self.entries) + 1
        if self.is_stack_file and size > MOST_INLINE_TENANTS:
            raise TenantEntryError(
                tenant_id,
                self.path,
                f"{size} tenants are more than the {MOST_INLINE_TENANTS} that fit in a stack file",
                f"a list in a file of its own, and {{file: <its path>}} as {_TENANTS}",
                "move the list there by hand, then this again",
            )

    def _list(self) -> YamlList:
        if not self.is_stack_file:
            root = self._root()
            if not isinstance(root, SequenceNode):
                raise self._wrong("the file of the tenants is not a list")
            return YamlList(self.text, root, None, self._as_json)
        pair = self._config().get(_TENANTS)
        if pair is None or (isinstance(pair[1], ScalarNode) and not pair[1].value):
            return self._with_text(self._config().with_empty_list(_TENANTS))._list()  # noqa: SLF001 - its own class
        if not isinstance(pair[1], SequenceNode):
            raise self._wrong(f"{_TENANTS} is neither a list nor {{file: <path>}}")
        return YamlList(self.text, pair[1], pair[0], self._as_json)

    def _config(self) -> YamlMapping:
        root = self._root()
        pairs = {key.value: value for key, value in root.value} if isinstance(root, MappingNode) else {}
        config = pairs.get("config")
        if not isinstance(config, MappingNode) or not config.value:
            raise self._wrong("the stack file has no config")
        return YamlMapping(self.text, config, self._as_json)

    def _pattern(self) -> str | None:
        pair = self._config().get(_PARTITIONS)
        pairs = {key.value: value for key, value in pair[1].value} if pair and isinstance(pair[1], MappingNode) else {}
        pattern = pairs["idPattern"].value if isinstance(pairs.get("idPattern"), ScalarNode) else None
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise self._wrong(f"{_PARTITIONS}.idPattern is not a regular expression: {error}") from None
        return pattern or None

    def _root(self) -> Node | None:
        try:
            return compose(self.text)
        except YAMLError as error:
            raise self._wrong(f"the file is not YAML: {' '.join(str(error).split())}") from None

    @property
    def _as_json(self) -> bool:
        return self.path.suffix == ".json"

    def _wrong(self, what: str) -> StackFileError:
        return StackFileError(
            what,
            where={"file": self.path},
            allowed=f"a mapping config with {_TENANTS}: a list, or {{file: <path of such a list>}}",
            next_command="edit it by hand, then pulumi preview",
        )


def _read(path: Path) -> str:
    try:
        # Bytes, so that line ends stay what they are.
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StackFileError(
            f"the file cannot be read: {reason}", where={"file": path}, allowed="--stack NAME or --file FILE"
        ) from None


def _beside(stack_file: Path) -> Path:
    """Return what a path in the stack file is relative to: the project, also for a copy of its stack file elsewhere."""
    near, here = (project_folder(folder) for folder in (stack_file.resolve().parent, Path.cwd()))
    return near if (near / "Pulumi.yaml").is_file() or not (here / "Pulumi.yaml").is_file() else here


def _entry(node: Node) -> TenantEntry:
    if not isinstance(node, MappingNode):
        return TenantEntry(str(node.value))
    values = {key.value: value.value for key, value in node.value}
    return TenantEntry(
        str(values.get("id")), values.get("state", "active"), values.get("onRemove", "archive"), values.get("confirm")
    )
