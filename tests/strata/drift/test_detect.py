"""What a check makes of an engine that does not do as it is told: stands for the engine, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from strata.drift.detect import detect, refresh_words
from strata.drift.scope import DEPLOYERS_OWN, INSIDE_DATABASE, SECRET_VALUES, left_out, sorted_out
from strata.engine_contract import EngineMissingError
from strata.environments.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = (Path(__file__).parent / "refresh.jsonl").read_text(encoding="utf-8").splitlines()
EVENTS = [json.loads(line) for line in LINES]
RECORDED = [
    {"urn": one["resOutputsEvent"]["metadata"]["urn"], "type": one["resOutputsEvent"]["metadata"]["type"]}
    for one in EVENTS
    if "resOutputsEvent" in one
]
PROVIDER = {"urn": "urn:pulumi:dev::strata::pulumi:providers:aws::on-aws", "type": "pulumi:providers:aws"}
SECRETS = next(one["urn"] for one in RECORDED if one["type"].endswith("EdgeSecrets"))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Engine]:
    """Return a function that puts a `pulumi` on PATH which answers so."""

    def make(lines: list[str], code: int = 0, words: str = "", recorded: Any = (*RECORDED, PROVIDER)) -> Engine:
        (tmp_path / "export").write_text(json.dumps({"deployment": {"resources": list(recorded)}}))
        (tmp_path / "events").write_text("\n".join(lines))
        program = tmp_path / "pulumi"
        program.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = stack ]; then exec cat {tmp_path}/export; fi\n'
            f'printf "%s\\n" "$@" > {tmp_path}/words\nenv > {tmp_path}/variables\n'
            f"cat {tmp_path}/events; echo '{words}' >&2; exit {code}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return Engine(tmp_path, "dev", "again")

    return make


def without(urn: str) -> list[str]:
    return [line for line, one in zip(LINES, EVENTS, strict=True) if urn not in json.dumps(one)]


def test_it_tells_what_differs_and_what_was_left_out(engine: Callable[..., Engine]) -> None:
    finding = detect(engine(without(SECRETS)), with_database=True)
    assert {one.name for one in finding.drifted} == {"archive-policy", "access-logs-public-access", "tenant-globex"}
    assert {one.reason for one in finding.left_out} == {DEPLOYERS_OWN.reason, SECRET_VALUES.reason}
    assert finding.is_complete
    assert not finding.is_clean


def test_a_resource_that_the_engine_passed_over_is_no_clean_check(engine: Callable[..., Engine]) -> None:
    (alias, *_) = [one["urn"] for one in RECORDED if "kms/alias" in one["type"]]
    finding = detect(engine(without(alias)), with_database=True)
    assert finding.unchecked == (alias,)
    assert not finding.is_complete


def test_a_failure_without_a_word_is_an_error(engine: Callable[..., Engine]) -> None:
    finding = detect(engine(LINES, code=255, words="out of memory"), with_database=True)
    assert finding.errors == ("the engine ended with 255 before it was done: out of memory",)
    assert not finding.is_clean


def test_a_stream_that_broke_off_is_an_error(engine: Callable[..., Engine]) -> None:
    finding = detect(engine(LINES[:-2]), with_database=True)
    assert finding.errors == ("the engine ended with 0 before it was done: no reason given",)


def test_no_engine_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissingError):
        detect(Engine(tmp_path, "dev", "again"), with_database=False)


def test_nothing_is_changed_and_the_local_stack_is_not_meant(
    engine: Callable[..., Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "local")
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", "/elsewhere/Pulumi.local.yaml")
    detect(engine(LINES), with_database=False)
    words = (tmp_path / "words").read_text().split()
    assert words[:2] == ["refresh", "--preview-only"]
    assert words[-2:] == ["--stack", "dev"]
    assert "PULUMI_STACK" not in (tmp_path / "variables").read_text()
    assert "PULUMI_OPTION_CONFIG_FILE" not in (tmp_path / "variables").read_text()
    assert "STRATA_DATABASE_READER=strata_readonly" in (tmp_path / "variables").read_text()
    assert "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true" in (tmp_path / "variables").read_text()


def test_what_is_left_out_by_type_is_what_the_engine_gets() -> None:
    assert refresh_words([SECRET_VALUES])[-2:] == [
        "--exclude",
        "urn:pulumi:*::*::**pulumi-python:dynamic/strata:EdgeSecrets::**",
    ]
    assert "urn:pulumi:*::*::**postgresql:**" in refresh_words([INSIDE_DATABASE])


@pytest.mark.parametrize(
    ("with_database", "checked"),
    [(False, {"a"}), (True, {"a", "c", "f"})],
)
def test_a_type_is_left_out_whole_and_no_other(with_database: bool, checked: set[str]) -> None:
    types = {
        "a": "aws:s3/bucket:Bucket",
        "b": "postgresql:index/grant:Grant",
        "c": "pulumi-python:dynamic/strata:TenantPartitions",
        "e": "pulumi-python:dynamic/strata:DatabaseLogins",
        "d": "pulumi-python:dynamic/strata:EdgeSecrets",
        "f": "pulumi-python:dynamic/strata:SchemaMigrations",
    }
    wanted, out = sorted_out(types, left_out(with_database=with_database))
    assert wanted == checked
    assert {urn for urns in out.values() for urn in urns} == types.keys() - checked
