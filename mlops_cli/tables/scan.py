"""Databases in memory for queries, by DuckDB: streaming, larger than memory, reading nothing but the named files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mlops_cli.base.errors import StageFailed
from mlops_cli.tables.formats.base import first_sentence, quoted


def out_of_memory() -> StageFailed:
    """The fault of a query that does not fit."""
    return StageFailed("the query needs more memory than it may use", "raise 'resources: {memory: ...}' of the stage")


@contextmanager
def connect(
    files: Mapping[str, Path], threads: int = 1, memory: int | None = None, temporary: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that can read `files` and nothing else: no other file, no network, no extension.

    `memory` is a limit in bytes; what does not fit is spilled into `temporary`.
    """
    with tempfile.TemporaryDirectory(prefix="mlops-sql-", dir=temporary) as spill:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,  # a name in a query is no variable of ours
            "temp_directory": spill,
        }
        if memory is not None:
            config["memory_limit"] = f"{max(memory, 64 << 20) // 1000}KB"
        connection = duckdb.connect(":memory:", config=config)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            allowed = ", ".join(quoted(os.fspath(path)) for path in files.values())
            connection.execute(f"SET allowed_paths = [{allowed}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield connection
        except RuntimeError as error:
            if "interrupted" not in str(error).lower():
                raise
            raise KeyboardInterrupt from None  # so DuckDB says that somebody pressed Ctrl-C
        finally:
            connection.close()


def reason(error: duckdb.Error) -> str:
    """Why a query failed, in one line."""
    return first_sentence(error)
