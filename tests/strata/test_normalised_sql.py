import pytest

from strata.normalised_sql import normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1", "SELECT\n\t1  "),
        ("SELECT f (a , b);", "SELECT f(a,b) ;"),
        ("SELECT 1 -- one", "SELECT /* one\n and only */ 1"),
        ("AS $function$ BEGIN -- why\n RETURN; END $function$", "AS $function$BEGIN RETURN;END $function$"),
    ],
)
def test_comments_and_white_space_do_not_count(one, other):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a -- b'", "SELECT 'a'"),
        ("SELECT 'it''s  a'", "SELECT 'it''s a'"),
        (r"SELECT E'\'  -- ' , 1", r"SELECT E'\' -- ' , 1"),
        ('SELECT "a  b"', 'SELECT "a b"'),
        ("SELECT $$a  b$$", "SELECT $$a b$$"),
        ("SELECT $x$a -- b$x$", "SELECT $x$a $x$"),
        ("SELECT 1", "SELECT1"),
        ("SELECT a < @ b", "SELECT a <@ b"),
        ("AS $function$ RETURN 'a  b' $function$", "AS $function$ RETURN 'a b' $function$"),
    ],
)
def test_everything_else_counts(one, other):
    assert normalised(one) != normalised(other)
