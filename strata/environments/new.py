"""A new environment from one that is there: its stack file without what belongs to the old one, and an empty list."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml.error import YAMLError

from strata.environments.files import SCHEMA, environments
from strata.environments.names import ALLOWED_STACK_NAME, LOCAL_STACK, STACK_NAME, purpose_of
from strata.environments.stack_text import MARK, StackText, UncopyableError
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from strata.environments.files import Environment

#: Of the engine: what encrypts the old stack's secrets.
_OF_THE_OLD_STACK: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
#: What the old environment has for itself, by section; two distributions cannot share an alias.
_OF_THE_OLD_ENVIRONMENT: Final[Mapping[str, Sequence[str]]] = {
    "strata:database": ("existing",),
    "strata:cdn": ("aliases", "certificateArn", "hostedZoneId", "secretsVersion"),
}
#: What takes the place of these.
_INSTEAD: Final[Mapping[str, str]] = {
    "strata:database": "strata:database.existing, or the keys of an instance to make",
    "strata:cdn": "strata:cdn.aliases, and hostedZoneId or certificateArn beside them",
}
#: What is copied and has to be looked at, with why.
_TO_LOOK_AT: Final[Mapping[tuple[str, ...], str]] = {
    ("aws:region",): "the region",
    ("strata:network", "cidr"): "a range that no network has which this one talks to",
    ("strata:network", "vpcId"): "the VPC",
    ("strata:network", "privateSubnetIds"): "private subnets of the VPC",
    ("strata:network", "allowedSecurityGroupIds"): "who may connect",
    ("strata:api", "originDomain"): "the host name of the API",
    ("strata:cdn", "webAclArn"): "the web ACL",
    ("strata:alarms", "email"): "who gets the alarms",
    ("strata:alarms", "topicArn"): "where the alarms go, in the stack's region",
}
#: Beside what is listed for a source without a file of its own.
_TENANTS_FOLDER: Final = "tenants/any.yaml"
_GUIDE: Final = "docs/guides/environments.md"


class NewEnvironmentError(StrataError):
    """An environment that cannot be made like this."""


@dataclass(frozen=True)
class NewEnvironment:
    """What a new environment's files hold, before they are written.

    Args:
        name: of the stack.
        source: the environment that it is made from.
        project: the folder that the paths are relative to.
        files: their texts, by path.
        left_out: the keys of the source that belong to it alone.
    """

    name: str
    source: str
    project: Path
    files: Mapping[str, str]
    left_out: Sequence[str]

    @property
    def to_fill_in(self) -> list[tuple[str, int, str]]:
        """Each marked line: its file, its number from 1, and the line."""
        return [
            (path, number, line.strip())
            for path, text in self.files.items()
            for number, line in enumerate(text.splitlines(), start=1)
            if MARK in line
        ]

    def write(self) -> None:
        """Write the files; none that is there is touched.

        Raises:
            NewEnvironmentError: one of them is there, or cannot be written.
        """
        written: list[Path] = []
        try:
            for name, text in self.files.items():
                path = self.project / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("x", encoding="utf-8", newline="") as file:
                    written.append(path)
                    file.write(text)
        except OSError as error:
            for path in written:
                path.unlink()
            raise NewEnvironmentError(
                f"the file cannot be written: {error.strerror}", where={"file": error.filename}
            ) from None


def new_environment(project: Path, name: str, source_name: str | None = None) -> NewEnvironment:
    """Return a new environment, made from another; by default from the one with the same purpose.

    Raises:
        NewEnvironmentError: the name does not fit or is taken, or there is no such source.
        EnvironmentFileError: a stack file cannot be read, or not be copied key by key.
    """
    if not STACK_NAME.fullmatch(name):
        what = "the name does not fit into names on AWS"
        raise NewEnvironmentError(what, where={"name": name}, allowed=ALLOWED_STACK_NAME)
    source = _source(environments(project), name, source_name)
    folder = PurePosixPath(source.tenants_file or _TENANTS_FOLDER).parent
    stack_file, tenants_file = f"Pulumi.{name}.yaml", str(folder / f"{name}.yaml")
    taken = next((path for path in (stack_file, tenants_file) if (project / path).exists()), None)
    if taken:
        raise NewEnvironmentError(
            "the environment is there already",
            where={"file": taken},
            allowed="a new name",
            next_command="strata environment list",
        )
    try:
        text = _copied(source, name, tenants_file)
    except YAMLError:
        raise UncopyableError(source.path) from None
    files = {stack_file: text.checked(), tenants_file: _no_tenants(source, name, folder)}
    gone = _keys(StackText.read(source.path)) - _keys(text) - {"strata:tenants", "strata:purpose"}
    left_out = sorted(key for key in gone if key.rpartition(".")[0] not in gone)
    return NewEnvironment(name, source.name, project, files, left_out)


def _source(there: Sequence[Environment], name: str, source_name: str | None) -> Environment:
    usable = {one.name: one for one in there if one.name != LOCAL_STACK}
    if source_name in usable:
        return usable[source_name]
    purpose = purpose_of(name)
    alike = [one for one in usable.values() if purpose and one.purpose == purpose]
    if alike and source_name is None:
        return min(alike, key=lambda one: (len(one.name), one.name))
    raise NewEnvironmentError(
        f"there is no environment {source_name} to make it from"
        if source_name
        else "nothing says what to make it from",
        where={"name": name},
        allowed=f"--from {' or '.join(usable)}",
        next_command=f"strata environment new {name} --from {next(iter(usable), 'NAME')}",
    )


def _copied(source: Environment, name: str, tenants_file: str) -> StackText:
    """Return the source's stack file as the new one's."""
    text = StackText.read(source.path).without((), _OF_THE_OLD_STACK)
    for mapping, encrypted in _encrypted(source.config).items():
        text = text.without(mapping, encrypted)
    for section, names in _OF_THE_OLD_ENVIRONMENT.items():
        text = text.without(("config", section), names, _INSTEAD[section])
    if text.get(("config", "strata:api", "originDomain")):
        text = text.with_value(("config", "strata:api"), "originDomain", f"origin.{name}.example.com")
    for keys, why in _TO_LOOK_AT.items():
        text = text.marked(("config", *keys), why)
    if source.tenants_file:
        text = text.with_value(("config", "strata:tenants"), "file", tenants_file)
    else:
        text = text.without(("config",), ["strata:tenants"]).with_flow(
            ("config",), "strata:tenants", {"file": tenants_file}
        )
    comment = f"The stack {name} on AWS, made from {source.path.name}. Set what is marked; see {_GUIDE}."
    return _with_purpose(text, source, name).with_header(_header(SCHEMA, comment))


def _with_purpose(text: StackText, source: Environment, name: str) -> StackText:
    """Return the text with the source's purpose, where the new name does not say one."""
    if purpose_of(name):
        return text.without(("config",), ["strata:purpose"])
    return text.with_value(("config",), "strata:purpose", source.purpose) if source.purpose else text


def _encrypted(config: Mapping[str, Any]) -> dict[tuple[str, ...], list[str]]:
    """Return the keys whose values are encrypted with the old stack's key, by the mapping that holds them."""
    sections = {key: value for key, value in config.items() if isinstance(value, dict) and not _is_secret(value)}
    inside: dict[tuple[str, ...], list[str]] = {
        ("config", section): [key for key, one in values.items() if _holds_a_secret(one)]
        for section, values in sections.items()
    }
    whole = [key for key, value in config.items() if key not in sections and _holds_a_secret(value)]
    return {mapping: names for mapping, names in {("config",): whole, **inside}.items() if names}


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["secure"]


def _holds_a_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(map(_holds_a_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_a_secret, value))


def _no_tenants(source: Environment, name: str, folder: PurePosixPath) -> str:
    """Return the text of a list without tenants, which leads an editor to the schema of this stack's ids."""
    has_pattern = source.value("partitions", "idPattern") is not None
    schema = os.path.relpath(f"schemas/tenants{'-own-ids' if has_pattern else ''}.schema.json", folder)
    comment = f"The tenants of stack {name}. strata tenant add and strata tenant offboard edit this file."
    return _header(schema, comment) + "[]\n"


def _header(schema: str, comment: str) -> str:
    """Return the first lines of a file: where its schema is, as VS Code and as PyCharm read it, and what it is."""
    return f"# yaml-language-server: $schema={schema}\n# $schema: {schema}\n#\n# {comment}\n"


def _keys(text: StackText) -> set[str]:
    """Return the keys of a stack file and of its sections, as messages spell them."""
    config = text.content["config"]
    inside = {f"{key}.{one}" for key, value in config.items() if isinstance(value, dict) for one in value}
    return {key for key in text.content if key != "config"} | set(config) | inside
