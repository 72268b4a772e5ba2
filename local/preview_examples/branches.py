"""What somebody may have on a branch: an edit of a checkout, and what its preview should tell a reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[Path], None]

_STACK_FILE: Final = "Pulumi.local.yaml"
_TENANTS: Final = "    - globex\n    - initech\n"
#: What is deployed before any of the branches: a tenant on its way out beside two active ones.
DEPLOYED_TENANTS: Final = f"{_TENANTS}    - {{id: hooli, state: offboarding}}\n"
_MIGRATIONS: Final = "sql_templates/migrations"
_CLASSES: Final = "strata/caching/classes.py"


class EditError(StrataError):
    """The checkout is not as a branch expects it."""


@dataclass(frozen=True)
class Branch:
    """One branch.

    Args:
        name: kebab-case, of the example's page.
        title: of the page.
        story: what was edited, and what to see in the report.
        edit: makes the edit in a checkout.
    """

    name: str
    title: str
    story: str
    edit: Edit


def replaced(path: str, old: str, new: str) -> Edit:
    """Return an edit that replaces a text which the file holds exactly once.

    Raises:
        EditError: when it is made: the file holds it never, or several times.
    """

    def edit(checkout: Path) -> None:
        file = checkout / path
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise EditError(
                f"the text to edit is there {text.count(old)} times",
                where={"file": path, "text": old},
                next_command="edit local/preview_examples/branches.py",
            )
        file.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def _together(*edits: Edit) -> Edit:
    def edit(checkout: Path) -> None:
        for one in edits:
            one(checkout)

    return edit


def _new_migration(checkout: Path) -> None:
    folder = checkout / _MIGRATIONS
    number = max(int(file.name[:4]) for file in folder.glob("[0-9]*")) + 1
    text = "-- What the customer reads on a statement.\nALTER TABLE app.payments ADD COLUMN statement_text text;\n"
    (folder / f"{number:04}_payments_statement_text.sql.j2").write_text(text, encoding="utf-8")


def _user_data_not_keyed_by_language(checkout: Path) -> None:
    file = checkout / _CLASSES
    head, name, rest = file.read_text(encoding="utf-8").partition("USER_DATA: Final")
    file.write_text(head + name + rest.replace("    keyed_by_language=True,\n", "", 1), encoding="utf-8")


#: Makes what is deployed before any of the branches.
PREPARE: Final = replaced(_STACK_FILE, _TENANTS, DEPLOYED_TENANTS)

BRANCHES: Final = (
    Branch(
        "new-tenants",
        "A branch that adds tenants",
        "Two lines were added under `strata:tenants`. The SQL that will run is shown once, with its names left open; "
        "each tenant's exact SQL is at the end.",
        replaced(_STACK_FILE, DEPLOYED_TENANTS, f"{DEPLOYED_TENANTS}    - acme\n    - umbrella-corp\n"),
    ),
    Branch(
        "edited-migration",
        "A branch that edits an applied migration",
        "A column was added to the text of `0003_payments`, which every database has applied long ago. "
        "The preview refuses it and the report says how the column gets there.",
        replaced(
            f"{_MIGRATIONS}/0003_payments.sql.j2",
            "    description text,\n",
            "    description text,\n    statement_text text,\n",
        ),
    ),
    Branch(
        "loosened-key",
        "A branch that loosens a cache key",
        "The class `user_data` lost `keyed_by_language`, so callers of two languages would get the same answer. "
        "The contract is sound, no caller sees another's data, so nothing refuses it: a reviewer has to.",
        _user_data_not_keyed_by_language,
    ),
    Branch(
        "leaky-key",
        "A branch that takes the caller out of the cache key",
        "The caller's digest left the key of every class. The program refuses the contract before it plans anything.",
        replaced(_CLASSES, "return caller + language", "return language"),
    ),
    Branch(
        "deleted-tenant",
        "A branch that deletes an active tenant",
        "The line of `globex` was deleted under `strata:tenants`. An active tenant is protected; the report says which "
        "two merges let it leave.",
        replaced(_STACK_FILE, "    - globex\n", ""),
    ),
    Branch(
        "broken-policy",
        "A branch that breaks a policy",
        "The database lost its encryption. The policy pack refuses it, and the report also tells what would have "
        "happened: a new, empty instance.",
        replaced("infra/components/database.py", "storage_encrypted=True", "storage_encrypted=False"),
    ),
    Branch(
        "release",
        "A branch with several changes at once",
        "A tenant comes, one starts to leave, one goes into the archive, and a column is added. Nothing is refused.",
        _together(
            replaced(
                _STACK_FILE, DEPLOYED_TENANTS, "    - globex\n    - {id: initech, state: offboarding}\n    - acme\n"
            ),
            _new_migration,
        ),
    ),
    Branch(
        "unchanged",
        "A branch that changes nothing",
        "Only a page of the docs was edited.",
        _together(),
    ),
)
