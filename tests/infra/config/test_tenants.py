from pathlib import Path

import pytest

from infra.config import ConfigProblem, Tenant
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
        (b"\xff", "tenants.yaml cannot be read: it is not UTF-8"),
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
