"""How texts are encoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlops_cli.tables.formats.lines import BLOCK, open_text, read_some


def encoding_of(paths: Sequence[Path]) -> str:
    """`ascii` where every byte is below 128, else `utf-8`; the files have been read before, so that they are UTF-8."""
    for path in paths:
        with open_text(path) as stream:
            while data := read_some(path, stream, BLOCK):
                if not data.isascii():
                    return "utf-8"
    return "ascii"
