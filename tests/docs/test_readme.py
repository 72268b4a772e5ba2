"""What the README and the other documents name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """Relative links only; anchors are headings."""
    document = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_make_targets_exist() -> None:
    """Every `make X` that the README tells is a target."""
    targets = set(re.findall(r"^([a-z]+): ;", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(
        re.findall(
            r"(?m)(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
        )
    )
    assert told <= targets


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_paths_in_backticks_exist(name: str) -> None:
    """A folder or file that a document names in backticks is in the project."""
    text = (ROOT / name).read_text()
    paths = re.findall(r"`((?:infra|strata|local|tests|docs|sql_templates|edge_functions|benchmarks)/[^`*<]*)`", text)
    assert paths
    for path in paths:
        assert (ROOT / path).exists() or (ROOT / f"{path}.md").exists(), path
