"""What a rollout makes of an engine's events, its exit code and its complaints; the real engine is in tests/engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from strata.engine_contract import TENANT_TYPE, EngineMissingError
from strata.rollout import (
    BULK,
    NotOnlyTenantsError,
    Rollout,
    RolloutFailedError,
    RolloutIncompleteError,
    RolloutKilledError,
    StackLockedError,
    roll_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Engine = Callable[..., Rollout]

#: Keeps how it was called, prints the events of a file, one run after another, and ends as it is told.
FAKE = f"""#!{sys.executable}
import json, os, pathlib, signal, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    json.dump([sys.argv[1:], {{name: os.environ.get(name) for name in {[*BULK, "PULUMI_OPTION_CONFIG_FILE"]}}}], calls)
    print(file=calls)
number = len((here / "calls").read_text().splitlines())
run = json.loads((here / f"run{{number}}").read_text())
print(run["out"], end="", flush=True)
sys.stderr.write(run["err"])
if run["code"] < 0:
    os.kill(os.getpid(), -run["code"])
sys.exit(run["code"])
"""
LOCKED = "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Return a function that makes an engine whose runs print these events, and the variables it is given."""

    def make(*runs: dict[str, object], **variables: str) -> Rollout:
        program = tmp_path / "pulumi"
        program.write_text(FAKE)
        program.chmod(0o755)
        for number, run in enumerate(runs, 1):
            events = run.get("events", [])
            out = run.get("out", "".join(json.dumps(event) + "\n" for event in events))
            described = {"out": out, "err": run.get("err", ""), "code": run.get("code", 0)}
            (tmp_path / f"run{number}").write_text(json.dumps(described))
        return Rollout.of("dev", tmp_path, {"PATH": f"{tmp_path}:{os.environ['PATH']}", **variables})

    return make


def _tenant(tenant_id: str, op: str = "create") -> dict[str, object]:
    metadata = {
        "op": op,
        "type": TENANT_TYPE,
        "urn": f"urn:pulumi:dev::strata::{TENANT_TYPE}::tenant-{tenant_id}",
        "new": {"inputs": {"tenant_id": tenant_id}},
    }
    return {"sequence": 1, "resourcePreEvent": {"metadata": metadata}}


def _made(tenant_id: str) -> dict[str, object]:
    return {"resOutputsEvent": _tenant(tenant_id)["resourcePreEvent"]}


def _other(op: str, name: str) -> dict[str, object]:
    metadata = {
        "op": op,
        "type": "aws:s3/bucket:Bucket",
        "urn": f"urn:pulumi:dev::strata::aws:s3/bucket:Bucket::{name}",
    }
    return {"resourcePreEvent": {"metadata": metadata}}


def _calls(rollout: Rollout) -> list[list]:
    return [json.loads(line) for line in (rollout.folder / "calls").read_text().splitlines()]


def test_new_tenants_are_planned_and_made_in_bulk(engine: Engine) -> None:
    new = [_other("same", "archive"), _tenant("globex"), _tenant("acme"), {"summaryEvent": {}}]
    made = [_other("same", "archive"), _made("acme"), {"diagnosticEvent": {"severity": "warning"}}, _made("globex")]
    rollout = engine({"events": new}, {"events": made}, {"events": [_tenant("acme", "same")]})
    reported: list[int] = []

    plan = rollout.plan()
    done = roll_out(rollout, plan, reported.append)

    assert plan.tenant_ids == ("acme", "globex")
    assert (done.tenants, reported) == (2, [1, 2])
    assert done.tenants_per_second > 0
    looked, deployed, looked_again = _calls(rollout)
    common = ["--stack", "dev", "--non-interactive", "--json"]
    assert looked[0] == looked_again[0] == ["preview", *common]
    assert deployed[0] == ["up", "--yes", "--skip-preview", *common]
    assert [{name: call[1][name] for name in BULK} for call in (looked, deployed)] == [dict.fromkeys(BULK), dict(BULK)]


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (_other("create", "archive"), "1 to create (archive)"),
        (_other("delete", "archive"), "1 to delete (archive)"),
        (_tenant("globex", "update"), "1 to update (tenant-globex)"),
        (_tenant("globex", "delete"), "1 to delete (tenant-globex)"),
        (_tenant("globex", "replace"), "1 to replace (tenant-globex)"),
    ],
)
def test_any_other_change_is_refused(engine: Engine, event: dict, counted: str) -> None:
    with pytest.raises(NotOnlyTenantsError) as refusal:
        engine({"events": [_tenant("acme"), event]}).plan()
    assert str(refusal.value) == (
        f"the change is more than new tenants: {counted} (stack dev); allowed: new tenants only; nothing was changed;"
        " next: take the new tenants out, pulumi up, put them back, and run this again"
    )


def test_many_other_changes_are_counted_and_some_named(engine: Engine) -> None:
    events = [_other("create", f"bucket-{number}") for number in range(7)]
    with pytest.raises(NotOnlyTenantsError, match=r"7 to create \(bucket-0, .*bucket-4, \.\.\.\)"):
        engine({"events": events}).plan()


def test_nothing_new_deploys_nothing(engine: Engine) -> None:
    rollout = engine({"events": []}, {"events": []})
    assert roll_out(rollout, rollout.plan(), lambda _: None).tenants == 0
    assert [words[0] for words, _ in _calls(rollout)] == ["preview", "preview"]


@pytest.mark.parametrize(
    "said", [LOCKED, "error: [409] Conflict: Another update is currently in progress. To learn more about possible"]
)
def test_a_lock_says_the_way_on(engine: Engine, said: str) -> None:
    with pytest.raises(StackLockedError) as refusal:
        engine({"code": 255, "err": said}).deploy(lambda _: None)
    assert str(refusal.value).endswith(
        "next: wait for that update; if it was killed: pulumi cancel --stack dev, then this again"
    )


def test_what_the_engine_complains_of_is_told(engine: Engine) -> None:
    complaint = {"diagnosticEvent": {"severity": "error", "message": "tenant acme:\n  a difference\n"}}
    with pytest.raises(RolloutFailedError) as refusal:
        engine({"events": [_made("globex"), complaint], "code": 1}).deploy(lambda _: None)
    assert str(refusal.value) == (
        "the update, after 1 tenants, failed: tenant acme: a difference (stack dev); next: settle what it says, then"
        " run this again: tenants that are there are found and kept"
    )
    with pytest.raises(RolloutFailedError, match="the preview failed: no such stack"):
        engine({"code": 255, "err": "no such stack\n"}, {"code": 255, "err": "no such stack\n"}).changes()


def test_a_killed_engine_says_how_to_go_on_though_it_was_cut_off_in_a_word(engine: Engine) -> None:
    out = json.dumps(_made("globex")) + "\n" + json.dumps(_made("acme"))[:30]
    with pytest.raises(RolloutKilledError) as killed:
        engine({"out": out, "code": -signal.SIGKILL}).deploy(lambda _: None)
    assert str(killed.value) == (
        "the engine was ended by SIGKILL after 1 tenants (stack dev); next: pulumi cancel --stack dev, since its lock"
        " is left; then run this again: tenants that are there are found and kept"
    )


def test_what_is_left_after_the_run_is_an_error(engine: Engine) -> None:
    rollout = engine(
        {"events": [_tenant("acme")]}, {"events": []}, {"events": [_tenant("acme"), _other("update", "x")]}
    )
    with pytest.raises(RolloutIncompleteError, match="2 changes are left after the run .*pulumi preview --diff"):
        roll_out(rollout, rollout.plan(), lambda _: None)


def test_a_copy_of_a_stack_file_is_of_its_own_stack_only(engine: Engine) -> None:
    for stack, seen in (("local", None), ("dev", "/home/of/dev.yaml")):
        rollout = engine(
            {"events": []}, {"events": []}, PULUMI_STACK=stack, PULUMI_OPTION_CONFIG_FILE="/home/of/dev.yaml"
        )
        rollout.plan()
        assert _calls(rollout)[-1][1]["PULUMI_OPTION_CONFIG_FILE"] == seen


def test_without_an_engine_the_way_to_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineMissingError, match="no pulumi is on the PATH; next: source"):
        Rollout.of("dev", tmp_path, {"PATH": str(tmp_path)})


def test_a_sigterm_lets_the_engine_end_by_itself(tmp_path: Path) -> None:
    """A supervisor's SIGTERM reaches the command only; the engine is interrupted, and its last words are heard."""
    program = tmp_path / "pulumi"
    program.write_text(f"""#!{sys.executable}
import pathlib, signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit("interrupted"))
pathlib.Path("begun").touch()
signal.pause()
""")
    program.chmod(0o755)
    code = (
        "import os; from pathlib import Path; from strata.rollout import *\n"
        "try: Rollout.of('dev', Path.cwd(), os.environ).deploy(print)\n"
        "except RolloutFailedError as error: print(error)"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as command:
        deadline = time.monotonic() + 20
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        command.send_signal(signal.SIGTERM)
        said, _ = command.communicate(timeout=20)
    assert "failed: interrupted (stack dev); next: settle" in said
