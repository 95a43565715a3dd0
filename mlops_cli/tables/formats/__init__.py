"""The formats of tabular files, by name. A new one: a module like its neighbours, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_cli.tables.formats import arrow, csv, jsonl, parquet
from mlops_cli.tables.formats.base import Format

FORMATS: Mapping[str, Format] = {
    "csv": csv,
    "parquet": parquet,
    "jsonl": jsonl,
    "arrow": arrow,
}
