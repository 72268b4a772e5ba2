"""Alarms and runbooks are held together: who is paged finds a page, and no page speaks of an alarm that is not."""

from __future__ import annotations

import re

import pytest

from infra.components.alarms import EVENT_CATEGORIES, EVENTS_RUNBOOK
from infra.config import AlarmsConfig, load
from local.alarms_reference import rows
from local.paths import CHECKOUT

RUNBOOKS = CHECKOUT / "docs" / "runbooks"
SECTIONS = ["What it means", "Look first", "Do", "When it is over"]
#: A burstable instance and a floor for each class: every row of the table.
STACK = load(
    "dev",
    {
        "aws:region": "eu-central-1",
        "strata:api": {"originDomain": "api.example.com"},
        "strata:alarms": {"hitRatioFloor": {"staticData": 80, "userData": 40, "realtime": 10}},
    },
    "Pulumi.dev.yaml",
)
ALARMS = rows(STACK)
FILES = sorted({alarm.runbook for alarm in ALARMS.values()})


def named_alarms(file: str) -> set[str]:
    """Return the alarms that a runbook's second line names."""
    (line,) = re.findall(r"^Alarms: (.*)$", (RUNBOOKS / file).read_text(), re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", line))


@pytest.mark.parametrize("file", FILES)
def test_a_runbook_names_exactly_the_alarms_that_lead_to_it(file: str) -> None:
    assert named_alarms(file) == {name for name, alarm in ALARMS.items() if alarm.runbook == file}


@pytest.mark.parametrize("file", [*FILES, EVENTS_RUNBOOK])
def test_a_runbook_has_its_four_sections_and_something_in_each(file: str) -> None:
    text = (RUNBOOKS / file).read_text()
    found = dict(section.split("\n", maxsplit=1) for section in text.split("\n## ")[1:])
    assert [title for title in found if title in SECTIONS] == SECTIONS
    assert all(len(found[title]) > 40 for title in SECTIONS)


def test_every_page_that_names_alarms_is_one_that_an_alarm_leads_to() -> None:
    pages = {page.name for page in RUNBOOKS.glob("*.md") if "\nAlarms: " in page.read_text()}
    assert pages == {*FILES, EVENTS_RUNBOOK}


def test_the_page_of_events_names_the_categories_that_are_asked_for() -> None:
    text = (RUNBOOKS / EVENTS_RUNBOOK).read_text()
    assert all(f"`{category}`" in text for category in EVENT_CATEGORIES)


def test_every_floor_of_the_config_can_become_an_alarm() -> None:
    floors = AlarmsConfig().hit_ratio_floor.model_fields_set | set(type(AlarmsConfig().hit_ratio_floor).model_fields)
    assert {f"hit-ratio-{floor.replace('_', '-')}" for floor in floors} == {
        name for name in ALARMS if name.startswith("hit-ratio")
    }


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.name)
def test_links_of_runbooks_lead_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
