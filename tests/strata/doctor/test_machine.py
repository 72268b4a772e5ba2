import json
import sys
from importlib.metadata import version

import pytest

from strata.doctor import machine
from tests.strata.tunnel.fake_plugin import install

SDK = version("pulumi")
PLUGINS = [{"name": name, "version": version(f"pulumi-{name}")} for name in ("aws", "postgresql")]


def test_python(subject, monkeypatch):
    assert machine.python(subject()).status == "ok"
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    found = machine.python(subject())
    assert (found.status, found.detail) == ("failed", "Python 3.10.4")
    assert found.remedy == "install Python 3.11 or newer, and make the virtual environment again"


@pytest.mark.parametrize("said", [f"v{SDK}", SDK, "v3.9999.0"])
def test_an_engine_that_fits(subject, programs, said):
    programs.add("pulumi", version=said)
    assert machine.engine(subject()).status == "ok"


@pytest.mark.parametrize("said", ["v3.1.0", "v4.0.0", "v2.99.0"])
def test_an_engine_that_does_not(subject, programs, said):
    programs.add("pulumi", version=said)
    found = machine.engine(subject())
    assert (found.status, found.remedy) == ("failed", f"install pulumi {SDK}")


def test_no_engine(subject, programs):
    found = machine.engine(subject())
    assert (found.status, found.detail) == ("failed", "pulumi is not on PATH")
    assert found.remedy.startswith("source .strata/env, or install it: ")


def test_plugins_from_path(subject, programs):
    for name in ("aws", "postgresql"):
        programs.add(f"pulumi-resource-{name}")
    assert machine.plugins(subject()) == machine.ok("aws, postgresql, both from PATH")


def test_plugins_of_the_engine(subject, programs):
    programs.add("pulumi", plugin=json.dumps(PLUGINS))
    assert machine.plugins(subject()).status == "ok"


def test_a_missing_plugin_is_downloaded_or_asked_for(subject, programs, monkeypatch):
    programs.add("pulumi", plugin=json.dumps(PLUGINS[:1]))
    monkeypatch.delenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", raising=False)
    found = machine.plugins(subject())
    assert found.status == "skipped"
    assert found.detail.endswith("; the next preview downloads them")
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    found = machine.plugins(subject())
    assert (found.status, found.remedy) == (
        "failed",
        f"pulumi plugin install resource postgresql {PLUGINS[1]['version']}",
    )


def test_plugins_need_the_engine(subject, programs):
    assert machine.plugins(subject()) == machine.skipped("needs pulumi")


def test_git(subject, programs):
    assert machine.git(subject()).remedy == "install git"
    programs.add("git", **{"--version": "git version 2.39.5"})
    assert machine.git(subject()) == machine.ok("git version 2.39.5")


def test_the_plugin_of_tunnels_is_looked_for_where_there_is_one(subject, programs, write_stack):
    assert machine.session_manager_plugin(subject()).status == "skipped"
    write_stack({"strata:database": {"reach": "tunnel"}})
    found = machine.session_manager_plugin(subject())
    assert (found.status, found.detail) == ("failed", "session-manager-plugin is not on PATH")
    assert found.remedy.startswith("install it: https://docs.aws.amazon.com/")
    install(programs.folder, "", version="1.2.497.0")
    assert machine.session_manager_plugin(subject()).remedy.startswith("install a newer one")
    install(programs.folder, "")
    assert machine.session_manager_plugin(subject()) == machine.ok("session-manager-plugin 1.2.707.0")
    assert machine.session_manager_plugin(subject(stack=None)).status == "skipped"
