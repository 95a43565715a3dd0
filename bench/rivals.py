"""One peer at one job, in one process, with the peer's own Python: what a user of it would write.

PEER/bin/python bench/rivals.py JOB DATA [BASELINE]      prints {"done": ..., "failed": ...} as its last line

A job ends with a failure when it found less than it should; so no time counts that was too easily won.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

from rules import PLANS, RULES, Between, Filled, Matches, OneOf, Unique

warnings.filterwarnings("ignore")
Counts = dict[str, int]
NUMBERS = ["amount", "score", "price", "temperature", "latitude", "longitude", "items", "age"]
CATEGORIES = ["country", "device", "plan", "label"]


def polars_rules(data: str) -> Counts:
    """The rules as expressions of one streaming query."""
    import polars as pl

    def broken(rule: Any) -> pl.Expr:
        column = pl.col(rule.column)
        match rule:
            case Filled():
                return column.is_null().sum()
            case Unique():
                return column.len() - column.n_unique()
            case Between(_, low, high):
                return (~column.is_between(low, high)).sum()
            case OneOf(_, values):
                return (~column.is_in(list(values))).sum()
            case Matches(_, pattern):
                return (~column.str.contains(f"^(?:{pattern})$")).sum()
        raise AssertionError(rule)

    asked = [broken(rule).alias(str(place)) for place, rule in enumerate(RULES)]
    found = _lazy(data).select(asked).collect(engine="streaming").row(0)
    return {"done": len(found), "failed": sum(1 for count in found if count)}


def _lazy(data: str) -> Any:
    import polars as pl

    return pl.scan_csv(data, try_parse_dates=True) if data.endswith(".csv") else pl.scan_parquet(data)


def duckdb_rules(data: str) -> Counts:
    """The rules as one query."""
    import duckdb

    def broken(rule: Any) -> str:
        match rule:
            case Filled(column):
                return f"count(*) filter (where {column} is null)"
            case Unique(column):
                return f"count({column}) - count(distinct {column})"
            case Between(column, low, high):
                return f"count(*) filter (where {column} not between {low} and {high})"
            case OneOf(column, values):
                return f"count(*) filter (where {column} not in ({', '.join(repr(value) for value in values)}))"
            case Matches(column, pattern):
                return f"count(*) filter (where not regexp_full_match({column}, '{pattern}'))"
        raise AssertionError(rule)

    found = duckdb.execute(f"select {', '.join(broken(rule) for rule in RULES)} from '{data}'").fetchall()[0]
    return {"done": len(found), "failed": sum(1 for count in found if count)}


def pandera_rules(data: str) -> Counts:
    """A schema for Polars; every fault is collected."""
    import pandera.polars as pa
    import polars as pl

    made: dict[str, dict[str, Any]] = {}
    for rule in RULES:
        column = made.setdefault(rule.column, {"nullable": True, "unique": False, "checks": []})
        match rule:
            case Filled():
                column["nullable"] = False
            case Unique():
                column["unique"] = True
            case Between(_, low, high):
                column["checks"].append(pa.Check.in_range(low, high))
            case OneOf(_, values):
                column["checks"].append(pa.Check.isin(list(values)))
            case Matches(_, pattern):
                column["checks"].append(pa.Check.str_matches(f"^(?:{pattern})$"))
    schema = pa.DataFrameSchema({name: pa.Column(None, **words) for name, words in made.items()})
    table = pl.read_csv(data, try_parse_dates=True) if data.endswith(".csv") else pl.read_parquet(data)
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as faults:
        return {"done": len(RULES), "failed": len(faults.schema_errors)}
    return {"done": len(RULES), "failed": 0}


def pointblank_rules(data: str, table: Any = None) -> Counts:
    """A plan of steps on a Polars frame."""
    import pointblank as pb
    import polars as pl

    if table is None:
        table = pl.read_csv(data, try_parse_dates=True) if data.endswith(".csv") else pl.read_parquet(data)
    plan = pb.Validate(table)
    for rule in RULES:
        match rule:
            case Filled(column):
                plan = plan.col_vals_not_null(column)
            case Unique(column):
                plan = plan.rows_distinct(columns_subset=column)
            case Between(column, low, high):
                plan = plan.col_vals_between(column, low, high, na_pass=True)
            case OneOf(column, values):
                # It has no word for "nulls are fine" here, but takes None as one of the values.
                plan = plan.col_vals_in_set(column, [*values, *([None] if values == PLANS else [])])
            case Matches(column, pattern):
                plan = plan.col_vals_regex(column, f"^(?:{pattern})$", na_pass=True)
    steps = plan.interrogate(collect_extracts=False).validation_info
    return {"done": sum(1 for step in steps if step.n is not None), "failed": sum(1 for step in steps if step.n_failed)}


def pointblank_duckdb_rules(data: str) -> Counts:
    """The same plan, on DuckDB through Ibis."""
    import ibis

    base = ibis.duckdb.connect()
    return pointblank_rules(data, base.read_csv(data) if data.endswith(".csv") else base.read_parquet(data))


def gx_rules(data: str) -> Counts:
    """An ephemeral context, a pandas frame, one suite."""
    import great_expectations as gx
    from great_expectations import expectations as expect

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = None
    asset = context.data_sources.add_pandas("orders").add_dataframe_asset("orders")
    suite = context.suites.add(gx.ExpectationSuite(name="rules"))
    for rule in RULES:
        column = {"column": rule.column}
        match rule:
            case Filled():
                suite.add_expectation(expect.ExpectColumnValuesToNotBeNull(**column))
            case Unique():
                suite.add_expectation(expect.ExpectColumnValuesToBeUnique(**column))
            case Between(_, low, high):
                suite.add_expectation(expect.ExpectColumnValuesToBeBetween(**column, min_value=low, max_value=high))
            case OneOf(_, values):
                suite.add_expectation(expect.ExpectColumnValuesToBeInSet(**column, value_set=list(values)))
            case Matches(_, pattern):
                suite.add_expectation(expect.ExpectColumnValuesToMatchRegex(**column, regex=f"^(?:{pattern})$"))
    batches = asset.add_batch_definition_whole_dataframe("all")
    definition = gx.ValidationDefinition(name="rules", data=batches, suite=suite)
    found = context.validation_definitions.add(definition).run(batch_parameters={"dataframe": _frame(data)})
    done = found.statistics["evaluated_expectations"]
    return {"done": done, "failed": found.statistics["unsuccessful_expectations"]}


def _frame(data: str) -> Any:
    import pandas as pd

    return (
        pd.read_csv(data, parse_dates=["ordered_at", "joined_at"]) if data.endswith(".csv") else pd.read_parquet(data)
    )


def polars_profile(data: str) -> Counts:
    """The whole table in memory, `describe`, and how many different values there are."""
    import polars as pl

    table = _lazy(data).collect()
    shown, different = table.describe(), table.select(pl.all().approx_n_unique())
    return {"done": min(len(shown.columns) - 1, len(different.columns)), "failed": 0}


def duckdb_profile(data: str) -> Counts:
    """SUMMARIZE."""
    import duckdb

    return {"done": len(duckdb.execute(f"summarize select * from '{data}'").fetchall()), "failed": 0}


def tfdv_profile(data: str) -> Counts:
    """Statistics in one process, a schema inferred from them, and the validation against it."""
    import tensorflow_data_validation as tfdv

    found = tfdv.generate_statistics_from_dataframe(_plain(data), n_jobs=1)
    anomalies = tfdv.validate_statistics(found, tfdv.infer_schema(found)).anomaly_info
    return {"done": len(found.datasets[0].features), "failed": len(anomalies)}


def _plain(data: str) -> Any:
    """The frame in the few types that TFDV takes."""
    frame = _frame(data)
    for name, kind in frame.dtypes.astype(str).items():
        if kind.startswith("datetime"):
            frame[name] = frame[name].astype("int64")
        elif kind == "bool":
            frame[name] = frame[name].astype("int8")
        elif name == "promo":
            frame[name] = frame[name].astype("float")
        elif kind in ("str", "string"):
            frame[name] = frame[name].astype(object)
    return frame


def whylogs_profile(data: str) -> Counts:
    """One profile of the whole frame."""
    import whylogs

    return {"done": len(whylogs.log(_frame(data)).profile().view().get_columns()), "failed": 0}


def ydata_profile(data: str) -> Counts:
    """The minimal report."""
    from ydata_profiling import ProfileReport

    made = json.loads(ProfileReport(_frame(data), minimal=True, progress_bar=False).to_json())
    return {"done": len(made["variables"]), "failed": 0}


def evidently_summary(data: str) -> Counts:
    """The preset, on the eight numbers and four categories that it can take."""
    from evidently.presets import DataSummaryPreset

    return _evidently(DataSummaryPreset(), data, None)


def evidently_drift(data: str, baseline: str) -> Counts:
    """The preset, on the same columns of two tables."""
    from evidently.presets import DataDriftPreset

    return _evidently(DataDriftPreset(), data, baseline)


def _evidently(preset: Any, data: str, baseline: str | None) -> Counts:
    from evidently import DataDefinition, Dataset, Report

    columns = DataDefinition(numerical_columns=NUMBERS, categorical_columns=CATEGORIES)

    def load(path: str) -> Any:
        frame = _frame(path)[NUMBERS + CATEGORIES].astype({"label": str})
        return Dataset.from_pandas(frame, data_definition=columns)

    made = Report([preset]).run(load(data), load(baseline) if baseline else None).json()
    return {"done": sum(1 for name in NUMBERS + CATEGORIES if f"{name}" in made), "failed": 0}


JOBS = {
    job.__name__: job
    for job in (
        polars_rules, duckdb_rules, pandera_rules, pointblank_rules, pointblank_duckdb_rules, gx_rules, polars_profile,
        duckdb_profile, tfdv_profile, whylogs_profile, ydata_profile, evidently_summary, evidently_drift,
    )
}  # fmt: skip

if __name__ == "__main__":
    made = JOBS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write("\n" + json.dumps(made) + "\n")
