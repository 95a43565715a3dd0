"""Rules about single rows: conditions over several columns, asked of DuckDB part by part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlops_cli.base.errors import SpecError, StageFailed
from mlops_cli.measures.conditions import Broken
from mlops_cli.measures.hashes import arrow_of
from mlops_cli.measures.summary import Kind
from mlops_cli.measures.values import Mask, Values, to_mask
from mlops_cli.spec.expression import references, to_sql
from mlops_cli.spec.validation import Check
from mlops_cli.tables.formats.base import first_sentence

if TYPE_CHECKING:
    import duckdb

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
"""How SQL sees the kinds of values that are not texts."""

UNSTEADY = frozenset({
    "random", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "nextval", "currval", "setval", "sleep_ms",
    "pg_sleep", "write_log", "current_query", "current_query_id", "current_connection_id", "current_transaction_id",
})  # fmt: skip
"""Functions of DuckDB that give something else each time, or do something."""


@dataclass(frozen=True)
class Rule:
    """A rule as a condition on the columns c0, c1, ... (an expression) or on columns by name (SQL)."""

    check: Check
    columns: tuple[str, ...]
    condition: str


def named_in(sql: str, names: Sequence[str]) -> list[str]:
    """The columns whose names stand in an SQL text as words, plain or quoted, in capitals or not."""
    text = sql.lower()
    found = []
    for name in names:
        spelt = name.lower().replace('"', '""')
        if spelt and spelt in text and re.search(rf"(?<!\w){re.escape(spelt)}(?!\w)", text):
            found.append(name)
    return found


def rule_columns(check: Check, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a rule names, those among `names` only. Raises SpecError where SQL would take two for one."""
    if check.rule is not None:
        return tuple(name for name in references(check.rule) if name in names)
    found = named_in(check.sql or "", names)
    seen: dict[str, str] = {}
    for name in found:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise SpecError(
                f"the rule '{check.sql}' names '{other}', and the file also has '{name}': SQL takes them for one",
                "rename one of them, or write the rule as `expr`, which tells them apart",
                check.place,
            )
    return tuple(found)


def make_rule(check: Check, names: Sequence[str]) -> Rule:
    """The rule of a check. Its table has the columns that it names, in this order."""
    columns = rule_columns(check, names)
    if check.rule is not None:
        return Rule(check, columns, to_sql(check.rule, lambda name: f"c{columns.index(name)}"))
    return Rule(check, columns, f"({check.sql})")


def rule_table(rule: Rule, found: Mapping[str, Values], rows: int) -> pa.Table:
    """The typed columns of a rule, under c0, c1, ... or under their names; one more has the number of rows."""
    names = [f"c{at}" if rule.check.rule is not None else name for at, name in enumerate(rule.columns)]
    arrays = [typed_array(found[name]) for name in rule.columns]
    one = "one"
    while one in {name.lower() for name in names} or named_in(rule.condition, [one]):
        one += "_"
    return pa.table([*arrays, pa.nulls(rows)], names=[*names, one])


def typed_array(values: Values) -> pa.Array:
    """A column as SQL sees it: null where there is no value of its kind."""
    if values.kind == "nothing":
        return pa.nulls(len(values))
    empty = ~values.present
    if values.exact is not None:
        return values.exact
    if values.typed is None and values.kind in ARROW_TYPES:
        return pa.nulls(len(values), ARROW_TYPES[values.kind])  # declared so, and this part has nothing of the kind
    if values.typed is None:
        raw = values.raw.dictionary_decode() if pa.types.is_dictionary(values.raw.type) else values.raw
        return raw if not empty.any() or values.wrong is None else pa.nulls(len(values), raw.type)
    array = arrow_of(values.typed, empty)
    if values.kind == "timestamp":
        return array.cast(pa.timestamp("us"))
    return array.cast(pa.timestamp("us")).cast(pa.date32(), safe=False) if values.kind == "date" else array


def unfit() -> tuple[type[duckdb.Error], ...]:
    """How DuckDB says that a value does not fit what is done with it."""
    import duckdb

    return duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.BinderException, duckdb.InvalidInputException


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that can read no file and no network."""
    from mlops_cli.tables.scan import connect  # brings DuckDB, and most data have no rules

    with connect({}) as connection:
        yield connection


def keeps(rules: Sequence[Rule], found: Mapping[str, Values], rows: int, label: str) -> list[Broken]:
    """The rows of one part that break each rule. Raises SpecError for a rule that fails on some value."""
    import duckdb

    result = []
    with database() as connection:
        for rule in rules:
            connection.register("part", rule_table(rule, found, rows))
            try:
                table: pa.Table = connection.sql(f"SELECT ({rule.condition}) AS kept FROM part").to_arrow_table()
            except duckdb.OutOfMemoryException:
                raise StageFailed(
                    "the rules need more memory than they may use", "raise 'resources: {memory: ...}' of the stage"
                ) from None
            except unfit() as error:
                raise SpecError(
                    f"the rule '{rule.check.subject}' fails on the values of '{label}': {first_sentence(error)}",
                    "declare the types of the columns that the rule compares",
                    rule.check.place,
                ) from None
            result.append(_broken(table.column(0), rows))
    return result


def _broken(kept: pa.ChunkedArray, rows: int) -> Broken:
    if pa.types.is_null(kept.type):
        nothing: Mask = np.zeros(rows, dtype=np.bool_)
        return Broken(nothing, nothing)
    chunks = [(to_mask(chunk), to_mask(chunk.is_valid())) for chunk in kept.chunks]
    good = np.concatenate([chunk[0] for chunk in chunks]) if chunks else np.zeros(0, dtype=np.bool_)
    valid = np.concatenate([chunk[1] for chunk in chunks]) if chunks else np.zeros(0, dtype=np.bool_)
    return Broken(valid & ~good, valid)


def lacking(check: Check, rule: Rule, table: pa.Table) -> str | None:
    """The column that an SQL rule needs and the data lack, or None. Raises SpecError for SQL that DuckDB refuses."""
    import duckdb

    if check.rule is not None:
        return None
    with database() as connection:
        connection.register("part", table)
        try:
            refuse_more(check, connection)
            connection.execute(f"DESCRIBE SELECT {rule.condition} FROM part")
        except duckdb.BinderException as error:
            text = str(error)
            if 'Referenced column "' in text:
                return text.split('Referenced column "', 1)[1].split('"', 1)[0]
            raise refused(check, error) from None
        except duckdb.Error as error:
            raise refused(check, error) from None
    return None


def refuse_more(check: Check, connection: duckdb.DuckDBPyConnection) -> None:
    """Raise SpecError for SQL that is more than one expression, or whose answer depends on more than a row's values."""
    whole = f"SELECT ({check.sql}) FROM part"
    parsed = json.loads(connection.execute("SELECT json_serialize_sql(?)", [whole]).fetchall()[0][0])
    statements = [] if parsed["error"] else parsed["statements"]
    many = len(connection.extract_statements(whole)) > 1  # raises what DuckDB says of one that it cannot read
    if many or (statements and len(statements[0]["node"]["select_list"]) != 1):
        raise SpecError(f"the rule '{check.sql}' is more than one expression", "write one condition", check.place)
    for node in nodes(statements):
        if node.get("class") == "SUBQUERY":
            raise SpecError(
                f"the rule '{check.sql}' holds a query", "a rule sees one row at a time, and no table", check.place
            )
        if node.get("class") == "FUNCTION" and node["function_name"] in UNSTEADY:
            raise SpecError(
                f"the rule '{check.sql}' uses {node['function_name']}, which is never the same twice",
                "a rule depends on the values of its row alone",
                check.place,
            )


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All mappings in a tree of JSON."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from nodes(item)


def prove(rule: Rule, table: pa.Table) -> None:
    """Let DuckDB check a rule on a table without rows, so that a mistake has its place. Raises SpecError."""
    import duckdb

    check = rule.check
    with database() as connection:
        connection.register("part", table)
        try:
            kind = connection.execute(f"DESCRIBE SELECT {rule.condition} FROM part").fetchall()[0][1]
            if kind in ("BOOLEAN", '"NULL"'):
                # As a condition: what looks at several rows has no place there.
                connection.execute(f"DESCRIBE SELECT 1 FROM part WHERE {rule.condition}")
                return
        except duckdb.Error as error:
            raise refused(check, error) from None
    raise SpecError(f"the rule '{check.subject}' is not a condition", "compare something, such as a <= b", check.place)


def refused(check: Check, error: duckdb.Error) -> SpecError:
    """The fault of a rule that DuckDB does not take."""
    import duckdb

    why, text = first_sentence(error), str(error).lower()
    beyond = "aggregate" in text or "window" in text or "group by" in text or isinstance(error, duckdb.CatalogException)
    hint = "a rule sees one row at a time: its columns, and no other rows or tables" if beyond else None
    return SpecError(f"the rule '{check.subject}' cannot be used: {why}", hint, check.place)
