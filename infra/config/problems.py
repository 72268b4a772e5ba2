"""What is wrong with a stack file: every problem at once, each with its key and what is allowed there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from strata.errors import StrataError

Location = tuple[int | str, ...]

#: Where pydantic's own words speak of patterns and classes.
_PLAIN_WORDS: Final = {
    "missing": "is missing",
    "string_pattern_mismatch": "does not have the right form",
    "model_type": "is not a mapping",
    "literal_error": "is not one of the values",
}


@dataclass(frozen=True)
class ConfigProblem:
    """One problem of a stack file.

    Args:
        key: the key as the stack file spells it, for example ``strata:tenants[3].id``.
        what: what is wrong there.
        allowed: what would have been accepted.
        file: the file that holds the key, when it is not the stack file.
    """

    key: str
    what: str
    allowed: str
    file: str | None = None


class ConfigError(StrataError):
    """A stack file that cannot be deployed; `problems` holds all of its problems, in reading order."""

    def __init__(self, stack_file: str, problems: Sequence[ConfigProblem]) -> None:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        super().__init__(
            f"the stack's config has {count}",
            where={"file": stack_file},
            next_command=f"edit {stack_file}, then pulumi preview",
        )
        self.stack_file = stack_file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [
            f"  {problem.file or self.stack_file}: {problem.key}: {problem.what}; allowed: {problem.allowed}"
            for problem in self.problems
        ]
        return "\n".join([f"{self.what}:", *lines, f"next: {self.next_command}"])


def spell(location: Location) -> str:
    """Return a location as the stack file spells it: ``("tenants", 3, "id")`` is ``strata:tenants[3].id``."""
    head, *rest = location
    return f"strata:{head}" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def unknown_key(key: str, known: Sequence[str]) -> tuple[str, str]:
    """Return what to say about a key that does not exist, and which keys do."""
    close = get_close_matches(key, known, n=1)
    hint = f", did you mean {close[0]}?" if close else ""
    return f"there is no such key{hint}", ", ".join(known)


def problems_of(error: ValidationError, model: type[BaseModel], section: str) -> Iterator[ConfigProblem]:
    """Turn the errors that pydantic found in a section of the stack file into problems."""
    for details in error.errors(include_url=False):
        location: Location = details["loc"]
        owner, allowed = _field(model, location)
        what = _what(details)
        if details["type"] == "extra_forbidden":
            what, allowed = unknown_key(str(location[-1]), keys_of(owner))
        yield ConfigProblem(spell((section, *location)), what, allowed)


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model as a stack file spells them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[BaseModel], location: Location) -> tuple[type[BaseModel], str]:
    """Return the model that owns the last named key of a location, and what that key allows."""
    owner, allowed = model, "a mapping with the keys " + ", ".join(keys_of(model))
    for step in location:
        field = next((field for name, field in owner.model_fields.items() if step == (field.alias or name)), None)
        if field is None:
            break
        allowed = field.description or allowed
        nested = next((arm for arm in (field.annotation, *_arms(field.annotation)) if _is_model(arm)), None)
        if nested is None or step == location[-1]:
            break
        owner = nested
    return owner, allowed


def _arms(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", ())


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _what(details: Mapping[str, Any]) -> str:
    message = _PLAIN_WORDS.get(details["type"]) or details["msg"].removeprefix("Value error, ")
    if details["type"] == "missing":
        return message
    message = message[:1].lower() + message[1:]
    if isinstance(details["input"], str | int | float | bool):
        return f"{details['input']!r}: {message}"
    return str(message)
