"""False alarms and power: what a drift check says of batches that did not change, and of batches that did.

20 columns, a reference of 10,000 rows, batches of 100, 500 and 2,000 rows. Ours: `drift: {max: 0.05}` and the default
rate of false discoveries. Peers with their own defaults, each in its own environment (bench/venvs); they draw the same
numbers from the same seeds.

python bench/alarms.py [--repeats 300] [--peer-repeats 60] [-o FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
COLUMNS, REFERENCE, BATCHES = 20, 10_000, (100, 500, 2000)
SHIFTED, SHIFT = 3, 0.3
Frame = dict[str, "np.ndarray"]


def normal(source: np.random.Generator, rows: int, shift: float = 0.0) -> Frame:
    """20 columns of N(0, 1), the first three shifted."""
    values = source.normal(size=(rows, COLUMNS))
    values[:, :SHIFTED] += shift
    return {f"x{index:02d}": values[:, index] for index in range(COLUMNS)}


def mixed(source: np.random.Generator, rows: int, shift: float = 0.0) -> Frame:
    """20 columns of five kinds: normal, log-normal, counts, category codes, mostly zero; the first three shifted."""
    frame = normal(source, rows, shift)
    names = list(frame)
    for name in names[4:8]:
        frame[name] = np.exp(frame[name])
    for name in names[8:12]:
        frame[name] = source.poisson(3.0, rows).astype(np.float64)
    weights = 1.0 / np.arange(1, 13)
    for name in names[12:16]:
        frame[name] = source.choice(12, rows, p=weights / weights.sum()).astype(np.float64)
    for name in names[16:]:
        frame[name] = np.where(source.random(rows) < 0.9, 0.0, source.gamma(2.0, size=rows))
    return frame


KINDS: dict[str, Callable[[np.random.Generator, int, float], Frame]] = {"normal": normal, "mixed": mixed}
Judge = Callable[[Frame, Frame], dict[str, list[str]]]
"""(batch, reference) -> by the judge's name (its warnings counted or not), the columns that raise an alarm."""


def cases(repeats: int) -> Iterator[tuple[str, int, float, list[tuple[Frame, Frame]]]]:
    """(kind, batch rows, shift, pairs of reference and batch). A new reference each 10 batches."""
    for kind, made in KINDS.items():
        for rows in BATCHES:
            for shift in (0.0, SHIFT):
                if kind == "mixed" and shift:
                    continue
                yield kind, rows, shift, list(pairs(kind, made, rows, shift, repeats))


def pairs(
    kind: str, made: Callable[[np.random.Generator, int, float], Frame], rows: int, shift: float, repeats: int
) -> Iterator[tuple[Frame, Frame]]:
    """References and batches, always the same ones."""
    reference: Frame = {}
    for repeat in range(repeats):
        source = np.random.default_rng([repeat, rows, int(shift * 100), len(kind)])
        if repeat % 10 == 0:
            reference = made(source, REFERENCE, 0.0)
        yield reference, made(source, rows, shift)


def measure(alarms: Judge, repeats: int) -> list[dict[str, object]]:
    """One line for each kind, size and shift, and for each way to count alarms."""
    lines: list[dict[str, object]] = []
    for kind, rows, shift, several in cases(repeats):
        found = [alarms(batch, reference) for reference, batch in several]
        for name in found[0]:
            line: dict[str, object] = {"judge": name, "data": kind, "rows": rows, "shift": shift, "repeats": repeats}
            lines.append(line | counted([set(item[name]) for item in found], shift))
    return sorted(lines, key=lambda line: str(line["judge"]))


def counted(found: list[set[str]], shift: float) -> dict[str, object]:
    """The shares of batches and of columns with an alarm."""
    shifted = {f"x{index:02d}" for index in range(SHIFTED)} if shift else set()
    line: dict[str, object] = {"any": share(bool(columns) for columns in found)}
    if shift:
        line["any_shifted"] = share(bool(columns & shifted) for columns in found)
        line["all_shifted"] = share(shifted <= columns for columns in found)
        line["per_shifted_column"] = sum(len(columns & shifted) for columns in found) / (len(found) * SHIFTED)
    unchanged = sum(len(columns - shifted) for columns in found)
    return line | {"per_unchanged_column": unchanged / (len(found) * (COLUMNS - len(shifted)))}


def share(hits: Iterator[bool]) -> float:
    """The share of true ones."""
    return float(np.mean(list(hits)))


# --- judges --------------------------------------------------------------------------------------------------------


def ours() -> Judge:
    """Our verdicts: those that fail, and those that only warn or cannot tell with them."""
    import pyarrow as pa

    from mlops_cli.base.errors import Place
    from mlops_cli.checks.shifts import ShiftCase, judge_shifts
    from mlops_cli.measures.summarise import summarise
    from mlops_cli.measures.summary import ColumnSummary
    from mlops_cli.measures.values import values_of
    from mlops_cli.spec.validation import Bound, Check, DataValidation

    place = Place("alarms.yaml", 1, 1)
    spec = DataValidation("alarms", "alarms.yaml", None, "previous", (), ())
    bound = Bound(0.05, "number", "0.05")
    known: dict[int, dict[str, ColumnSummary]] = {}

    def columns(frame: Frame) -> dict[str, ColumnSummary]:
        return {
            name: summarise(values_of(name, pa.array(values), None, textual=False)) for name, values in frame.items()
        }

    def alarms(batch: Frame, reference: Frame) -> dict[str, list[str]]:
        if id(reference) not in known:
            known.clear()
            known[id(reference)] = columns(reference)
        old = known[id(reference)]
        judged = [
            ShiftCase(Check(f"{name}.drift", name, "distribution", "drift", bound, place), column, old[name])
            for name, column in columns(batch).items()
        ]
        said = judge_shifts(judged, spec)
        return {
            "mlops": [item.subject for item in said if item.state == "fail"],
            "mlops, warnings too": [item.subject for item in said if item.state != "pass"],
        }

    return alarms


def evidently() -> Judge:
    """Evidently's preset for drift with its defaults: what each column's own test says."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def alarms(batch: Frame, reference: Frame) -> dict[str, list[str]]:
        run = Report([DataDriftPreset()]).run(pd.DataFrame(batch), pd.DataFrame(reference))
        found = []
        for metric in run.dict()["metrics"]:
            config = metric.get("config", {})
            if "column" in config and "threshold" in config:
                value, limit = float(metric["value"]), float(config["threshold"])
                small = "p_value" in config.get("method", "") or "p_value" in metric["metric_name"]
                if value < limit if small else value >= limit:
                    found.append(config["column"])
        return {"evidently": found}

    return alarms


def nannyml() -> Judge:
    """NannyML's univariate drift with its defaults (Jensen-Shannon, chunks of the batch's size, mean + 3 sd)."""
    import nannyml as nml
    import pandas as pd

    fitted: dict[tuple[int, int], object] = {}

    def alarms(batch: Frame, reference: Frame) -> dict[str, list[str]]:
        rows = len(next(iter(batch.values())))
        key = (id(reference), rows)
        if key not in fitted:
            fitted.clear()
            calculator = nml.UnivariateDriftCalculator(column_names=list(reference), chunk_size=rows)
            fitted[key] = calculator.fit(pd.DataFrame(reference))
        result = fitted[key].calculate(pd.DataFrame(batch)).filter(period="analysis").to_df()  # type: ignore[attr-defined]
        found = [column for column in batch if bool(result[column]["jensen_shannon"]["alert"].iloc[0])]
        return {"nannyml": found}

    return alarms


PEERS = {"evidently": evidently, "nannyml": nannyml}


def peer(name: str, repeats: int) -> list[dict[str, object]]:
    """The lines of a peer, made in its own environment; a line with the reason where there is none."""
    python = HERE / "venvs" / name / "bin" / "python"
    if not python.exists():
        return [{"judge": name, "problem": "not installed in bench/venvs"}]
    command = [str(python), str(Path(__file__).resolve()), "--as", name, "--peer-repeats", str(repeats)]
    quiet = os.environ | {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        return [{"judge": name, "problem": done.stderr.strip().splitlines()[-1][:200]}]
    lines: list[dict[str, object]] = json.loads(done.stdout.strip().splitlines()[-1])
    return lines


def table(lines: list[dict[str, object]]) -> str:
    """The lines as Markdown."""
    head = (
        "judge",
        "data",
        "rows",
        "shift",
        "repeats",
        "any alarm",
        "per unchanged column",
        "any of 3",
        "all 3",
        "each",
    )
    keys = ("any", "per_unchanged_column", "any_shifted", "all_shifted", "per_shifted_column")
    text = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for line in lines:
        if "problem" in line:
            text.append(f"| {line['judge']} | {line['problem']} |" + " |" * 8)
            continue
        shown = [f"{float(str(line[key])):.1%}" if key in line else "" for key in keys]
        fixed = [str(line[key]) for key in ("judge", "data", "rows", "shift", "repeats")]
        text.append(f"| {' | '.join(fixed + shown)} |")
    return "\n".join(text)


def main() -> int:
    """Print the table; write the lines as JSON where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--peer-repeats", type=int, default=20)
    parser.add_argument("--as", dest="name", choices=sorted(PEERS))
    parser.add_argument("-o", dest="output", type=Path)
    options = parser.parse_args()
    if options.name:
        print(json.dumps(measure(PEERS[options.name](), options.peer_repeats)))
        return 0
    lines = measure(ours(), options.repeats)
    for name in PEERS if options.peer_repeats else ():
        lines += peer(name, options.peer_repeats)
    print(table(lines))
    if options.output:
        options.output.write_text(json.dumps(lines, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
