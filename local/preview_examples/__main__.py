"""Preview every branch in a checkout of its own, and keep what the engine said and what the report is.

``python -m local.preview_examples [NAME ...]``; it takes about two minutes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from local.paths import CHECKOUT
from local.preview_examples.branches import BRANCHES, PREPARE
from local.preview_examples.checkout import borrowed_checkout
from local.preview_examples.pages import page

if TYPE_CHECKING:
    from local.preview_examples.branches import Branch
    from local.preview_examples.checkout import Checkout

PAGES = CHECKOUT / "docs" / "examples"
STREAMS = CHECKOUT / "tests" / "strata" / "preview_report" / "streams"


def main(names: list[str]) -> None:
    """Write the pages of these branches, or of all, with the streams that they are made from."""
    with borrowed_checkout() as checkout:
        checkout.deploy(PREPARE)
        for branch in BRANCHES:
            if not names or branch.name in names:
                _write(branch, checkout)


def _write(branch: Branch, checkout: Checkout) -> None:
    preview = checkout.preview(branch)
    (STREAMS / f"{branch.name}.jsonl").write_text(preview.events, encoding="utf-8")
    (PAGES / f"preview-{branch.name}.md").write_text(page(branch, preview.report), encoding="utf-8")
    sys.stdout.write(f"{branch.name}: the engine ended with {preview.exit_code}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
