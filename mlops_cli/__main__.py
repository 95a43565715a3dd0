"""`python -m mlops_cli`, and the `mlops` command."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; ends the process with the documented exit code."""
    from mlops_cli.cli.boundary import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    # `-m` puts the current folder first; a file of the user's named like a standard module must not be taken for it.
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]  # noqa: PTH109 - before any import
    main()
