"""`sql: select ...`: DuckDB SQL over the inputs, each a table under its argument's name. Parameters are `$name`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from mlops_cli.base.errors import StageFailed
from mlops_cli.spec.pipeline import Sql
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.support import options, output_path
from mlops_cli.tables.formats import parquet
from mlops_cli.tables.formats.base import identifier, quoted
from mlops_cli.tables.read import format_of, read_table, write_table
from mlops_cli.tables.scan import connect, out_of_memory, reason

if TYPE_CHECKING:
    import pyarrow as pa

ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def run(job: Job) -> Outcome:
    """Output: the one declared table. The query reads its inputs and nothing else. Raises StageFailed."""
    said = options(job, Sql)
    query = query_text(job, said.query)
    inputs = tables(job)
    # With several threads, rows that the query does not order come in any order; the output must not.
    threads = job.threads if ORDERED.search(query) else 1
    files = {name: path for name, path in inputs.items() if format_of(path) is parquet}
    with connect(files, threads, job.query_memory, Path(job.work)) as connection:
        for name, path in inputs.items():
            attach(connection, name, path)
        result = execute(connection, query, job)
    name = job.outputs[0].name if job.outputs else "table"
    path = output_path(job, f"{name}.parquet")
    write_table(result, path)
    return Outcome({name: Made(path=str(path))})


def query_text(job: Job, query: str) -> str:
    """The query, or the text of the .sql file that it names."""
    if not query.strip().endswith(".sql") or "\n" in query.strip():
        return query
    path = Path(job.project) / query.strip()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StageFailed(f"'{query.strip()}' cannot be read: {error}") from None


def tables(job: Job) -> dict[str, Path]:
    """The file of each input by its argument's name."""
    found = {}
    for name, items in job.inputs.items():
        for number, item in enumerate(items):
            found[name if name not in job.lists else f"{name}_{number + 1}"] = Path(item.path)
    return found


def attach(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Make an input a table: Parquet is read as it is needed, other formats are typed as `call` would see them."""
    if format_of(path) is parquet:
        source = f"SELECT * FROM read_parquet({quoted(str(path))}, hive_partitioning=false)"
        parquet.check_file(path)
        connection.execute(f"CREATE VIEW {identifier(name)} AS {source}")
    else:
        connection.register(name, read_table(path))


def execute(connection: duckdb.DuckDBPyConnection, query: str, job: Job) -> pa.Table:
    """Run one SELECT with the stage's arguments; raises StageFailed with DuckDB's reason."""
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise StageFailed("'sql' takes one SELECT", "several steps are several stages, or WITH ... SELECT")
        wanted = statements[0].named_parameters
        missing = sorted(set(wanted) - set(job.arguments))
        if missing:
            raise StageFailed(
                f"the query uses ${missing[0]}, which is no parameter of the stage", f"add params: [{missing[0]}]"
            )
        arguments = {name: job.arguments[name] for name in wanted}
        found = connection.sql(query, params=arguments) if arguments else connection.sql(query)
        return found.to_arrow_table()
    except duckdb.OutOfMemoryException:
        raise out_of_memory() from None
    except duckdb.PermissionException as error:
        raise StageFailed(f"the query reads a file that is no input: {reason(error)}", "name it in `in`") from None
    except duckdb.Error as error:
        names = ", ".join(tables(job)) or "none"
        raise StageFailed(f"the query fails: {reason(error)}", f"the tables are: {names}") from None
