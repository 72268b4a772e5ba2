"""How one partition differs from what it should be: one small function per kind of fact."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from strata.partitions.render import Leaf

_PERSISTENCE: Final = {"p": "permanent", "u": "unlogged", "t": "temporary"}
#: What PostgreSQL attaches no partition with, though the column is NOT NULL.
_UNFIT_NOT_NULL: Final = re.compile(r"(?<= NOT NULL) (NO INHERIT|NOT VALID)")
#: The trigger that stops writes during offboarding.
OFFBOARDING_TRIGGER: Final = "strata_offboarding"
TENANT_CHECK: Final = "strata_tenant_ck"
#: What is said of a partition in service that has this trigger.
WRITES_REFUSED: Final = "writes to it are refused"
#: The policies of a partitioned table, as PostgreSQL writes what `migrations/_tenant_table.sql.j2` makes.
_OF_ONE_TENANT: Final = "((tenant_id = NULLIF(current_setting('app.tenant_id'::text, true), ''::text)))"
TENANT_POLICIES: Final = {
    "tenant_isolation": f"AS PERMISSIVE FOR ALL TO PUBLIC USING {_OF_ONE_TENANT} WITH CHECK {_OF_ONE_TENANT}"
}


@dataclass(frozen=True)
class Difference:
    """One fact that is not as it should be.

    Args:
        what: the fact.
        settle: what brings the partition back into line.
        mended_by: the part of an onboarding that does so by itself; None when a person must decide.
    """

    what: str
    settle: str
    mended_by: str | None = None

    def __str__(self) -> str:
        return f"{self.what}; settle: {self.settle}"


def tenant_check(leaf: Leaf) -> str:
    """Return the CHECK that proves whose rows a leaf holds, as PostgreSQL writes it."""
    bound = leaf.bound.removeprefix("FOR VALUES IN (").removesuffix(")")
    return f"CHECK (((tenant_id IS NOT NULL) AND (tenant_id = {bound}::text)))"


def compare(leaf: Leaf, observed: Any, parent: Any) -> tuple[Difference, ...]:
    """Return how the observed relation differs from the leaf it should be.

    Args:
        leaf: the partition wanted.
        observed: its row of ``partitions/inspect.sql.j2``.
        parent: the row of its immediate parent.
    """
    if observed.relkind != "r":
        return (Difference(f"{leaf.qualified_name} is not a table", "rename or drop what has this name"),)
    return (
        *_place(leaf, observed, parent),  # first: what hangs elsewhere has constraints from there
        *_children(leaf, observed),
        *_columns(leaf, observed, parent),
        *_constraints(leaf, observed, parent),
        *_indexes(leaf, observed, parent),
        *_storage(leaf, observed, parent),
        *_access(leaf, observed, parent),
        *_attachment(observed),  # last: it is mended when all else is
    )


def compare_row_level_security(
    relation: str, observed: Any, wanted_policies: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield how row-level security of a parent differs from what the migrations make.

    Args:
        relation: the parent, quoted and qualified.
        observed: its row of ``partitions/inspect.sql.j2``.
        wanted_policies: definition by name.
    """
    if not observed.relrowsecurity:
        yield Difference("row-level security is off", f"ALTER TABLE {relation} ENABLE ROW LEVEL SECURITY")
    yield from _more_row_level_security(relation, observed, wanted_policies)


def _place(leaf: Leaf, observed: Any, parent: Any) -> Iterator[Difference]:
    table = leaf.qualified_name
    if observed.parent is None:
        return
    if observed.detach_pending:
        yield Difference("half detached", f"ALTER TABLE {observed.parent} DETACH PARTITION {table} FINALIZE")
    elif observed.bound is None:
        yield Difference(f"inherits from {observed.parent}", f"ALTER TABLE {table} NO INHERIT {observed.parent}")
    elif observed.parent_oid != parent.oid or observed.bound != leaf.bound:
        yield Difference(
            f"attached to {observed.parent} {observed.bound} and not to {leaf.qualified_parent} {leaf.bound}",
            f"find out whose rows it holds; ALTER TABLE {observed.parent} DETACH PARTITION {table} CONCURRENTLY",
        )


def _children(leaf: Leaf, observed: Any) -> Iterator[Difference]:
    for child in observed.children or ():
        yield Difference(f"{child} inherits from it", f"ALTER TABLE {child} NO INHERIT {leaf.qualified_name}")


def _attachment(observed: Any) -> Iterator[Difference]:
    if observed.parent is None:
        yield Difference("not attached", "pulumi up --refresh attaches it", "attach_leaf")


def _columns(leaf: Leaf, observed: Any, parent: Any) -> Iterator[Difference]:
    has, wants = observed.columns or {}, parent.columns or {}
    for name in sorted(wants.keys() - has.keys()):
        yield Difference(
            f"column {name} is missing", f"ALTER TABLE {leaf.qualified_name} ADD COLUMN {name} {wants[name]}"
        )
    for name in sorted(has.keys() - wants.keys()):
        yield Difference(f"column {name} is not the parent's", f"ALTER TABLE {leaf.qualified_name} DROP COLUMN {name}")
    for name in sorted(has.keys() & wants.keys()):
        if has[name] != wants[name]:
            yield Difference(
                f"column {name} is {has[name]} and not {wants[name]}",
                f"ALTER TABLE {leaf.qualified_name} {_with_column(name, has[name], wants[name])}",
            )


def _with_column(name: str, found: str, definition: str) -> str:
    """Return the part of ALTER TABLE after which a column is as the parent's."""
    if _UNFIT_NOT_NULL.sub("", found) == definition:
        return f"ALTER COLUMN {name} DROP NOT NULL, ALTER COLUMN {name} SET NOT NULL"
    return f"ALTER COLUMN {name} to what it should be"


def _constraints(leaf: Leaf, observed: Any, parent: Any) -> Iterator[Difference]:
    has, wants = dict(observed.constraints or {}), parent.constraints or {}
    if TENANT_CHECK not in has:
        yield Difference(f"no constraint {TENANT_CHECK}", "pulumi up --refresh adds it", "leaf_check")
    elif has.pop(TENANT_CHECK) != tenant_check(leaf):
        yield Difference(
            f"constraint {TENANT_CHECK} is not {tenant_check(leaf)}",
            f"ALTER TABLE {leaf.qualified_name} DROP CONSTRAINT {TENANT_CHECK}, then pulumi up",
        )
    for name, definition in wants.items():
        found = has.pop(name, None)
        if found != definition:
            yield Difference(f"constraint {name} is not {definition}", _with_constraint(leaf, name, found, definition))
    for name in has:
        yield Difference(
            f"constraint {name} is not the parent's", f"ALTER TABLE {leaf.qualified_name} DROP CONSTRAINT {name}"
        )


def _with_constraint(leaf: Leaf, name: str, found: str | None, definition: str) -> str:
    """Return the statement after which a constraint is as the parent's."""
    if found is None:
        return f"ALTER TABLE {leaf.qualified_name} ADD CONSTRAINT {name} {definition}"
    if f"{found} NOT VALID" == definition:  # validated on the leaf alone, which inherits it and cannot drop it
        return f"ALTER TABLE {leaf.qualified_parent} VALIDATE CONSTRAINT {name}"
    return f"ALTER TABLE {leaf.qualified_name} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}"


def _indexes(leaf: Leaf, observed: Any, parent: Any) -> Iterator[Difference]:
    has, wants = observed.indexes or {}, parent.indexes or {}
    for index in (Counter(wants.values()) - Counter(has.values())).elements():
        yield Difference(f"no valid {index}", f"add it to {leaf.qualified_name}, as a constraint where it says so")
    extra = Counter(has.values()) - Counter(wants.values())
    for name, index in has.items():
        if extra[index]:
            extra[index] -= 1
            yield Difference(f"index {name}, {index}, is not the parent's", _without_index(leaf, name, index))


def _without_index(leaf: Leaf, name: str, index: str) -> str:
    """Return the statement that drops an index; one that a constraint owns has its name, and goes with it only."""
    if index.startswith(("PRIMARY KEY", "UNIQUE CONSTRAINT")):
        return f"ALTER TABLE {leaf.qualified_name} DROP CONSTRAINT {name.removeprefix('partitions.')}"
    return f"DROP INDEX CONCURRENTLY {name}"


def _storage(leaf: Leaf, observed: Any, parent: Any) -> Iterator[Difference]:
    if observed.relpersistence != "p":
        yield Difference(
            f"{_PERSISTENCE[observed.relpersistence]}: its rows do not survive a crash",
            f"ALTER TABLE {leaf.qualified_name} SET LOGGED",
        )
    if observed.owner != parent.owner:
        yield Difference(
            f"owned by {observed.owner} and not by {parent.owner}",
            f"ALTER TABLE {leaf.qualified_name} OWNER TO {parent.owner}",
        )


def _access(leaf: Leaf, observed: Any, _parent: Any) -> Iterator[Difference]:
    if not observed.relrowsecurity:
        yield Difference("row-level security is off", "pulumi up --refresh enables it", "leaf_row_level_security")
    yield from _more_row_level_security(leaf.qualified_name, observed, {})
    for role in observed.grantees or ():
        yield Difference(f"{role} has privileges", f"REVOKE ALL ON {leaf.qualified_name} FROM {role}")
    for trigger, is_parents in (observed.triggers or {}).items():
        drop = f"DROP TRIGGER {trigger} ON {leaf.qualified_name}"
        if trigger == OFFBOARDING_TRIGGER:
            yield Difference(WRITES_REFUSED, drop)
        else:
            enable = f"ALTER TABLE {leaf.qualified_name} ENABLE TRIGGER {trigger}"
            yield Difference(f"trigger {trigger} is disabled or not the parent's", enable if is_parents else drop)


def _more_row_level_security(relation: str, observed: Any, wanted_policies: Mapping[str, str]) -> Iterator[Difference]:
    """Yield what there is beyond the switch: whether the owner is held to it, and the policies."""
    if observed.relforcerowsecurity:
        yield Difference(
            "row-level security is forced on its owner", f"ALTER TABLE {relation} NO FORCE ROW LEVEL SECURITY"
        )
    has = observed.policies or {}
    for name, definition in wanted_policies.items():
        create = f"CREATE POLICY {name} ON {relation} {definition}"
        if name not in has:
            yield Difference(f"no policy {name}", create)
        elif has[name] != definition:
            replace = f"BEGIN; DROP POLICY {name} ON {relation}; {create}; COMMIT"
            yield Difference(f"policy {name} is {has[name]} and not {definition}", replace)
    for name in sorted(has.keys() - wanted_policies.keys()):
        yield Difference(f"policy {name} should not be there", f"DROP POLICY {name} ON {relation}")
