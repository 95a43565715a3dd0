"""Names, versions, runs and their differences for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_cli.base.records import Json
from mlops_cli.cli.render.plans import TITLES, WORDS
from mlops_cli.cli.screen import counted, duration, paint, size, table
from mlops_cli.pipeline.records import spoken

if TYPE_CHECKING:
    from mlops_cli.pipeline.records import Components, RunRecord
    from mlops_cli.store.records import Version
    from mlops_cli.workflows.compare import Difference, Shown
    from mlops_cli.workflows.history import Moved, Named, RunLine
    from mlops_cli.workflows.status import PipelineStatus, ProjectStatus

SHORT = 12  # digits of an identity
FEW_CODE = 12  # symbols before the list is cut


def when(time: str) -> str:
    """A stored time as `2026-03-01 14:03:00`, in UTC."""
    return time[:19].replace("T", " ")


def log_text(moves: Sequence[Moved]) -> str:
    """`log`: one line a move."""
    rows = []
    for move in moves:
        version = f"v{move.version}" if move.version else "removed"
        commit = f"git {move.commit}" if move.commit else ""
        rows.append(
            [
                paint(when(move.time), "dim"),
                move.name,
                version,
                (move.oid or "")[:SHORT],
                move.why,
                commit,
                paint(move.who, "dim"),
            ]
        )
    return table(rows, head=("TIME (UTC)", "NAME", "VERSION", "ID", "WHY", "CODE", "WHO")) or "nothing has a name yet"


def names_text(found: Sequence[Named]) -> str:
    """`ls`: one line a name."""
    rows = []
    for item in found:
        files = f", {counted(item.artifact.files, 'file')}" if item.artifact.layout == "tree" else ""
        note = paint(", ".join(item.aliases), "good")
        rows.append(
            [
                item.name,
                item.kind,
                f"v{item.version}",
                size(item.artifact.bytes) + files,
                when(item.created),
                item.oid[:SHORT],
                note,
            ]
        )
    return (
        table(rows, head=("NAME", "KIND", "VERSION", "SIZE", "MADE (UTC)", "ID", "ALIASES")) or "nothing has a name yet"
    )


def models_text(found: Sequence[Named]) -> str:
    """`models`: one line a version."""
    rows = []
    for item in found:
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in item.metrics.items())
        rows.append(
            [
                f"{item.name}@v{item.version}",
                paint(", ".join(item.aliases), "good"),
                when(item.created),
                item.oid[:SHORT],
                metrics,
            ]
        )
    return table(rows, head=("MODEL", "ALIASES", "MADE (UTC)", "ID", "METRICS")) or "no model is registered yet"


def runs_text(found: Sequence[RunLine]) -> str:
    """`runs`: one line a run."""
    rows = []
    for run in found:
        style = {"done": "good", "gate_failed": "warn"}.get(run.outcome, "bad")
        counts = ", ".join(f"{count} {spoken(status)}" for status, count in run.counts.items())
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in run.metrics.items())
        parameters = " ".join(f"{name}={value}" for name, value in run.parameters.items())
        outcome = paint(spoken(run.outcome), style)
        rows.append(
            [
                f"run:{run.id}",
                run.pipeline,
                outcome,
                when(run.started),
                duration(run.seconds),
                counts,
                parameters,
                metrics,
            ]
        )
    return (
        table(rows, head=("RUN", "PIPELINE", "OUTCOME", "STARTED (UTC)", "TIME", "STAGES", "PARAMETERS", "METRICS"))
        or "no run is recorded yet"
    )


def status_text(found: ProjectStatus) -> str:
    """`status`: the project at a glance."""
    parts = [f"{paint(found.project, 'bold')} in {found.root}"]
    parts += [_pipeline(item) for item in found.pipelines] or ["no pipeline in specs/ yet"]
    if found.last_run:
        run = found.last_run
        parts.append(f"last run: run:{run.id} of {run.pipeline}, {spoken(run.outcome)}, {when(run.started)}")
    if found.names:
        parts.append(names_text(found.names))
    return "\n\n".join(parts)


def _pipeline(item: PipelineStatus) -> str:
    if item.problem:
        # The lock is no spec: lint would find nothing wrong, and the problem itself says how to mend it.
        see = "" if item.problem.startswith("mlops.lock:") else f" (see `mlops lint {item.spec}`)"
        return f"{item.spec}: {paint(item.problem, 'bad')}{see}"
    counts = Counter(stage.action for stage in item.planned)
    if set(counts) <= {"reuse", "skip"}:
        return f"{item.spec}: {paint('up to date', 'good')}, {len(item.planned)} stages"
    words = ", ".join(f"{counts[action]} {TITLES[action]}" for action in WORDS if counts[action])
    rows = [
        [stage.stage, paint(*WORDS[stage.action]), stage.reason] for stage in item.planned if stage.action != "reuse"
    ]
    return f"{item.spec}: {words}\n" + table(rows, indent="  ")


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
    if version.metrics:
        rows.append(["metrics", _values(version.metrics)])
    rows += [["evidence", f"report {oid[:SHORT]}"] for oid in version.evidence]
    if found.run:
        rows += _origin(found.run)
    if found.stage:
        rows.append(["made by", f"{found.stage.stage}, in run:{found.stage.run}, {duration(found.stage.seconds)}"])
        rows += _components(found.stage.components, verbose)
    text = table([[paint(title, "dim"), value] for title, value in rows])
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
    moved = [item for item in found.metrics if item[1] != item[2]]
    if moved:
        rows = [[name, _number(old), _number(new), _change(old, new)] for name, old, new in moved]
        parts.append("metrics\n" + table(rows, indent="  "))
    same = [name for name, lines in planes.items() if not lines] + ([] if moved else ["metrics"])
    if same:
        parts.append(paint(f"no difference in {', '.join(same)}", "dim"))
    return "\n".join(parts)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _change(old: float | None, new: float | None) -> str:
    return "" if old is None or new is None else f"{new - old:+.6g}"
