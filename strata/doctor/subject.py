"""What the doctor looks at: a machine's environment, a project, and one of its stacks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml.error import YAMLError

from strata import aws
from strata.caching.reference import EdgeParameters, resolve_edge
from strata.errors import StrataError
from strata.reference import ConnectionParameters, resolve
from strata.stack_file import StackFileError, find_stack_file
from strata.yaml_edit import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


#: The engine's plugins and newer SDKs read the one, boto3 the other.
REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


class NoStackError(StrataError):
    """Nothing says which stack is meant."""

    def __init__(self) -> None:
        super().__init__(
            "no stack is named", allowed="--stack NAME", next_command="source .strata/env, or strata doctor --stack dev"
        )


@dataclass(frozen=True)
class Subject:
    """Lazily, what the checks share; each value raises the error of what stands in its way.

    Args:
        project: the folder with Pulumi.yaml.
        stack: the stack's name, if one is named.
        database: reference of its database, if one is named; else that which the stack writes.
        edge: reference of its edge, in the same way.
        environment: the process's variables.
    """

    project: Path
    stack: str | None
    database: str | None
    edge: str | None
    environment: Mapping[str, str]

    @property
    def region(self) -> str | None:
        """The region that this shell's calls go to."""
        return next((self.environment[name] for name in REGION_VARIABLES if self.environment.get(name)), None)

    @cached_property
    def caller(self) -> Mapping[str, Any] | Exception:
        """What AWS answers to the question who this is, or why it does not; it is asked once."""
        try:
            # Without any region the call still has an answer, so that one missing thing is one failed line.
            return dict(aws.client("sts", self.region or "us-east-1").get_caller_identity())
        except aws.failures() as error:
            return error

    def waits_for(self, reference: str | None) -> str | None:
        """Return what has to be there before a reference can be followed; None when nothing is missing."""
        if reference and not reference.startswith("ssm:"):
            return None
        if not reference and not self.stack:
            return "needs a stack"
        if self.region is None:
            return "needs a region"
        return "needs credentials" if isinstance(self.caller, Exception) else None

    @property
    def stack_name(self) -> str:
        """The stack's name, or NoStackError."""
        if not self.stack:
            raise NoStackError
        return self.stack

    @cached_property
    def stack_file(self) -> Path:
        """Where the stack's config is."""
        return find_stack_file(self.stack_name, None)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The whole stack file."""
        try:
            content = load(self.stack_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise StackFileError(
                f"the stack file cannot be read: {' '.join(str(error).split())}", where={"file": self.stack_file}
            ) from None
        if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
            raise StackFileError("the stack file has no config", where={"file": self.stack_file})
        return content

    def value(self, section: str, key: str, default: Any) -> Any:
        """Return a key of a section of the stack's config."""
        return (self.content["config"].get(f"strata:{section}") or {}).get(key, default)

    @cached_property
    def parameters(self) -> ConnectionParameters:
        """Where the stack's database is."""
        return resolve(self.database or f"ssm:/strata/{self.stack_name}/database")

    @cached_property
    def edge_parameters(self) -> EdgeParameters:
        """Where the stack's edge is."""
        return resolve_edge(self.edge or f"ssm:/strata/{self.stack_name}/edge")
