"""`mlops rollback`: an alias goes back to what it meant before, and further back the next time."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.journal import Line
from mlops_cli.store.records import Promoted
from mlops_cli.workflows.evidence import evidence_of
from mlops_cli.workflows.loadable import check_loadable
from mlops_cli.workflows.promote import Decision, move
from mlops_cli.workflows.workspace import Workspace


def rollback(workspace: Workspace, model: str, alias: str, because: str | None = None) -> Decision:
    """Move an alias of a model back to the version that it meant before, which must load.

    Raises StoreError where there is none, StageFailed where it does not load, Conflict where somebody else moved the
    alias meanwhile.
    """
    full = f"{model}@{alias}"
    history = workspace.journal.history(full)
    before = workspace.journal.names().get(full)
    if before is None:
        hint = f"mlops log {model} tells what was" if history else "mlops models lists the models with their aliases"
        raise StoreError(f"there is no '{full}'", hint)
    earlier = stack(workspace, history)
    if len(earlier) < 2:
        raise StoreError(f"nothing was {full} before", f"to move it elsewhere: mlops promote {model}@vN {alias}")
    numbers = workspace.journal.versions(model)
    target = earlier[-2]
    check_loadable(workspace, target)
    evidence = {gate: item.report for gate, item in evidence_of(workspace, target).items()}
    number, was = numbers.index(target) + 1, numbers.index(before) + 1
    decision = Decision("refused", "rollback", model, alias, number, target, was, evidence, (), because)
    why = f"roll {full} back from v{was} to v{number}" + (f": {because}" if because else "")
    return move(workspace, decision, before, why)


def stack(workspace: Workspace, history: Iterable[tuple[Line, Oid | None]]) -> list[Oid]:
    """What an alias meant, the newest last, without what was rolled back: so that it never goes to and fro."""
    found: list[Oid] = []
    for line, oid in history:
        if oid is None or found[-1:] == [oid]:
            continue
        if oid in found and _is_rollback(workspace, line):
            del found[len(found) - found[::-1].index(oid) :]
        else:
            found.append(oid)
    return found


def _is_rollback(workspace: Workspace, line: Line) -> bool:
    return (
        line.about is not None and workspace.store.read_record(line.about, "promotion", Promoted).action == "rollback"
    )
