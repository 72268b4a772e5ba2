"""Names and statements of tenants for any id: a hundred thousand of them, and the mutants that they must tell apart.

A failure names the seed; ``STRATA_FUZZ_SEED=<seed>`` makes the same ids again.
"""

from __future__ import annotations

import re
import types
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.pq import ExecStatus

from strata import sql, tenants
from strata.advisory_locks import DETACH_CLASS, ONBOARD_KEY, REMOVAL_CLASS
from strata.partitions.compare import OFFBOARDING_TRIGGER, TENANT_CHECK
from strata.partitions.layout import immediate_parent
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import PARTS, Leaf
from strata.partitions.tables import PARTITIONED_TABLES
from tests.strata.hostile_ids import SEED, distinct_ids
from tests.strata.shared_database import shared_database
from tests.strata.sql_tokens import Token, statements, tokens
from tests.strata.strategies import TENANT_IDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

COUNT = 100_000
BATCH = 2_000


@cache
def ids() -> list[str]:
    return distinct_ids(COUNT, SEED)


def batches(values: Sequence[str], size: int = BATCH) -> Iterator[list[str]]:
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch


@pytest.fixture(scope="module")
def owner(postgresql_server, migrated_template):
    with (
        shared_database(postgresql_server, migrated_template("list")) as database,
        database.deployer() as connection,
    ):
        yield connection


# What every rule for names must hold; a module is given, so that a mutant can be.


def readable_ids_are_their_own_names(rule: Any, _some: Sequence[str]) -> None:
    for tenant_id in ("acme", "a", "7", "acme-eu_1", "a" * 39):
        assert rule.name_suffix(tenant_id) == tenant_id
    assert rule.partition_name("payments", "acme") == "payments_p_acme"


def other_ids_keep_a_prefix_that_can_be_read(rule: Any, _some: Sequence[str]) -> None:
    for tenant_id, prefix in (("Acme GmbH", "acmegmbh"), ("a" * 40, "aaaaaaaa"), ("O'Neil", "oneil"), ("äb", "b")):
        assert rule.name_suffix(tenant_id).startswith(f"{prefix}__")


def a_digest_has_100_bits_or_more(rule: Any, some: Sequence[str]) -> None:
    for tenant_id in some:
        _, mark, digest = rule.name_suffix(tenant_id).partition("__")
        assert not mark or (len(digest) * 4 >= 100 and not digest.strip("0123456789abcdef"))


def no_two_ids_share_a_name(rule: Any, some: Sequence[str]) -> None:
    owners: dict[str, str] = {}
    for tenant_id in some:
        other = owners.setdefault(rule.name_suffix(tenant_id), tenant_id)
        assert other == tenant_id, f"{other!r} and {tenant_id!r} are both {rule.name_suffix(tenant_id)} (seed {SEED})"


def no_name_is_that_of_an_index(rule: Any, some: Sequence[str]) -> None:
    for tenant_id in (*some, "acme_pkey", "acme_tenant_id_created_at_idx", "acme_tenant_id_created_at_idx1"):
        suffix = rule.name_suffix(tenant_id)
        assert not re.search(r"_(pkey|key|idx|excl|seq|ccnew|ccold)\d*$", suffix), f"{tenant_id!r} (seed {SEED})"


def no_name_is_too_long_or_needs_more_than_letters(rule: Any, some: Sequence[str]) -> None:
    for tenant_id in some:
        name = rule.partition_name("webhook_logs", tenant_id)
        # 63 bytes less those of `_pkey`, and of what PostgreSQL adds to tell alike names apart.
        assert len(name.encode()) <= 54, f"{name} of {tenant_id!r} (seed {SEED})"
        assert re.fullmatch(r"[a-z0-9_-]+", name), f"{name!r} of {tenant_id!r} (seed {SEED})"


def names_are_those_of_the_first_release(rule: Any, _some: Sequence[str]) -> None:
    assert rule.partition_name("webhook_logs", "Acme GmbH") == "webhook_logs_p_acmegmbh__033aedd84749a7c515ba9226a9"


CHECKS: list[Callable[[Any, Sequence[str]], None]] = [
    readable_ids_are_their_own_names,
    other_ids_keep_a_prefix_that_can_be_read,
    a_digest_has_100_bits_or_more,
    no_two_ids_share_a_name,
    no_name_is_too_long_or_needs_more_than_letters,
    names_are_those_of_the_first_release,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_rule_for_names(check):
    check(tenants, ids())


DIGEST = "{prefix}__{hashlib.sha256(encoded).hexdigest()[:_DIGEST_HEX_DIGITS]}"
HASHED = "hashlib.sha256(encoded)"

#: What is changed in `strata/tenants.py`, into what, and which check tells; none of them needs the pinned name.
MUTANTS = {
    "a digest of 20 bits": ("_DIGEST_HEX_DIGITS: Final = 26", "_DIGEST_HEX_DIGITS: Final = 5", no_two_ids_share_a_name),
    "a digest of 96 bits": (
        "_DIGEST_HEX_DIGITS: Final = 26",
        "_DIGEST_HEX_DIGITS: Final = 24",
        a_digest_has_100_bits_or_more,
    ),
    "no name space of their own": (DIGEST, DIGEST.replace("__", "_", 1), no_two_ids_share_a_name),
    "neither mark nor prefix": (DIGEST, DIGEST.replace("{prefix}__", ""), no_two_ids_share_a_name),
    "no prefix": (DIGEST, DIGEST.replace("{prefix}", ""), other_ids_keep_a_prefix_that_can_be_read),
    "case folded before hashing": (HASHED, "hashlib.sha256(tenant_id.lower().encode())", no_two_ids_share_a_name),
    "NFC before hashing": (
        HASHED,
        "hashlib.sha256(unicodedata.normalize('NFC', tenant_id).encode())",
        no_two_ids_share_a_name,
    ),
    "blanks cut before hashing": (HASHED, "hashlib.sha256(tenant_id.strip().encode())", no_two_ids_share_a_name),
    "cut at 63 bytes before hashing": (HASHED, "hashlib.sha256(encoded[:63])", no_two_ids_share_a_name),
    "readable up to 63 bytes": (
        "MAXIMUM_READABLE_BYTES: Final = 39",
        "MAXIMUM_READABLE_BYTES: Final = 63",
        no_name_is_too_long_or_needs_more_than_letters,
    ),
    "the name cut at 63 bytes": (
        "    encoded = tenant_bytes(tenant_id)\n    if",
        (
            "    encoded = tenant_bytes(tenant_id)\n    if _READABLE.fullmatch(tenant_id):\n"
            '        return tenant_id[: 63 - len("webhook_logs_p_")]\n    if'
        ),
        no_two_ids_share_a_name,
    ),
    "readable begins and does not end": ("_READABLE.fullmatch", "_READABLE.match", no_two_ids_share_a_name),
    "a double underscore may be read": ("(?:[_-]?[a-z0-9])*", "(?:[_-]*[a-z0-9])*", no_two_ids_share_a_name),
    "an index may be read": (" and not _DERIVED_NAME.search(tenant_id)", "", no_name_is_that_of_an_index),
    "an index with a number may be read": ("[0-9]*$", "$", no_name_is_that_of_an_index),
    "upper case may be read": (
        'r"[a-z0-9](?:[_-]?[a-z0-9])*")',
        'r"[a-z0-9](?:[_-]?[a-z0-9])*", re.IGNORECASE)',
        no_name_is_too_long_or_needs_more_than_letters,
    ),
}


def mutated(old: str, new: str) -> types.ModuleType:
    source = Path(tenants.__file__).read_text()
    assert source.count(old) >= 1
    module = types.ModuleType("mutated_tenants")
    exec(compile(source.replace(old, new), "mutated_tenants", "exec"), module.__dict__)  # noqa: S102 - our own source
    return module


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_rule_for_names_is_told(mutant):
    old, new, killer = MUTANTS[mutant]
    with pytest.raises(AssertionError):
        killer(mutated(old, new), ids()[:30_000])


# The rule in SQL.

NAMED = (
    "SELECT array_agg(strata.partition_suffix(id) ORDER BY place)"
    " FROM unnest(%s::text[]) WITH ORDINALITY AS one (id, place)"
)


def test_sql_names_alike(owner):
    for batch in batches(ids()):
        (names,) = owner.execute(NAMED, (batch,)).fetchone()
        assert names == [tenants.name_suffix(one) for one in batch], f"seed {SEED}"


@given(st.lists(TENANT_IDS, min_size=1, max_size=50))
def test_sql_names_alike_whatever_the_shape(owner, some):
    assert owner.execute(NAMED, (some,)).fetchone() == ([tenants.name_suffix(one) for one in some],)


def test_the_server_reads_every_id_and_name_as_it_was_written(owner):
    for batch in batches(ids()):
        values = ", ".join(f"({sql.literal(one)})" for one in batch)
        assert [read for (read,) in owner.execute(f"VALUES {values}")] == batch, f"seed {SEED}"
        names = [tenants.partition_name("webhook_logs", one) for one in batch]
        columns = ", ".join(f"1 AS {sql.identifier(name)}" for name in names[:1_600])  # a row's most columns
        assert [column.name for column in owner.execute(f"SELECT {columns}").description] == names[:1_600]


# Statements.

#: Every template that an id is in, by the values that it is rendered with.
SCRIPTS: dict[str, Callable[[Leaf], dict[str, object]]] = {
    **{f"partitions/{part}": lambda leaf: {"leaf": leaf} for part in PARTS},
    "partitions/begin_onboarding": lambda leaf: {
        "onboard_key": ONBOARD_KEY,
        "tenant_id": leaf.tenant_id,
        "leaves": [leaf],
        "modulus": None,
        "remainder": 0,
    },
    "partitions/inspect": lambda leaf: {"relations": [leaf.qualified_name, leaf.qualified_parent]},
    "partitions/blockers": lambda leaf: {
        "relations": [leaf.qualified_name],
        "detaching": True,
        "onboard_key": ONBOARD_KEY,
        "above": [leaf.top],
        "exclusive": [leaf.qualified_name],
        "keys": [(REMOVAL_CLASS, leaf.tenant_id), (DETACH_CLASS, leaf.qualified_parent)],
    },
    "offboarding/mark": lambda leaf: {"onboard_key": ONBOARD_KEY, "tenant_id": leaf.tenant_id, "leaves": [leaf]},
    "offboarding/stop_writes": lambda leaf: {"leaves": [leaf], "trigger": OFFBOARDING_TRIGGER},
    "offboarding/leaf_state": lambda leaf: {"leaves": [leaf], "tenant_check": TENANT_CHECK},
    "offboarding/attached": lambda leaf: {"leaf": leaf},
    "offboarding/finalize": lambda leaf: {"leaf": leaf, "pending": leaf.name},
    "offboarding/detach": lambda leaf: {"leaf": leaf},
    "offboarding/registered": lambda leaf: {"tenant_id": leaf.tenant_id},
    "offboarding/detached": lambda leaf: {"leaf": leaf},
    "offboarding/drop_leaves": lambda leaf: {"leaves": [leaf], "tenant_id": leaf.tenant_id},
    "statistics/partition_stats": lambda leaf: {"tenant_id": leaf.tenant_id, "table": leaf.table},
    "statistics/registry_and_catalog": lambda leaf: {"trigger": OFFBOARDING_TRIGGER, "tenant_id": leaf.tenant_id},
    "statistics/newest_row": lambda leaf: {"tenant_id": leaf.tenant_id, "table": leaf.table, "columns": ["id"]},
    "archives/begin": lambda leaf: {"tenant_id": leaf.tenant_id, "uri": f"s3://b/tenants/{leaf.name}"},
    "archives/registered": lambda leaf: {"tenant_id": leaf.tenant_id},
    "archives/columns": lambda leaf: {"leaf": leaf},
    "archives/copy_out": lambda leaf: {"leaf": leaf, "columns": ["tenant_id", "id"], "key": ["id"], "skipped": 0},
    "archives/copy_in": lambda leaf: {"leaf": leaf, "columns": ["tenant_id", "id"]},
    "archives/record": lambda leaf: {"leaf": leaf, "state": "verified"},
    "archives/restored": lambda leaf: {"leaf": leaf, "parts": 1},
    "archives/drop_archived": lambda leaf: {"leaves": [leaf], "tenant_id": leaf.tenant_id},
    "archives/parent_columns": lambda leaf: {"leaf": leaf},
    "archives/begin_restore": lambda leaf: {
        "outdated": [leaf],
        "kept": [leaf],
        "leaves": [leaf],
        "uri": "s3://b/c",
        "trigger": OFFBOARDING_TRIGGER,
    },
    "archives/finish_restore": lambda leaf: {"leaves": [leaf]},
    "archives/abandon": lambda leaf: {"tenant_id": leaf.tenant_id, "leaves": [leaf]},
    "archives/forget": lambda leaf: {"tenant_id": leaf.tenant_id},
    "archives/forget_tenant": lambda leaf: {"tenant_id": leaf.tenant_id},
}
#: Templates in which an id or a name made of one is interpolated.
WITH_AN_ID = re.compile(r"tenant_id \||leaf\.|relation \||pending \||leaves")


def test_every_template_that_an_id_is_in_is_tried():
    found = {
        f"{path.parent.name}/{path.name.removesuffix('.sql.j2')}"
        for folder in ("partitions", "offboarding", "archives", "statistics")
        for path in (sql.TEMPLATES / folder).iterdir()
        if WITH_AN_ID.search(path.read_text())
    }
    assert found - SCRIPTS.keys() == set()


def leaf_of(table: str, tenant_id: str, parent: tuple[str, str]) -> Leaf:
    return Leaf(table, tenant_id, tenants.partition_name(table, tenant_id), *parent)


@cache
def shape(script: str, table: str, parent: tuple[str, str]) -> list[Token]:
    """Return the tokens of a script for the tenant acme."""
    return list(tokens(sql.render(f"{script}.sql.j2", **SCRIPTS[script](leaf_of(table, "acme", parent)))))


def expected(token: Token, leaf: Leaf) -> tuple[str, str]:
    """Return what a token of acme's script is in another tenant's."""
    if token.kind == "string" and token.value == "acme":
        return token.kind, leaf.tenant_id
    if token.kind in {"string", "identifier"}:
        return token.kind, token.value.replace(f"{leaf.table}_p_acme", leaf.name)
    return token.kind, token.value


@pytest.mark.parametrize(
    ("scripts", "count", "parsed_each"),
    [([f"partitions/{part}" for part in PARTS], COUNT, 10), (list(SCRIPTS), 2_000, 1)],
    ids=["each id in a part of an onboarding", "every script"],
)
def test_ids_inject_nothing(owner, scripts, count, parsed_each):
    chosen = cycle((script, table) for script in scripts for table in PARTITIONED_TABLES)
    for number, (tenant_id, (script, table)) in enumerate(zip(ids()[:count], chosen, strict=False)):
        layout = "bucketed" if number % 8 == 0 else "list"
        leaf = leaf_of(table, tenant_id, immediate_parent(table, tenant_id, layout))
        text = sql.render(f"{script}.sql.j2", **SCRIPTS[script](leaf))
        found = list(tokens(text))
        wanted = [expected(token, leaf) for token in shape(script, table, (leaf.parent_schema, leaf.parent))]
        assert [token[:2] for token in found] == wanted, f"{script} for {tenant_id!r} (seed {SEED})"
        if number % parsed_each == 0:
            parse(owner, statements(text, found))


def parse(connection: psycopg.Connection[Any], texts: Sequence[str]) -> None:
    """Let the server parse each text, without running it; a text of more than one statement is an error there."""
    for text in texts:
        result = connection.pgconn.prepare(b"", text.encode())
        assert result.status == ExecStatus.COMMAND_OK, f"{result.error_message.decode()}{text!r} (seed {SEED})"


@pytest.mark.parametrize(
    ("text", "message"),
    [("SELECT 1; SELECT 2", "cannot insert multiple commands"), ("SELECT 'a' 'b", "unterminated quoted string")],
)
def test_the_server_would_tell_an_injection(fresh_database, text, message):
    with fresh_database.connect("strata_deployer") as connection, pytest.raises(AssertionError, match=message):
        parse(connection, [text])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("SELECT 'a''b'", ["word", "string"]),
        (r"SELECT 'a\'", ["word", "string"]),
        (r"SELECT E'a\'b'", ["word", "escape_string"]),
        ('"a""b"."c"', ["identifier", "sign", "identifier"]),
        ("a; -- b;\nc", ["word", "end", "word"]),
        ("$x$ ; $x$;", ["dollar_string", "end"]),
        ("U&'\\0061' b'1'", ["special_string", "special_string"]),
    ],
)
def test_sql_is_cut_as_postgresql_cuts_it(text, kinds):
    assert [token.kind for token in tokens(text)] == kinds


# Names that PostgreSQL derives.


def test_names_derived_from_alike_names_are_told_apart(owner):
    """Two tenants whose names are the same as far as PostgreSQL keeps them in the names of their indexes."""
    kept: dict[str, str] = {}
    for number in range(100_000):
        tenant_id = f"Webhooks {number}"
        start = tenants.partition_name("webhook_logs", tenant_id)[:30]
        other = kept.setdefault(start, tenant_id)
        if other != tenant_id:
            break
    else:
        pytest.fail("no two names are alike")
    for one in (other, tenant_id):
        ensure_tenant(owner, one, "list")
    names = owner.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relname LIKE 'webhook%'"
    ).fetchall()
    leaves = [tenants.partition_name("webhook_logs", one) for one in (other, tenant_id)]
    assert {(f"{leaf}{ending}",) for leaf in leaves for ending in ("", "_pkey")} <= set(names)
    assert len(names) == len(set(names)) == 2 * 6
    assert max(len(name.encode()) for (name,) in names) <= 63
