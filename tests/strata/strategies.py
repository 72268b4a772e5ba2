"""Tenant ids as nobody would choose them."""

from __future__ import annotations

from hypothesis import strategies

#: Whatever PostgreSQL text can hold, short readable ids among them.
TENANT_IDS = strategies.one_of(
    strategies.from_regex(r"\A[a-z0-9]([_-]?[a-z0-9]){0,20}\Z"),
    strategies.text(alphabet="aZ09_-. '\"\\\n%äß", min_size=1, max_size=60),
    strategies.text(
        alphabet=strategies.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=200
    ),
)
