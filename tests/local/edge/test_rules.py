import ast
import re
from pathlib import Path

from local.edge import rules
from local.edge.rules import GUESSES, PAGE, RULES, SECTIONS, render

HERE = Path(__file__).parent
CORE = Path(rules.__file__).parent


def proven():
    """Return the rules that a test says it proves."""
    names = set()
    for file in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "proves":
                        names |= {argument.value for argument in decorator.args}
    return names


def test_every_rule_has_a_test_and_every_test_a_rule():
    assert proven() == RULES.keys()


def test_there_are_enough_rules_and_no_name_is_there_twice():
    assert len(RULES) == sum(len(rows) for rows in SECTIONS.values()) >= 60


def test_every_rule_says_where_it_comes_from():
    for rule in RULES.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
        assert rule.statement.endswith("."), rule.name
        assert rule.source, rule.name
        assert "|" not in rule.statement + rule.source, rule.name


def test_every_reason_that_the_core_can_give_is_a_rule():
    """The names are written as text where a decision is made; a name that is none would be in no table."""
    written = set()
    for file in CORE.glob("*.py"):
        if file.name.startswith("rules"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in RULES:
                written.add(node.value)

    decided = {name for name in RULES if name in written}
    assert {"hit", "collapsed", "ttl-s-maxage", "origin-failure", "function-generated"} <= decided


def test_guesses_are_what_only_aws_can_settle():
    assert {rule.status for rule in GUESSES} == {"guessed", "switchable"}
    assert all(f"- `{rule.name}` (" in render() for rule in GUESSES)


def test_the_page_is_made_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m local.edge.rules"
