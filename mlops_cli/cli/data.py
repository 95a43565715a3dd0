"""`add`, `checkout`, `fsck`: data versions and the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references
from mlops_cli.cli.screen import counted, paint, size, table

SHOWN_LEFT = 5  # files that a checkout did not touch


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "add", "Data", "mlops add data/images")(add_data)
    command(app, "checkout", "Data", "mlops checkout customers@v1")(checkout)
    command(app, "fsck", "Share", "mlops fsck --quick")(fsck)


def add_data(
    session: Session,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files or folders of the project.")],
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Show what would be new; store nothing.")] = False,
) -> int:
    """Store files or folders as new versions, named by their path."""
    from mlops_cli.workflows.add_data import add_paths

    added = add_paths(session.folder, [session.folder / path for path in paths], dry_run=dry_run)
    rows = []
    for item in added:
        state = ("would be new" if dry_run else "new") if item.new else "unchanged"
        parts = f"{counted(item.artifact.files, 'file')}, {size(item.artifact.bytes)}, {size(item.new_bytes)} new"
        rows.append([f"{item.name}@v{item.version_number}", paint(state, "good" if item.new else "dim"), parts])
    session.screen.result({"added": added}, table(rows))
    return 0


def checkout(
    session: Session,
    reference: Annotated[
        str,
        typer.Argument(metavar="REF", help="A name, version or run, such as customers@v1.", autocompletion=references),
    ],
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="Where to; default where it came from.", show_default=False)
    ] = None,
) -> int:
    """Put a version back into the work tree; bytes that would be lost are stored first."""
    from mlops_cli.workflows.checkout_data import checkout as put_back

    changes = put_back(session.folder, reference, session.folder / path if path else None)
    lines = [f"{len(changes.written)} written, {len(changes.removed)} removed, {changes.unchanged} unchanged"]
    lines += [f"left alone, it is not part of this data: {name}" for name in changes.left[:SHOWN_LEFT]]
    if len(changes.left) > SHOWN_LEFT:
        lines.append(f"and {len(changes.left) - SHOWN_LEFT} more")
    if changes.saved:
        lines.append(f"what was there is kept: mlops checkout {changes.saved} PATH")
    session.screen.result(changes, "\n".join(lines))
    return 0


def fsck(
    session: Session,
    quick: Annotated[
        bool, typer.Option("--quick", help="Check names, sizes and references; do not read the data.")
    ] = False,
) -> int:
    """Check that the store holds what its names promise."""
    from mlops_cli.store.verify import verify
    from mlops_cli.workflows.workspace import open_workspace

    problems = verify(open_workspace(session.folder).store, data=not quick)
    rows = [[paint("error", "bad"), problem.where, problem.message] for problem in problems]
    session.screen.result({"problems": problems}, table(rows) if rows else "the store is sound")
    return 4 if problems else 0
