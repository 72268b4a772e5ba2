"""A stack file's tenants are changed, and nothing else in it is."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.config import tenants as program
from strata.stack_file import (
    MOST_INLINE_TENANTS,
    StackFileError,
    TenantEntry,
    TenantEntryError,
    TenantFile,
    find_stack_file,
)
from strata.tenant_command import StackCommands

STACK = """\
# The stack of the shop.
config:
  aws:region: eu-central-1   # ours
  strata:tenants:
    # the first ones
    - globex
    - id: "initech"   # leaves in March
      state: offboarding

    - {id: hooli, state: active}   # loud
    # - vandelay
  strata:api: {originDomain: 'localhost',   originPort: 8000}
encryptionsalt: v1:abc=:v1:def
"""


def stack(folder: Path, text: str = STACK) -> TenantFile:
    path = folder / "Pulumi.dev.yaml"
    path.write_bytes(text.encode())
    return TenantFile.open(path)


def changed(file: TenantFile) -> list[str]:
    """Return the lines of the difference that say what changes."""
    return [line for line in file.difference.splitlines()[2:] if line[0] in "+-"]


def tenants(file: TenantFile) -> list[object]:
    """Return the list as the program reads it, which is with another parser."""
    document = yaml.safe_load(file.text)
    return list(document["config"]["strata:tenants"] if file.is_stack_file else document)


def test_entries_are_read_as_the_program_reads_them(tmp_path: Path) -> None:
    assert stack(tmp_path).entries == (
        TenantEntry("globex"),
        TenantEntry("initech", "offboarding"),
        TenantEntry("hooli"),
    )


def test_a_new_tenant_is_one_line_behind_the_last(tmp_path: Path) -> None:
    assert changed(stack(tmp_path).added("acme")) == ["+    - acme"]


def test_a_plain_entry_becomes_a_mapping_and_keeps_its_comment(tmp_path: Path) -> None:
    text = STACK.replace("- globex", "- globex  # pays late")
    assert changed(stack(tmp_path, text).offboarding("globex", "archive")) == [
        "-    - globex  # pays late",
        "+    - id: globex  # pays late",
        "+      state: offboarding",
        "+      onRemove: archive",
    ]


def test_a_mapping_gets_what_it_lacks(tmp_path: Path) -> None:
    file = stack(tmp_path).offboarding("initech", "drop")
    assert changed(file) == ["+      onRemove: drop", "+      confirm: initech"]
    assert changed(stack(tmp_path).offboarding("hooli", "drop")) == [
        "-    - {id: hooli, state: active}   # loud",
        "+    - {id: hooli, state: offboarding, onRemove: drop, confirm: hooli}   # loud",
    ]


def test_an_archive_needs_no_confirmation_so_it_goes(tmp_path: Path) -> None:
    dropping = stack(tmp_path).offboarding("initech", "drop").offboarding("hooli", "drop")
    kept = dropping.offboarding("initech", "archive").offboarding("hooli", "archive")
    assert tenants(kept)[1:] == [
        {"id": "initech", "state": "offboarding", "onRemove": "archive"},
        {"id": "hooli", "state": "offboarding", "onRemove": "archive"},
    ]


def test_a_confirmation_that_stands_first_goes_too(tmp_path: Path) -> None:
    text = STACK.replace(
        'id: "initech"   # leaves in March', 'confirm: initech\n      id: "initech"   # leaves in March'
    )
    file = stack(tmp_path, text).offboarding("initech", "archive")
    assert "confirm" not in file.text
    assert '    - id: "initech"   # leaves in March\n      state: offboarding\n      onRemove: archive\n' in file.text


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    file = stack(tmp_path).offboarding("initech", "archive")
    file.write()
    assert TenantFile.open(file.path).offboarding("initech", "archive").difference == ""


def test_an_entry_is_removed_with_its_lines(tmp_path: Path) -> None:
    assert changed(stack(tmp_path).removed("initech")) == [
        '-    - id: "initech"   # leaves in March',
        "-      state: offboarding",
    ]


def test_the_last_entry_leaves_an_empty_list_that_takes_a_first(tmp_path: Path) -> None:
    text = "config:\n  strata:tenants:  # ours\n  - {id: a, state: offboarding}\n  strata:cdn: {}\n"
    empty = stack(tmp_path, text).removed("a")
    assert empty.text == "config:\n  strata:tenants: []  # ours\n  strata:cdn: {}\n"
    assert empty.added("b").text == "config:\n  strata:tenants:  # ours\n    - b\n  strata:cdn: {}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("config:\n  aws:region: x\n", "config:\n  aws:region: x\n  strata:tenants:\n    - acme\n"),
        ("config:\n  aws:region: x", "config:\n  aws:region: x\n  strata:tenants:\n    - acme"),
        ("config:\n  strata:tenants:\n  a: b\n", "config:\n  strata:tenants:\n    - acme\n  a: b\n"),
        ("config:\n  strata:tenants: [a, b]\n", "config:\n  strata:tenants: [a, b, acme]\n"),
        ("config:\n  strata:tenants: [\n    a,\n  ]\n", "config:\n  strata:tenants: [\n    a,\n    acme,\n  ]\n"),
        ("config:\n  strata:tenants: [a,\n    b]  # c\n", "config:\n  strata:tenants: [a,\n    b,\n    acme]  # c\n"),
        ("config:\r\n  strata:tenants:\r\n  - a\r\n", "config:\r\n  strata:tenants:\r\n  - a\r\n  - acme\r\n"),
        ("config: {strata:tenants: [a]}\n", "config: {strata:tenants: [a, acme]}\n"),
        ('config:\n  "strata:tenants":\n    - a', 'config:\n  "strata:tenants":\n    - a\n    - acme'),
    ],
)
def test_every_way_to_write_a_list_takes_a_tenant(tmp_path: Path, before: str, after: str) -> None:
    file = stack(tmp_path, before).added("acme")
    file.write()
    assert file.path.read_bytes().decode() == after


@pytest.mark.parametrize("tenant_id", ["no", "true", "null", "y", "123", "1e3", "0x1f", "2026-11-23", "1_000"])
def test_an_id_that_yaml_takes_for_something_else_is_quoted(tmp_path: Path, tenant_id: str) -> None:
    file = stack(tmp_path).added(tenant_id)
    assert changed(file) == [f'+    - "{tenant_id}"']
    assert tenants(file)[-1] == tenant_id
    assert tenants(file.offboarding(tenant_id, "drop"))[-1]["confirm"] == tenant_id


@pytest.mark.parametrize("home", ["project/.strata", "elsewhere"])
def test_a_named_file_is_found_in_the_project_and_the_stack_file_stays(
    tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the program finds it, which Pulumi runs in the project's folder; also for a copy of the stack file."""
    (tmp_path / home).mkdir(parents=True)
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    (project / "Pulumi.yaml").touch()
    (project / "tenants.yaml").write_text("# all of them\n- a\n")
    monkeypatch.chdir(project)
    file = stack(tmp_path / home, "config:\n  strata:tenants: {file: tenants.yaml}\n").added("b")
    assert (file.path, file.text) == (project / "tenants.yaml", "# all of them\n- a\n- b\n")


def test_a_json_file_stays_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = tmp_path / "tenants.json"
    listed.write_text('[\n  "a",\n  {"id": "b"}\n]\n')
    file = stack(tmp_path, "config:\n  strata:tenants: {file: tenants.json}\n")
    grown = file.added("c").offboarding("a", "drop").offboarding("b", "archive")
    assert json.loads(grown.text) == [
        {"id": "a", "state": "offboarding", "onRemove": "drop", "confirm": "a"},
        {"id": "b", "state": "offboarding", "onRemove": "archive"},
        "c",
    ]
    assert grown.text.splitlines()[-2] == '  "c"'
    assert json.loads(grown.removed("a").removed("b").text) == ["c"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda file: file.added("globex"), "the tenant has an entry already, active"),
        (lambda file: file.added("initech"), "the tenant has an entry already, offboarding"),
        (lambda file: file.added("Not Allowed"), "the id 'Not Allowed' is not a tenant id"),
        (lambda file: file.added("system"), "the id 'system' is reserved for rows that belong to no customer"),
        (lambda file: file.removed("nobody"), "the file names no such tenant"),
        (lambda file: file.offboarding("nobody", "archive"), "the file names no such tenant"),
        (
            lambda file: file.removed("globex"),
            "the tenant is active: its resource is protected, and pulumi preview would refuse",
        ),
    ],
)
def test_what_the_next_preview_would_refuse_is_refused(tmp_path: Path, change, what: str) -> None:
    with pytest.raises(TenantEntryError) as refused:
        change(stack(tmp_path))
    assert refused.value.what == what
    assert refused.value.where["file"] == tmp_path / "Pulumi.dev.yaml"


@pytest.mark.parametrize("comma", ["", ","])
def test_a_new_item_of_a_flow_list_leaves_the_comment_of_the_last(tmp_path: Path, comma: str) -> None:
    text = f"config:\n  strata:tenants: [\n    a, # is a, the first\n    b{comma} # is b, the last\n  ]\n"
    wanted = text.replace(f"b{comma} # is b, the last", f"b, # is b, the last\n    acme{comma}")
    assert stack(tmp_path, text).added("acme").text == wanted


def test_an_entry_whose_dash_is_lines_above_it_is_removed_with_it(tmp_path: Path) -> None:
    text = "config:\n  strata:tenants:\n    -  # - gone in March\n      id: a\n      state: offboarding\n    - b\n"
    assert stack(tmp_path, text).removed("a").text == "config:\n  strata:tenants:\n    - b\n"


@pytest.mark.parametrize("on_remove", ["archive", "drop"])
def test_a_folded_entry_is_not_marked(tmp_path: Path, on_remove: str) -> None:
    text = "config:\n  strata:tenants:\n    - >-\n      a\n    - b\n"
    with pytest.raises(StackFileError, match="this list cannot be changed here without changing more than the tenant"):
        stack(tmp_path, text).offboarding("a", on_remove)


def test_a_key_that_is_there_twice_is_said(tmp_path: Path) -> None:
    file = stack(tmp_path, "config:\n  strata:tenants: [a]\n  strata:tenants: [b]\n")
    with pytest.raises(StackFileError) as refused:
        file.added("c")
    assert refused.value.what.startswith('the file is not YAML: found duplicate key "strata:tenants"')


def test_a_full_stack_file_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the preview has it; a file of its own has no such limit."""
    assert MOST_INLINE_TENANTS == program.MOST_INLINE_TENANTS
    items = [f"t{number}" for number in range(MOST_INLINE_TENANTS - 1)]
    full = stack(tmp_path, f"config:\n  strata:tenants: [{', '.join(items)}]\n").added("last")
    with pytest.raises(TenantEntryError) as refused:
        full.added("acme")
    assert refused.value.what == "501 tenants are more than the 500 that fit in a stack file"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tenants.json").write_text(json.dumps([*items, "last"]))
    assert tenants(stack(tmp_path, "config:\n  strata:tenants: {file: tenants.json}\n").added("acme"))[-1] == "acme"


def test_the_command_that_is_advised_finds_the_same_file(tmp_path: Path) -> None:
    path = stack(tmp_path, WIDE.replace("[a]", "['-rf']")).path
    with pytest.raises(TenantEntryError) as refused:
        TenantFile.open(path, StackCommands(("--stack", "dev"), (), "pulumi up --stack dev")).removed("-rf")
    assert refused.value.next_command == (
        "strata tenant offboard --on-remove archive --stack dev -- -rf, then pulumi up --stack dev, then this again"
    )


WIDE = "config:\n  strata:partitions:\n    idPattern: '.+'\n  strata:tenants: [a]\n"
HOSTILE = [
    "Ä ß",
    "'; DROP TABLE x --",
    '"',
    "a: b",
    "- a",
    "# a",
    "{a}",
    "\u2028\x85\x07",
    "🎉",
    "a\\nb",
    "x\ny",
    " lead",
]


@pytest.mark.parametrize("tenant_id", HOSTILE)
def test_whatever_a_wide_pattern_allows_is_written_so_that_it_is_read_again(tmp_path: Path, tenant_id: str) -> None:
    text = WIDE.replace("'.+'", "(?s).+")
    block = stack(tmp_path, text.replace("[a]", "\n  - a")).added(tenant_id)
    assert tenants(block) == ["a", tenant_id]
    marked = block.offboarding(tenant_id, "drop")
    assert tenants(marked)[1] == {
        "id": tenant_id,
        "state": "offboarding",
        "onRemove": "drop",
        "confirm": tenant_id,
    }
    assert tenants(marked.removed(tenant_id)) == ["a"]
    assert tenants(stack(tmp_path, text).added(tenant_id)) == ["a", tenant_id]


def test_a_stacks_own_pattern_is_the_rule(tmp_path: Path) -> None:
    file = stack(tmp_path, WIDE.replace(".+", "[A-Z]+"))
    assert tenants(file.added("ACME")) == ["a", "ACME"]
    with pytest.raises(TenantEntryError) as refused:
        file.added("acme")
    assert refused.value.what == "the id 'acme' is not a tenant id"
    assert "idPattern [A-Z]+" in (refused.value.allowed or "")


@pytest.mark.parametrize(("here", "new"), [("café", "cafe\u0301"), ("acme", "acme ")])
def test_an_id_that_looks_like_another_is_refused(tmp_path: Path, here: str, new: str) -> None:
    with pytest.raises(TenantEntryError, match="the id looks like"):
        stack(tmp_path, WIDE.replace("[a]", f"[{here}]")).added(new)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "config:\n  strata:partitions: {idPattern: '['}\n",
            "strata:partitions.idPattern is not a regular expression:",
        ),
        ("config:\n  strata:tenants: acme\n", "strata:tenants is neither a list nor {file: <path>}"),
        ("config:\n  strata:tenants: {path: x}\n", "strata:tenants is neither a list nor {file: <path>}"),
        ("config:\n  strata:tenants: {file: [x]}\n", "strata:tenants is neither a list nor {file: <path>}"),
        ("config:\n  strata:tenants: {file: none.yaml}\n", "the file cannot be read: No such file or directory"),
        ("config: {}\n", "the stack file has no config"),
        ("", "the stack file has no config"),
        ("- a\n", "the stack file has no config"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(StackFileError) as refused:
        stack(tmp_path, text)
    assert refused.value.what.startswith(what)


def test_what_is_not_yaml_is_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="the file is not YAML: .* line 3"):
        stack(tmp_path, "config:\n  a: [\n")


def test_writing_keeps_the_mode_and_what_a_link_leads_to(tmp_path: Path) -> None:
    file = stack(tmp_path)
    file.path.chmod(0o640)
    link = tmp_path / "Pulumi.link.yaml"
    link.symlink_to(file.path)
    TenantFile.open(link).added("acme").write()
    assert link.is_symlink()
    assert "- acme" in file.path.read_text()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Pulumi.dev.yaml", "Pulumi.link.yaml"]


def test_another_change_is_not_undone(tmp_path: Path) -> None:
    mine = stack(tmp_path).added("acme")
    TenantFile.open(mine.path).added("hooli-2").write()
    with pytest.raises(StackFileError, match="the file has changed since it was read; nothing was written"):
        mine.write()
    assert [one.tenant_id for one in TenantFile.open(mine.path).entries][-1] == "hooli-2"


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    file = stack(tmp_path).added("acme")
    file.path.unlink()
    tmp_path.rmdir()
    with pytest.raises(StackFileError, match="the file cannot be written: No such file or directory"):
        file.write()


@pytest.mark.parametrize(
    ("stack_name", "file", "variables", "found"),
    [
        (None, Path("x.yaml"), {"PULUMI_STACK": "local"}, "x.yaml"),
        ("dev", None, {}, "Pulumi.dev.yaml"),
        (None, None, {"PULUMI_STACK": "local"}, "Pulumi.local.yaml"),
        (None, None, {"PULUMI_STACK": "local", "PULUMI_OPTION_CONFIG_FILE": "/h/own.yaml"}, "/h/own.yaml"),
        ("local", None, {"PULUMI_STACK": "local", "PULUMI_OPTION_CONFIG_FILE": "/h/own.yaml"}, "/h/own.yaml"),
        ("dev", None, {"PULUMI_STACK": "local", "PULUMI_OPTION_CONFIG_FILE": "/h/own.yaml"}, "Pulumi.dev.yaml"),
    ],
)
def test_the_stack_that_is_meant(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stack_name: str | None,
    file: Path | None,
    variables: dict[str, str],
    found: str,
) -> None:
    """A copy of its own, as `STRATA_HOME` makes it, stands for the stack that the environment is about only."""
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    expected = Path(found) if file or found.startswith("/") else tmp_path / found
    assert find_stack_file(stack_name, file, variables) == expected


def test_no_stack_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StackFileError, match="no stack is named: PULUMI_STACK is not set"):
        find_stack_file(None, None, {})


IDS = st.lists(st.from_regex(r"[a-z0-9]([_-]?[a-z0-9]){0,8}", fullmatch=True), unique=True, max_size=6).map(
    lambda ids: [one for one in ids if one != "system"]
)
COMMENTS = st.sampled_from(["", "  # note", " # - [x]: 'y'"])
QUOTES = st.sampled_from(["{}", "'{}'"])


@st.composite
def stack_texts(draw: st.DrawFn) -> str:
    """A stack file as people write them: every style of list and entry, comments and blank lines in between."""
    lines = ["# a stack", "config:", "  a: 'b'   # c"]
    style = draw(st.sampled_from(["block", "indentless", "flow"]))
    ids = draw(IDS)
    entries = [_entry_text(draw, one, style) for one in ids]
    if style == "flow" or not entries:
        lines.append(f"  strata:tenants: [{', '.join(' '.join(one) for one in entries)}]{draw(COMMENTS)}")
    else:
        dash = "    - " if style == "block" else "  - "
        lines.append(f"  strata:tenants:{draw(COMMENTS)}")
        for first, *rest in entries:
            lines += [f"{dash}{first}", *(f"{' ' * len(dash)}{one}" for one in rest)]
            lines += draw(st.sampled_from([[], [""], ["      # of the one above"], ["# at the margin"]]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join([*lines, "  z:", "    - {y: [1,   2]}", *draw(st.sampled_from([[], [""]]))])


def _entry_text(draw: st.DrawFn, tenant_id: str, style: str) -> list[str]:
    written = f"'{tenant_id}'"
    state = draw(st.sampled_from(["active", "offboarding"]))
    if draw(st.booleans()):
        return [written + (draw(COMMENTS) if style != "flow" else "")]
    if style == "flow" or draw(st.booleans()):
        return [f"{{id: {written},  state: {state}}}"]
    return [f"id: {written}{draw(COMMENTS)}", f"state: {state}"]


@settings(max_examples=150, deadline=None)
@given(stack_texts(), st.data())
def test_any_file_is_changed_as_its_data_are(tmp_path_factory: pytest.TempPathFactory, text: str, data) -> None:
    """The oracle changes the data; every line that it does not concern stays as it is, to the byte."""
    file = stack(tmp_path_factory.mktemp("stack"), text)
    wanted = tenants(file)
    for _ in range(3):
        entries = file.entries
        chosen = data.draw(st.sampled_from(["add", "offboard", "remove"])) if entries else "add"
        if chosen == "add":
            new = data.draw(st.sampled_from(["new-1", "new-2", "no"]))
            if any(one.tenant_id == new for one in entries):
                continue
            file, wanted = file.added(new), [*wanted, new]
            continue
        place = data.draw(st.integers(0, len(entries) - 1))
        tenant_id = entries[place].tenant_id
        if chosen == "offboard":
            file = file.offboarding(tenant_id, "drop")
            entry = wanted[place] if isinstance(wanted[place], dict) else {"id": tenant_id}
            wanted[place] = {**entry, "state": "offboarding", "onRemove": "drop", "confirm": tenant_id}
        elif entries[place].state == "offboarding":
            file = file.removed(tenant_id)
            del wanted[place]
    assert tenants(file) == wanted
    rest = yaml.safe_load(file.text)
    assert {**rest["config"], "strata:tenants": None} == {"a": "b", "strata:tenants": None, "z": [{"y": [1, 2]}]}
    assert file.text.startswith(text[: text.index("  strata:tenants")])
    assert file.text.endswith(text[text.index("  z:") :])
