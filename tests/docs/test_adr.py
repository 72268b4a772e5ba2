"""The decisions are numbered without a gap, and their list names each of them by its title."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"


def test_decisions_are_numbered_and_listed() -> None:
    """A reader finds each decision in the list, in order, under the title that it has."""
    files = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = [path.read_text().splitlines()[0] for path in files]
    assert [(f"# {number}: {title}", name) for number, name, title in listed] == [
        (title, path.name) for title, path in zip(titles, files, strict=True)
    ]
