import ast
import re
from pathlib import Path

from local.edge import rules
from local.edge.rules import GUESSES, RULES, SECTIONS, render

HERE = Path(__file__).parent
CORE = Path(rules.__file__).parent
#: How names of headers, of Cache-Control directives, of encodings and of the model's choices begin.
OF_HTTP = re.compile(
    r"(access-control|allow-all|cache-control|content|http-only|if|keep|last|latin|match-viewer|max|no|proxy|s|set|transfer|user|utf|viewer-request|x)\b"
)


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


def core_modules():
    """Return the files that the core is made of: `core.py` and what it imports, over and over."""
    found, waiting = set(), ["core"]
    while waiting:
        file = CORE / f"{waiting.pop()}.py"
        if file not in found:
            found.add(file)
            waiting += re.findall(r"from local\.edge\.(\w+) import", file.read_text(encoding="utf-8"))
    return found


def test_every_reason_that_the_core_can_give_is_a_rule():
    """Rule names are written as text where a decision is made: every text of that form is one, or a name of HTTP's."""
    constants = {
        node.value
        for file in core_modules()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    of_this_form = {text for text in constants if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", text)}

    assert {text for text in of_this_form - RULES.keys() if not OF_HTTP.match(text)} == set()
    assert len(of_this_form & RULES.keys()) > 40


def test_guesses_are_what_only_aws_can_settle():
    assert {rule.status for rule in GUESSES} == {"guessed", "switchable"}
    assert all(f"- `{rule.name}` (" in render() for rule in GUESSES)
