"""`run`, `plan`, `explain`, `dag`: pipelines on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mlops_cli.cli.command import Commands, Session, command, parameters
from mlops_cli.cli.complete import specs_and_stages, stages_and_references

Spec = Annotated[
    str | None,
    typer.Argument(
        metavar="[SPEC]", help="A pipeline spec; default specs/pipeline.yaml, or the only one.", show_default=False
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SPEC] [STAGE]...",
        help="A spec (ends in .yaml or .yml), then stages: they and what they need.",
        autocompletion=specs_and_stages,
        show_default=False,
    ),
]
Given = Annotated[
    list[str] | None,
    typer.Option("-p", "--param", metavar="NAME=VALUE", help="Give a parameter another value.", show_default=False),
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=0, help="CPUs to use; 0: all.")]
EXIT = {"done": 0, "gate_failed": 1, "failed": 3, "interrupted": 130}


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "run", "Run", "mlops run -p max_depth=4")(run)
    command(app, "plan", "Run", "mlops plan")(plan)
    command(app, "explain", "Run", "mlops explain train")(explain)
    command(app, "dag", "Run", "mlops dag --format svg -o pipeline.svg")(dag)


def run(
    session: Session,
    targets: Targets = None,
    param: Given = None,
    jobs: Jobs = 0,
    executor: Annotated[Literal["local"], typer.Option(help="Where stages run.")] = "local",
    force: Annotated[bool, typer.Option("--force", help="Execute even what is up to date.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="After a failure, run what does not depend on it.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Run nothing; exit 1 if anything would run.")] = False,
    locked: Annotated[bool, typer.Option("--locked", help="Refuse source data that differs from mlops.lock.")] = False,
) -> int:
    """Bring a pipeline up to date: run what changed, reuse the rest, publish what passed its gates."""
    from mlops_cli.cli.progress import watcher
    from mlops_cli.cli.render import runs
    from mlops_cli.workflows.plan_pipeline import plan_pipeline
    from mlops_cli.workflows.run_pipeline import RunOptions, run_pipeline
    from mlops_cli.workflows.workspace import open_workspace

    spec, stages = split_targets(session, targets)
    workspace = open_workspace(session.folder, spec)
    if check:
        planned = plan_pipeline(workspace, spec, parameters(param), stages, force=force)
        pending = [item for item in planned if item.action not in ("reuse", "skip")]
        session.screen.result({"pending": pending}, runs.pending_text(pending))
        return 1 if pending else 0
    options = RunOptions(spec, stages, parameters(param), jobs, executor, force, keep_going, locked)
    with watcher(session.screen, verbose=session.verbose) as watch:
        report = run_pipeline(workspace, options, watch)
    session.screen.result(report, runs.run_text(report, workspace.store, verbose=session.verbose))
    return EXIT[report.outcome]


def plan(
    session: Session,
    targets: Targets = None,
    param: Given = None,
    force: Annotated[bool, typer.Option("--force", help="Plan as `run --force` would.")] = False,
) -> int:
    """Show what would run and why; nothing is run or stored."""
    from mlops_cli.cli.render.plans import plan_text
    from mlops_cli.workflows.plan_pipeline import plan_pipeline
    from mlops_cli.workflows.workspace import open_workspace

    spec, stages = split_targets(session, targets)
    planned = plan_pipeline(open_workspace(session.folder, spec), spec, parameters(param), stages, force=force)
    session.screen.result({"stages": planned}, plan_text(planned, verbose=session.verbose))
    return 0


def explain(
    session: Session,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="STAGE|REF", help="A stage, or a name, version or run.", autocompletion=stages_and_references
        ),
    ],
    spec: Annotated[
        str | None, typer.Option("--spec", help="The pipeline spec, when there are several.", show_default=False)
    ] = None,
    param: Given = None,
) -> int:
    """Say why a stage would run or was reused, and why it last ran; for a REF, how it came to be."""
    from mlops_cli.cli.render.plans import explain_text
    from mlops_cli.workflows.explain import explain as explain_subject
    from mlops_cli.workflows.workspace import open_workspace

    path = spec_path(session, spec)
    found = explain_subject(open_workspace(session.folder, path), subject, path, parameters(param))
    session.screen.result({"explanations": found}, explain_text(found))
    return 0


def dag(
    session: Session,
    spec: Spec = None,
    form: Annotated[
        Literal["text", "mermaid", "dot", "svg", "html"], typer.Option("--format", "-f", help="How to draw it.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to a file instead of the terminal.", show_default=False)
    ] = None,
) -> int:
    """Draw the graph of a pipeline."""
    from mlops_cli.reports.graph import draw
    from mlops_cli.workflows.draw_graph import graph_view
    from mlops_cli.workflows.workspace import open_workspace

    path = spec_path(session, spec)
    view = graph_view(open_workspace(session.folder, path), path)
    text = draw(view, form)
    if output is not None:
        (session.folder / output).write_text(text, "utf-8")
        session.screen.result({"written": str(output)}, f"wrote {output}")
    else:
        session.screen.result(view, text)
    return 0


def split_targets(session: Session, targets: list[str] | None) -> tuple[Path | None, tuple[str, ...]]:
    """The first word is a spec if and only if it ends like one."""
    words = targets or []
    if words and words[0].endswith((".yaml", ".yml")):
        return spec_path(session, words[0]), tuple(words[1:])
    return None, tuple(words)


def spec_path(session: Session, spec: str | None) -> Path | None:
    """A spec as the user wrote it: beside the current folder, else inside the project."""
    if spec is None or (session.folder / spec).is_file():
        return session.folder / spec if spec else None
    return Path(spec)
