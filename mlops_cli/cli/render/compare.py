"""`show` and `diff` for people: one version, run or object with its origin, and what differs between two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_cli.base.records import Json
from mlops_cli.cli.render.history import SHORT, when
from mlops_cli.cli.render.model_facts import difference_parts, judged_text, model_rows
from mlops_cli.cli.screen import counted, duration, paint, size, table
from mlops_cli.pipeline.records import spoken

if TYPE_CHECKING:
    from mlops_cli.pipeline.records import Components, RunRecord
    from mlops_cli.store.records import Version
    from mlops_cli.workflows.compare import Difference, Shown

FEW_CODE = 12  # symbols before the list is cut


def show_text(found: Shown, *, verbose: bool) -> str:
    """`show`: a version with its whole origin, a run, or an object's content."""
    if found.version is not None:
        return _version(found, found.version, verbose)
    if found.run is not None:
        return _run(found.run, found.oid, verbose)
    if found.text is not None:
        return found.text
    return pretty(found.data) if found.data is not None else f"{found.oid}: bytes that are no text"


def _version(found: Shown, version: Version, verbose: bool) -> str:
    artifact = version.artifact
    rows = [
        ["version", f"{version.name}@v{found.number}" if found.number else version.name],
        ["kind", version.kind],
        ["id", found.oid],
        ["content", f"{artifact.oid}  ({artifact.name}, {size(artifact.bytes)}, {counted(artifact.files, 'file')})"],
        ["made", when(version.created)],
    ]
    if version.stage:
        rows.append(["stage", version.stage])
    if found.model is not None:
        rows += model_rows(found.model, verbose=verbose)
    elif version.metrics:
        rows.append(["metrics", _values(version.metrics)])
    if found.run:
        rows += _origin(found.run)
    if found.stage:
        rows.append(["made by", f"{found.stage.stage}, in run:{found.stage.run}, {duration(found.stage.seconds)}"])
        rows += _components(found.stage.components, verbose)
    text = table([[paint(title, "dim"), value] for title, value in rows])
    if found.model is not None:
        text += "\n\n" + judged_text(found.model, verbose=verbose)
    return text if found.data is None else f"{text}\n\n{pretty(found.data)}"


def pretty(data: Json) -> str:
    """JSON for people."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def _origin(run: RunRecord) -> list[list[str]]:
    git = f"git {run.git.commit[:SHORT]}{' with uncommitted changes' if run.git.dirty else ''}" if run.git else "no git"
    rows = [
        ["run", f"run:{run.id} of {run.pipeline} ({run.spec}), {spoken(run.outcome)}"],
        ["code", f"{git}; files {run.code[:SHORT]} (mlops checkout run:{run.id} DIR)"],
        ["parameters", _values(run.parameters) or "none"],
        ["seed", str(run.seed or 0)],
        ["environment", run.environment[:SHORT]],
    ]
    return rows + [["data", f"{name}  {item.oid[:SHORT]}  {size(item.bytes)}"] for name, item in run.inputs.items()]


def _components(components: Components, verbose: bool) -> list[list[str]]:
    rows = [["arguments", _values(components.arguments)]] if components.arguments else []
    symbols = list(components.code)
    shown = symbols if verbose else symbols[:FEW_CODE]
    rows += [["runs code", f"{name}  {components.code[name][:SHORT]}"] for name in shown]
    if len(shown) < len(symbols):
        rows.append(["", f"and {len(symbols) - len(shown)} more (-v)"])
    if components.distributions:
        rows.append(["libraries", " ".join(f"{name} {version}" for name, version in components.distributions.items())])
    return rows


def _values(values: Mapping[str, Json] | Mapping[str, float]) -> str:
    return "  ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}" for name, value in values.items()
    )


def _run(run: RunRecord, oid: str, verbose: bool) -> str:
    rows = [["id", oid], ["started", f"{when(run.started)}, took {duration(run.seconds)}"], *_origin(run)]
    stages = [
        [item.stage, spoken(item.status), duration(item.seconds) if item.seconds else "", item.reason]
        for item in run.stages
    ]
    text = table([[paint(title, "dim"), value] for title, value in rows])
    text += "\n\n" + table(stages, head=("STAGE", "WHAT", "TIME", "WHY"), indent="  ")
    if verbose:
        records = [
            [item.stage, f"key {item.key[:SHORT]}", f"record {item.record[:SHORT]}"]
            for item in run.stages
            if item.key and item.record
        ]
        text += "\n\n" + table(records, indent="  ")
    return text


def diff_text(found: Difference) -> str:
    """`diff`: one block a plane, the planes without a difference in one line."""
    planes = {
        "content": found.content,
        "code": found.code,
        "data": found.data,
        "parameters": found.parameters,
        "environment": found.environment,
    }
    head = f"{found.first} -> {found.second}" + (": the same content" if found.same else "")
    parts = [paint(head, "bold")]
    parts += ["\n".join([name, *(f"  {line}" for line in lines)]) for name, lines in planes.items() if lines]
    if found.model is not None:
        parts += difference_parts(found.model)
    # What a gate has found of both models stands with its intervals already.
    judged = found.model is not None and any(gate.figures for gate in found.model.gates)
    moved = [] if judged else [item for item in found.metrics if item[1] != item[2]]
    if moved:
        rows = [[name, _number(old), _number(new), _change(old, new)] for name, old, new in moved]
        parts.append("metrics\n" + table(rows, indent="  "))
    same = [name for name, lines in planes.items() if not lines] + ([] if moved or judged else ["metrics"])
    if same:
        parts.append(paint(f"no difference in {', '.join(same)}", "dim"))
    return "\n".join(parts)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _change(old: float | None, new: float | None) -> str:
    return "" if old is None or new is None else f"{new - old:+.6g}"
