"""`mlops rollback`: an alias goes back to what it meant before, and further back the next time."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_cli.base.errors import StageFailed, StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.journal import Line
from mlops_cli.store.objects import header
from mlops_cli.store.records import Promoted
from mlops_cli.workflows.evidence import evidence_of
from mlops_cli.workflows.loadable import check_loadable
from mlops_cli.workflows.naming import number_of
from mlops_cli.workflows.policy import Wish, refusals_of
from mlops_cli.workflows.promote import Decision, check_alias, move, weighed
from mlops_cli.workflows.workspace import Workspace


def rollback(workspace: Workspace, model: str, alias: str, because: str | None = None) -> Decision:
    """Move an alias of a model back to the version that it meant before, which must load.

    Refused, unless `because` says why, where a gate's latest word on that version is no, or a signature is asked for
    that it does not have. Raises UserError for what is no alias, StoreError where there is no such version, StageFailed
    where it does not load, Conflict where somebody else moved the alias meanwhile.
    """
    check_alias(alias)
    full = f"{model}@{alias}"
    history = workspace.journal.history(full)
    before = workspace.journal.names().get(full)
    if before is None:
        hint = f"mlops log {model} tells what was" if history else "mlops models lists the models with their aliases"
        raise StoreError(f"there is no '{full}'", hint)
    was = number_of(workspace, model, before)
    if was is None:
        hint = f"to take it over: mlops promote {model}@vN {alias} --override --because TEXT"
        raise StoreError(f"{full} points at {before[:12]}, which is no version of {model}", hint)
    wish = _wish(workspace, model, alias, history)
    _check_loads(workspace, wish)
    evidence = evidence_of(workspace, wish.oid)
    missing = refusals_of(workspace, wish, evidence)
    decision = weighed("rollback", wish, was, evidence, missing, because)
    if missing and because is None:
        return decision
    why = f"roll {full} back from v{was} to v{wish.number}" + (f": {because}" if because is not None else "")
    return move(workspace, decision, before, why)


def _wish(workspace: Workspace, model: str, alias: str, history: Iterable[tuple[Line, Oid | None]]) -> Wish:
    numbers = workspace.journal.versions(model)
    earlier = [oid for oid in stack(workspace, history) if oid in numbers]  # data had the name for a while: passed over
    if len(earlier) < 2:
        hint = f"to move it elsewhere: mlops promote {model}@vN {alias}"
        raise StoreError(f"nothing was {model}@{alias} before", hint)
    return Wish(model, numbers.index(earlier[-2]) + 1, earlier[-2], alias)


def _check_loads(workspace: Workspace, wish: Wish) -> None:
    try:
        check_loadable(workspace, wish.oid)
    except StageFailed as error:
        fault = error.faults[0]
        raise StageFailed(f"{wish.name} cannot be loaded: {fault.message}", fault.hint) from None


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
    if line.about is None or not workspace.store.read(line.about).startswith(header("promotion")):
        return False
    return workspace.store.read_record(line.about, "promotion", Promoted).action == "rollback"
