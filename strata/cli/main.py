"""The command's nouns, and what its exit codes mean: 0 done, 1 refused or failed, 2 usage."""

from __future__ import annotations

import sys

import typer

from strata.errors import StrataError

app = typer.Typer(
    name="strata",
    help="Operate a Strata stack between deploys.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app()
    except StrataError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - what the command tells its user
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)  # noqa: T201 - what the command tells its user
        sys.exit(130)


if __name__ == "__main__":
    main()
