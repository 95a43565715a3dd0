"""`python -m mlops_cli`, and the `mlops` command."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

# Most commands live for a tenth of a second: looking for garbage meanwhile, and tidying up at the end, would be a
# good part of it. Long runs keep their memory in other processes.
GARBAGE_THRESHOLD = 50_000
INTERRUPTED = 130


def main() -> None:
    """Run the command line; ends the process with the documented exit code."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        from mlops_cli.cli.boundary import run
    except KeyboardInterrupt:  # before there was anything that could be told
        os._exit(INTERRUPTED)
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):  # nobody reads on
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    # `-m` puts the current folder first; a file of the user's named like a standard module must not be taken for it.
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]  # noqa: PTH109 - before any import
    main()
