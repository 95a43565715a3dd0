"""Where the user's code stands in git; asked once in the life of a process."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

from mlops_cli.store.records import GitState

PATIENCE = 10  # seconds


@cache
def git_state(folder: Path) -> GitState | None:
    """The commit checked out around `folder` and whether tracked files differ from it; None without git or a commit."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    # No lock on the user's index, and no say for variables that a git hook sets for its own repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        answer = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.decode("utf-8", "replace").splitlines()
    commits = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    if answer.returncode or not commits or commits[0] == "(initial)":
        return None
    return GitState(commits[0], any(not line.startswith("#") for line in lines))
