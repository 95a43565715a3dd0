"""`lint`, `render` and `schema`: specs, checked and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command, parameters


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "lint", "Start", "mlops lint specs/pipeline.yaml")(lint)
    command(app, "render", "Start", "mlops render specs/pipeline.yaml -p seed=8")(render)
    command(app, "schema", "Start", "mlops schema pipeline > pipeline.schema.json")(schema)


def lint(
    session: Session,
    specs: Annotated[
        list[Path] | None, typer.Argument(metavar="[SPEC]...", help="Files and folders.", show_default="specs/")
    ] = None,
) -> int:
    """Check specs without running anything; every fault is shown with its place and what would mend it."""
    from mlops_cli.cli.render.faults import render_faults
    from mlops_cli.spec.project import NoProject, find_root
    from mlops_cli.workflows import lint_specs

    paths = [session.folder / path for path in specs or []]
    try:
        root = find_root(session.folder, paths[0] if paths else None)
    except NoProject:
        if not paths:
            raise
        root = session.folder.resolve()  # files can be checked anywhere, as they can be validated
    result = lint_specs.lint(root, paths)
    if result.faults:
        if session.screen.as_json:
            session.screen.result(result, "")
        else:
            session.screen.error(render_faults(result.faults))
        return 2
    count = len(result.files)
    session.screen.result(result, f"{count} {'file is' if count == 1 else 'files are'} in order")
    return 0


def render(
    session: Session,
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec to show.")],
    params: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="Set a parameter.", show_default=False),
    ] = None,
) -> int:
    """Print a spec with its defaults, references and parameters resolved."""
    from mlops_cli.spec.project import find_root
    from mlops_cli.workflows import render_spec

    path = session.folder / spec
    text = render_spec.render(find_root(session.folder, path), path, parameters(params))
    session.screen.result({"spec": str(spec), "yaml": text}, text)
    return 0


def schema(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="A kind of spec, `project`, or a stage verb.")],
) -> int:
    """Print the JSON Schema of a kind of spec, for editors."""
    from mlops_cli.spec.schema import bundle
    from mlops_cli.workflows import show_schema

    text = show_schema.schema(kind)
    session.screen.result(bundle(kind), text)
    return 0
