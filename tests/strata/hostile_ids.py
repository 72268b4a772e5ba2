"""Tenant ids that break what is careless: a list to go through one by one, and a generator for a hundred thousand."""

from __future__ import annotations

import hashlib
import os
import random
import unicodedata
from typing import TYPE_CHECKING, Final

from strata.tenants import MAXIMUM_TENANT_BYTES, name_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

#: One of each kind, each with a name that a test's report can show.
HOSTILE_IDS: Final = {
    "quotes": "O'Neil \"& sons\" `x` ''",
    "spaces": "acme  corp",
    "blank": " ",
    "trailing blank": "acme ",
    "dots": "acme.corp..eu",
    "slashes": "../acme/corp//",
    "backslashes": "acme\\ \\' \\\\",
    "upper case": "ACME",
    "mixed case": "Acme",
    "drop": "'; DROP TABLE app.payments; --",
    "comment": "acme /* -- */",
    "dollars": "$$ $body$ $1",
    "keyword": "SELECT",
    "null": "NULL",
    "percent": "%s %(id)s %%",
    "template": "{{ tenant_id }}{% raw %}{# #}",
    "newlines": "acme\r\ncorp\n",
    "tab": "acme\tcorp",
    "right to left": "\u202eacme\u202c",
    "emoji": "👩\u200d🚀",
    "composed": "caféteria-é",
    "decomposed": unicodedata.normalize("NFD", "caféteria-é"),
    "500 characters": "ab'" * 166 + "ab",
    "longest": "ä" * (MAXIMUM_TENANT_BYTES // 2),
    "39 bytes": "a" * 39,
    "40 bytes": "a" * 40,
    "63 bytes": "a" * 63,
    "64 bytes": "a" * 64,
    "a name of another": "acme__b9d9c8a8c1f2b7d0a1e4f5c6d7",
    "a leaf": "payments_p_acme",
    "yaml": "{id: [acme], - &a *b !!c",
}

#: Whoever wants the same ids again sets it; a failure names it.
SEED: Final = int(os.environ.get("STRATA_FUZZ_SEED", random.SystemRandom().randrange(2**32)))
_FRAGMENTS: Final = (
    *"'\"\\;%$`{}()[]<>|&*?!#@~^=+,:./- \t\r\n\x01\x1b\x7f",
    *("''", '""', "--", "/*", "*/", "$$", "{{", "}}", "%s", "\\'", "E'", "U&'", "\u202e", "\u200d", "\ufeff", "\u2028"),
    *("DROP TABLE", "select", "acme", "ACME", "\u00e9", "e\u0301", "\u00df", "\u017f", "\u0130", "\u0131", "\u00c5"),
    *("A\u030a", "\U0001f469", "\U0001d552", "\U0010ffff"),
)
_READABLE: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def distinct_ids(count: int, seed: int) -> list[str]:
    """Return this many different ids: by themselves, and changed in the one thing that a careless rule forgets."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose; no secret
    found = dict.fromkeys(HOSTILE_IDS.values())
    while len(found) < count:
        base = _base(chance)
        for tenant_id in (base, *_neighbours(base, chance)):
            if 0 < len(tenant_id.encode()) <= MAXIMUM_TENANT_BYTES:
                found[tenant_id] = None
    return list(found)[:count]


def _base(chance: random.Random) -> str:
    match chance.randrange(4):
        case 0:
            return "".join(chance.choices(_READABLE, k=chance.randint(1, 39)))
        case 1:
            return "".join(chance.choices(_FRAGMENTS, k=chance.randint(1, 12)))
        case 2:
            return "".join(chr(_character(chance)) for _ in range(chance.randint(1, 30)))
        case _:
            return "".join(chance.choices((*_READABLE, *_FRAGMENTS), k=chance.choice((8, 30, 40, 63, 64, 200))))


def _character(chance: random.Random) -> int:
    """Return a code point that is neither NUL nor a surrogate."""
    point = chance.randrange(1, chance.choice((0x80, 0x800, 0xD800, 0x110000)))
    return point if not 0xD800 <= point < 0xE000 else 0xD7FF


def _neighbours(base: str, chance: random.Random) -> Iterator[str]:
    """Yield ids that differ from another one in a single way."""
    yield from (base.upper(), base.swapcase(), f"{base} ", f"{base}\n", f"-{base}", f"{base}_")
    # Behind eight letters, which is all of a prefix, so that nothing but the digest tells the two apart.
    long = f"aaaaaaaa{base}é"
    yield from (long, unicodedata.normalize("NFD", long), long.upper())
    shared = (base * 70)[:70].encode()[:66].decode(errors="ignore")
    yield from (f"{shared}{chance.randrange(10**6)}", f"{shared}{chance.randrange(10**6)}'")
    # The names of others: with the mark of a digest, with half of it, and without.
    suffix = name_suffix(base)
    digest = hashlib.sha256(base.encode()).hexdigest()[:26]
    yield from (f"{base}_pkey", f"{base}_tenant_id_created_at_idx", f"{base}_idx1", f"{base}_key_")
    yield from (suffix, suffix.replace("__", "_"), suffix.replace("__", ""), digest, f"_{digest}", f"__{digest}")
