import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from strata import sql
from strata.sql import QuotingError, identifier, literal

TEXT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_the_server_reads_back_every_literal(connection):
    @settings(deadline=None)
    @given(TEXT | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none())
    def reads_back(value):
        cast = {str: "::text", int: "::bigint"}.get(type(value), "")
        # psycopg must not read a percent sign: no parameters.
        assert connection.execute(f"SELECT ({literal(value)}){cast}").fetchone() == (value,)

    reads_back()


def test_the_server_reads_back_every_identifier(connection):
    @settings(deadline=None)
    @given(TEXT.filter(lambda name: 0 < len(name.encode()) <= 63))
    def reads_back(name):
        cursor = connection.execute(f"SELECT 1 AS {identifier(name)}")
        assert cursor.description[0].name == name

    reads_back()


def test_a_minus_never_starts_a_comment(connection):
    assert connection.execute(f"SELECT 1 -{literal(-2)}").fetchone() == (3,)


@pytest.mark.parametrize("name", ["", "a\0b", "a" * 64, "ä" * 32])
def test_what_is_no_identifier_is_refused(name):
    with pytest.raises(QuotingError) as refusal:
        identifier(name)
    expected = f"not an identifier (name {name!a}); allowed: 1 to 63 bytes of UTF-8 without NUL"
    assert str(refusal.value) == expected


@pytest.mark.parametrize("value", ["a\0b", 1.5, b"a", ["a"]])
def test_what_is_no_literal_is_refused(value):
    with pytest.raises(QuotingError, match="not a literal"):
        literal(value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ value }}",
        "{{ value ~ '' }}",
        "{{ 'x' }}",
        "{{ (value | literal) ~ value }}",
        "{{ value | upper }}",
        "{{ 1 }}",
    ],
)
def test_nothing_is_interpolated_without_quotes(template):
    compiled = sql.environment().from_string(template)
    with pytest.raises(QuotingError) as refusal:
        compiled.render(value="acme")
    assert str(refusal.value).startswith("a template interpolates a value without quoting it (type ")


def test_quoted_values_are_interpolated():
    template = sql.environment().from_string("SELECT {{ value | literal }} AS {{ value | identifier }}")
    assert template.render(value="a'b\"c") == """SELECT 'a''b"c' AS "a'b""c\""""


@pytest.mark.parametrize("template", ["{{ missing }}", "{{ missing | identifier }}"])
def test_a_missing_value_is_an_error(template):
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        sql.environment().from_string(template).render()


def test_statements_are_the_same_when_only_their_wording_differs():
    assert sql.same_statements("SELECT 1, -- one\n  2", "/* both */ SELECT 1,2")
    assert not sql.same_statements("SELECT 'a  b'", "SELECT 'a b'")
