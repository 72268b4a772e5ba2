"""What every section is, and what every key of one says about itself."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, Strict
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

#: How the text about a change begins: what the next deployment does with what is there.
OUTCOMES: Final = ("nothing", "in place", "restart", "replacement", "refused")
BOOLEAN: Final = "true or false"
HOST_NAME: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"

Item = TypeVar("Item")
#: A list of the stack file; sections are strict, and only a list of JSON may become a tuple.
Several = Annotated[tuple[Item, ...], Strict(strict=False)]


class Section(BaseModel):
    """A mapping of the stack file; a key that it does not name is refused, and so is a value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, validate_by_name=True)


@dataclass(frozen=True)
class Key:
    """What a key is for.

    Args:
        does: one clause.
        change: what a change of its value causes; it begins with one of `OUTCOMES`.
    """

    does: str
    change: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Leave both texts in the schema, where `infra.config.schema` makes one description of them."""
        return {**handler(schema), "does": self.does, "change": self.change}
