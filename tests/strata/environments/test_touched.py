"""Which environments a change touches, in real git repositories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strata.environments.touched import READ_BY_EVERY_STACK, READ_BY_NONE, ChangeUnknownError, touched
from tests.strata.cli.conftest import run  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tests.strata.cli.conftest import Run

PROJECT = Path(__file__).parents[3]
WHO = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *WHO, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(folder: Path, **files: str | None) -> None:
    """Write files by path; None removes one."""
    for name, text in files.items():
        path = folder / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a project with three environments, committed as `main`, on a branch of its own."""
    for stack in ("dev", "prod", "local"):
        config = f"config:\n  aws:region: eu-central-1\n  strata:tenants: {{file: tenants/{stack}.yaml}}\n"
        write(tmp_path, **{f"Pulumi.{stack}.yaml": config, f"tenants/{stack}.yaml": "- acme\n"})
    write(tmp_path, **{"Pulumi.yaml": "name: x\n", "README.md": "", "infra/program.py": "", "strata/cli/main.py": ""})
    write(tmp_path, **{".gitignore": "*.pyc\n", "edge_functions/cases/a.json": "{}", "certificates/ca.pem": ""})
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "start")
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    return tmp_path


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")


BOTH = {"dev", "prod"}


@pytest.mark.parametrize(
    ("path", "environments"),
    [
        ("Pulumi.dev.yaml", {"dev"}),
        ("tenants/prod.yaml", {"prod"}),
        ("Pulumi.yaml", BOTH),
        ("infra/program.py", BOTH),
        ("sql_templates/migrations/0009_more.sql.j2", BOTH),
        ("README.md", set()),
        ("strata/cli/main.py", set()),
        ("edge_functions/cases/a.json", set()),
        ("Pulumi.local.yaml", set()),
        ("tests/test_a.py", set()),
        ("infrared.py", set()),
    ],
)
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_path_touches_who_reads_it(repository: Path, path: str, environments: set[str], is_committed: bool) -> None:
    old = (repository / path).read_text() if (repository / path).exists() else ""
    write(repository, **{path: old + "# more\n"})
    if is_committed:
        commit(repository)
    found = touched(repository, "main")
    assert {name: list(paths) for name, paths in found.environments.items()} == {name: [path] for name in environments}
    assert not found.removed


def test_what_the_base_did_since_touches_nobody(repository: Path) -> None:
    """The change is compared with where it left the base, as a pull request is."""
    git(repository, "checkout", "--quiet", "main")
    write(repository, **{"infra/program.py": "# theirs\n"})
    commit(repository)
    git(repository, "checkout", "--quiet", "change")
    write(repository, **{"tenants/dev.yaml": "- acme\n- globex\n"})
    commit(repository)
    assert dict(touched(repository, "main").environments) == {"dev": ["tenants/dev.yaml"]}


def test_a_file_that_moves_touches_both_of_its_places(repository: Path) -> None:
    (repository / "strata" / "cli" / "main.py").write_text("# long enough to be told apart\n" * 20)
    commit(repository)
    git(repository, "branch", "--force", "base")
    git(repository, "mv", "strata/cli/main.py", "strata/main.py")
    commit(repository)
    assert dict(touched(repository, "base").environments) == {name: ["strata/main.py"] for name in ("dev", "prod")}
    git(repository, "branch", "--force", "base")
    git(repository, "mv", "strata/main.py", "strata/cli/main.py")
    commit(repository)
    assert dict(touched(repository, "base").environments) == {name: ["strata/main.py"] for name in ("dev", "prod")}


def test_a_file_that_a_stack_file_leads_to_touches_it(repository: Path) -> None:
    with (repository / "Pulumi.prod.yaml").open("a") as file:
        file.write("  strata:database: {caBundle: certificates/ca.pem}\n")
    commit(repository)
    git(repository, "branch", "--force", "base")
    write(repository, **{"certificates/ca.pem": "new"})
    assert dict(touched(repository, "base").environments) == {"prod": ["certificates/ca.pem"]}


def test_a_new_environment_is_touched_and_one_that_is_gone_is_named(repository: Path) -> None:
    write(repository, **{"Pulumi.dev.yaml": None, "Pulumi.staging.yaml": "config:\n  aws:region: eu-west-1\n"})
    found = touched(repository, "main")
    assert dict(found.environments) == {"staging": ["Pulumi.staging.yaml"]}
    assert found.removed == ["dev"]


def test_a_project_in_a_folder_of_its_repository_sees_its_own_paths(repository: Path) -> None:
    inner = repository / "platform"
    write(inner, **{"Pulumi.yaml": "name: y\n", "Pulumi.dev.yaml": "config:\n  aws:region: eu-west-1\n"})
    commit(repository)
    git(repository, "branch", "--force", "base")
    write(repository, **{"infra/program.py": "# theirs\n", "platform/Pulumi.dev.yaml": "config: {a: 1}\n"})
    assert dict(touched(inner, "base").environments) == {"dev": ["Pulumi.dev.yaml"]}


def test_a_base_that_git_does_not_know_is_refused(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ChangeUnknownError, match="git cannot compare with nowhere: .*fetch-depth: 0"):
        touched(repository, "nowhere")
    with pytest.raises(ChangeUnknownError, match=r"(?i)not a git repository"):
        touched(tmp_path_factory.mktemp("plain"), "main")


def test_a_shallow_clone_is_refused_rather_than_guessed(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "--quiet", "main")
    write(repository, **{"README.md": "more"})
    commit(repository)
    clone = tmp_path / "clone"
    url = repository.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "change", "--no-single-branch", url, str(clone))
    with pytest.raises(ChangeUnknownError, match="no common ancestor is known.*fetch-depth: 0"):
        touched(clone, "origin/main")


def test_the_command_says_it_for_people_and_for_workflows(
    repository: Path,
    run: Run,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(repository)
    write(repository, **{f"infra/file_{number}.py": "" for number in range(7)})
    found = json.loads(run("environment", "touched", "--base", "main", "--json").stdout)
    assert found["environments"] == ["dev", "prod"]
    assert len(found["paths"]["prod"]) == 7
    assert (found["base"], found["removed"]) == ("main", [])
    shown = run("environment", "touched", "--base", "main").stdout
    assert "infra/file_4.py, and 2 more" in shown


LOADED = """
import json, sys
import infra.program, infra.providers.tenant_partitions, infra.providers.schema_migrations, infra.providers.edge_secrets
import infra.providers.database_logins
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file]))
"""


def test_every_module_that_the_program_loads_is_read_by_every_stack() -> None:
    """What the program imports is on the list, and what the list leaves out is not imported."""
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=PROJECT, capture_output=True, text=True, check=True)
    files = [Path(file) for file in json.loads(done.stdout)]
    own = [str(file.relative_to(PROJECT)) for file in files if PROJECT in file.parents and ".venv" not in file.parts]
    assert len(own) > 50
    assert not [file for file in files if {"ruamel", "typer", "rich"} & set(file.parts)], "only the command needs these"
    assert not [file for file in own if not file.startswith(READ_BY_EVERY_STACK) or file.startswith(READ_BY_NONE)]


def test_what_every_stack_reads_is_there() -> None:
    assert not [path for path in (*READ_BY_EVERY_STACK, *READ_BY_NONE) if not (PROJECT / path).exists()]
