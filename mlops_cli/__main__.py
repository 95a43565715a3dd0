"""`python -m mlops_cli`, and the `mlops` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; ends the process with the documented exit code."""
    from mlops_cli.cli.boundary import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
