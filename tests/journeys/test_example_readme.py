"""The README's tour is run as it stands: each command ends as promised and prints what the page shows.

Numbers, times and identities may differ. With MLOPS_UPDATE_README=1 the page gets what the commands print now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conftest import REPOSITORY

README = REPOSITORY / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMISE = re.compile(r"\s+# exit (\d+)$")
MASKS = (
    (re.compile(r"\brun:?\s?[a-z2-9]{8}\b"), "run ID"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "ID"),
    (re.compile(r"\b(?:numpy|pandas|scikit-learn|skops|scipy|pyarrow|duckdb)\b.*"), "LIBRARIES"),
    (re.compile(r"-?\d+(?:[.,:]\d+)*(?:e-?\d+)?"), "N"),
    (re.compile(r"\b(?:ms|s|min)\b"), "TIME"),
    (re.compile(r"\w+@\w+$"), "WHO"),
    (re.compile(r"\s+"), " "),
)


@dataclass
class Shown:
    """A command of the page, with what the page says that it prints."""

    line: str
    output: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        found = PROMISE.search(self.line)
        return int(found.group(1)) if found else 0


def shown_in(block: str) -> list[Shown]:
    found: list[Shown] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Shown(line[2:]))
        else:
            found[-1].output.append(line)
    return found


def masked(lines: list[str]) -> list[str]:
    """Lines without what may differ from machine to machine."""
    result = []
    for line in lines:
        text = line
        for pattern, word in MASKS:
            text = pattern.sub(word, text)
        result.append(text.strip())
    return result


def execute(line: str, folder: Path) -> tuple[int, list[str]]:
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": search}
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [text.rstrip() for text in done.stdout.splitlines()]


def test_readme_tour(tmp_path: Path) -> None:
    folder = tmp_path
    update = bool(os.environ.get("MLOPS_UPDATE_README"))
    parts = BLOCK.split(README.read_text("utf-8"))  # text, block, text, block, ..., text
    for number in range(1, len(parts), 2):
        lines = []
        for shown in shown_in(parts[number]):
            code, output = execute(PROMISE.sub("", shown.line), folder)
            assert code == shown.code, f"$ {shown.line}\n" + "\n".join(output)
            if shown.line.startswith("cd "):
                folder = folder / shown.line.removeprefix("cd ")
            assert update or masked(output) == masked(shown.output), f"$ {shown.line}"
            lines += [f"$ {shown.line}", *output]
        parts[number] = "```console\n" + "\n".join(lines) + "\n```"
    if update:
        README.write_text("".join(parts), "utf-8")
