"""``python -m strata.cli`` is ``strata``."""

from strata.cli.main import main

main()
