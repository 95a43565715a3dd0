"""Queries over files in any format, by DuckDB: streaming, larger than memory, reading nothing but the named files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mlops_cli.base.errors import StageFailed
from mlops_cli.tables.formats.base import Attached, Column, Format, first_sentence, quoted
from mlops_cli.tables.read import check_readable, format_of


@dataclass(frozen=True)
class Scan:
    """An open file: its columns, and `sql`, a query that gives them as c0, c1, ... in the file's order."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    format: Format
    attached: Attached

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the file's order."""
        return self.attached.columns

    @property
    def sql(self) -> str:
        """The file as a query with columns c0, c1, ..."""
        return self.attached.sql

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows of a query over this file; a fault in the file's rows raises BadTable."""
        try:
            return self.connection.execute(query).fetchall()
        except duckdb.OutOfMemoryException:
            raise out_of_memory() from None
        except (duckdb.InvalidInputException, duckdb.IOException, duckdb.InvalidTypeException) as error:
            raise self.format.explain(self.path, error) from None


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
        finally:
            connection.close()


@contextmanager
def open_scan(path: Path, default: str | None = None, threads: int = 1, memory: int | None = None) -> Iterator[Scan]:
    """Open one file for queries; `default` names the format of a file whose ending names none. Raises BadTable."""
    path = path.absolute()
    check_readable(path)
    member = format_of(path, default)
    with connect({"file": path}, threads, memory) as connection:
        try:
            attached = member.attach(connection, path, "file")
        except duckdb.Error as error:
            raise member.explain(path, error) from None
        yield Scan(connection, path, member, attached)


def reason(error: duckdb.Error) -> str:
    """Why a query failed, in one line."""
    return first_sentence(error)
