from pathlib import Path

import pytest

from infra.config import ConfigError, ConfigProblem, Tenant, load
from infra.config.tenants import parse_tenants

ALLOWED_ID = "1 to 63 of a-z and 0-9, with single - or _ between them, and not the reserved system"


def parsed(raw, directory: Path = Path()) -> tuple[tuple[Tenant, ...], list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    return parse_tenants(raw, directory, problems.append), problems


def test_ids_and_objects_may_stand_side_by_side():
    raw = ["acme", {"id": "globex", "state": "offboarding"}, {"id": "i", "onRemove": "drop", "confirm": "i"}]
    assert parsed(raw) == (
        (Tenant("acme"), Tenant("globex", "offboarding"), Tenant("i", on_remove="drop")),
        [],
    )


@pytest.mark.parametrize("tenant_id", ["a", "0", "acme-eu_1", "a" * 63, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"])
def test_a_good_id_is_taken(tenant_id):
    assert parsed([tenant_id]) == ((Tenant(tenant_id),), [])


@pytest.mark.parametrize(
    ("tenant_id", "what"),
    [
        ("", "is empty"),
        (None, "is empty"),
        (123, "123 is not text; write it in quotes"),
        (True, "True is not text; write it in quotes"),
        ("Acme", "'Acme' is not a tenant id"),
        ("a--b", "'a--b' is not a tenant id"),
        ("a__b", "'a__b' is not a tenant id"),
        ("-a", "'-a' is not a tenant id"),
        ("a b", "'a b' is not a tenant id"),
        ("a\n", "'a\\n' is not a tenant id"),
        ("ä", "'ä' is not a tenant id"),
        ("a" * 64, f"{'a' * 64!r} has 64 characters"),
        ("system", "'system' is reserved for rows that belong to no customer"),
    ],
)
def test_a_bad_id_is_refused(tenant_id, what):
    assert parsed([tenant_id]) == ((), [ConfigProblem("strata:tenants[0].id", what, ALLOWED_ID)])


def test_a_tenant_named_twice_is_refused_with_the_place_of_the_first():
    tenants, problems = parsed(["acme", "globex", {"id": "acme"}])
    assert tenants == (Tenant("acme"), Tenant("globex"))
    assert problems == [
        ConfigProblem("strata:tenants[2].id", "'acme' is already at strata:tenants[0]", "each tenant once")
    ]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            {"id": "a", "status": "active"},
            ConfigProblem(
                "strata:tenants[0].status", "there is no such key, did you mean state?", "id, state, onRemove, confirm"
            ),
        ),
        (
            {"id": "a", "state": "gone"},
            ConfigProblem("strata:tenants[0].state", "'gone' is unknown", "active or offboarding"),
        ),
        (
            {"id": "a", "onRemove": "delete"},
            ConfigProblem("strata:tenants[0].onRemove", "'delete' is unknown", "archive or drop"),
        ),
        (
            {"id": "a", "onRemove": "drop"},
            ConfigProblem(
                "strata:tenants[0].confirm", "is missing, and onRemove: drop deletes every row", "the tenant's id again"
            ),
        ),
        (
            {"id": "a", "onRemove": "drop", "confirm": "b"},
            ConfigProblem("strata:tenants[0].confirm", "'b' is not the tenant's id", "a"),
        ),
        (
            {"id": "a", "confirm": "a"},
            ConfigProblem("strata:tenants[0].confirm", "confirms nothing", "only beside onRemove: drop"),
        ),
    ],
)
def test_an_entry_that_could_be_misread_is_refused(entry, problem):
    assert parsed([entry]) == ((), [problem])


@pytest.mark.parametrize("raw", ["acme", 5, None])
def test_what_is_no_list_is_refused(raw):
    assert parsed(raw) == (
        (),
        [
            ConfigProblem(
                "strata:tenants",
                "is not a list",
                "a list of tenant ids or of objects with id, state, onRemove, confirm; "
                "or {file: <path of such a list>}",
            )
        ],
    )


def test_more_tenants_than_fit_in_a_stack_file_move_to_a_file(tmp_path):
    ids = [f"tenant-{number}" for number in range(501)]
    _, problems = parsed(ids)
    assert problems == [
        ConfigProblem(
            "strata:tenants",
            "501 tenants are more than the 500 that fit in a stack file",
            "move the list to a file of its own and write {file: <its path>} here",
        )
    ]
    (tmp_path / "tenants.yaml").write_text("\n".join(f"- {tenant_id}" for tenant_id in ids))
    tenants, problems = parsed({"file": "tenants.yaml"}, tmp_path)
    assert not problems
    assert [tenant.id for tenant in tenants] == ids


def test_a_problem_in_a_file_of_tenants_names_that_file(tmp_path):
    (tmp_path / "tenants.yaml").write_text("- acme\n- Globex\n")
    _, problems = parsed({"file": "tenants.yaml"}, tmp_path)
    assert problems == [
        ConfigProblem("strata:tenants[1].id", "'Globex' is not a tenant id", ALLOWED_ID, file="tenants.yaml")
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "tenants.yaml cannot be read: No such file or directory"),
        (b"\xff", "tenants.yaml cannot be read: it, or its name, is not UTF-8 without NUL"),
    ],
)
def test_a_file_of_tenants_that_cannot_be_read_is_a_problem(tmp_path, content, what):
    if content is not None:
        (tmp_path / "tenants.yaml").write_bytes(content)
    assert parsed({"file": "tenants.yaml"}, tmp_path) == (
        (),
        [ConfigProblem("strata:tenants.file", what, "a readable file")],
    )


def test_a_file_of_tenants_that_is_no_yaml_is_a_problem(tmp_path):
    (tmp_path / "tenants.yaml").write_text("- [acme")
    _, (problem,) = parsed({"file": "tenants.yaml"}, tmp_path)
    assert problem.what.startswith("tenants.yaml is not YAML: while parsing a flow sequence")
    assert "\n" not in problem.what


def test_a_file_that_leads_to_a_file_is_not_followed(tmp_path):
    (tmp_path / "tenants.yaml").write_text("file: other.yaml")
    _, (problem,) = parsed({"file": "tenants.yaml"}, tmp_path)
    assert (problem.what, problem.file) == ("is not a list", "tenants.yaml")


def allowed(raw, pattern):
    problems: list[ConfigProblem] = []
    return parse_tenants(raw, Path(), problems.append, pattern), problems


def test_a_pattern_says_which_ids_the_stack_allows():
    assert allowed(["ACME", {"id": "Ü 7"}, "a" * 1024], r"(?i)[a-zäöü0-9 ]+") == (
        (Tenant("ACME"), Tenant("Ü 7"), Tenant("a" * 1024)),
        [],
    )
    assert allowed(["acme"], "[A-Z]+") == (
        (),
        [
            ConfigProblem(
                "strata:tenants[0].id",
                "'acme' is not a tenant id",
                "1 to 1024 bytes that match strata:partitions.idPattern [A-Z]+ as a whole, and not the reserved system",
            )
        ],
    )


@pytest.mark.parametrize(
    ("tenant_id", "what"),
    [
        ("", "is empty"),
        ("a\0", r"'a\x00' holds a NUL character"),
        ("\ud800", r"'\ud800' holds a lone surrogate"),
        ("ä" * 513, f"{'ä' * 513!r} is 1026 bytes long"),
        ("system", "'system' is reserved for rows that belong to no customer"),
        ("system ", "'system ' is reserved for rows that belong to no customer"),
        (7, "7 is not text; write it in quotes"),
    ],
)
def test_no_pattern_allows_what_cannot_be_a_tenant(tenant_id, what):
    _, problems = allowed([tenant_id], "(?s).*")
    assert [problem.what for problem in problems] == [what]


@pytest.mark.parametrize(
    ("first", "other", "what"),
    [
        ("\u00e9", "e\u0301", r"'e\u0301' looks like '\xe9' at strata:tenants[0]"),
        ("acme", "acme ", "'acme ' looks like 'acme' at strata:tenants[0]"),
        ("\tacme", "acme\n", r"'acme\n' looks like '\tacme' at strata:tenants[0]"),
        ("acme", "acme", "'acme' is already at strata:tenants[0]"),
    ],
)
def test_ids_that_nobody_can_tell_apart_are_refused(first, other, what):
    tenants, problems = allowed([first, other], "(?s).+")
    assert tenants == (Tenant(first),)
    assert [(problem.key, problem.what) for problem in problems] == [("strata:tenants[1]", what)]


def test_a_stack_file_says_which_ids_it_allows():
    raw = {"aws:region": "eu-central-1", "strata:cdn": {"enabled": False}, "strata:tenants": ["ACME"]}
    with pytest.raises(ConfigError, match="'ACME' is not a tenant id"):
        load("dev", raw, "Pulumi.dev.yaml")
    config = load("dev", {**raw, "strata:partitions": {"idPattern": "[A-Z]+"}}, "Pulumi.dev.yaml")
    assert config.tenants == (Tenant("ACME"),)
    with pytest.raises(ConfigError, match=r"strata:partitions.idPattern: '\[': not a regular expression"):
        load("dev", {**raw, "strata:partitions": {"idPattern": "["}}, "Pulumi.dev.yaml")
