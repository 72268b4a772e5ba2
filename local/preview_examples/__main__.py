"""Preview every branch in a checkout of its own, and keep what the engine said and what the report is.

``python -m local.preview_examples`` takes about two minutes; with ``--from-streams`` it makes only the pages anew, of
what the engine said the last time, in seconds.
"""

from __future__ import annotations

import sys

from local.paths import CHECKOUT
from local.preview_examples.branches import BRANCHES, PREPARE
from local.preview_examples.checkout import borrowed_checkout
from local.preview_examples.pages import page

PAGES = CHECKOUT / "docs" / "examples"
STREAMS = CHECKOUT / "tests" / "strata" / "preview_report" / "streams"


def main(*, from_streams: bool) -> None:
    """Write the pages of all branches, and unless they are made from them, the streams."""
    with borrowed_checkout() as checkout:
        checkout.start_from(PREPARE)
        if not from_streams:
            checkout.up()
        for branch in BRANCHES:
            stream = STREAMS / f"{branch.name}.jsonl"
            if from_streams:
                report = checkout.report_on(branch, stream.read_text(encoding="utf-8"))
            else:
                preview = checkout.preview(branch)
                stream.write_text(preview.events, encoding="utf-8")
                report = preview.report
            (PAGES / f"preview-{branch.name}.md").write_text(page(branch, report), encoding="utf-8")
            sys.stdout.write(f"{branch.name}\n")


if __name__ == "__main__":
    main(from_streams=sys.argv[1:] == ["--from-streams"])
