"""`mlops promote`: an alias moves to a version that has the evidence for it; or somebody says why it moves without."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.journal import Conflict, Move
from mlops_cli.store.records import Promoted
from mlops_cli.store.refs import resolve
from mlops_cli.workflows.evidence import Judgement, evidence_of
from mlops_cli.workflows.loadable import check_loadable
from mlops_cli.workflows.naming import number_of
from mlops_cli.workflows.policy import Missing, Wish, missing_for, not_signed, policy_id
from mlops_cli.workflows.workspace import Workspace

ALIAS = re.compile(r"(?!v[0-9]+$)[A-Za-z_][A-Za-z0-9_-]*")
"""As the schemas have it: `$defs/alias`."""


@dataclass(frozen=True)
class Decision:
    """What became of the wish to move an alias."""

    outcome: Literal["moved", "refused", "nothing_to_do"]
    action: Literal["promote", "rollback"]
    model: str
    alias: str
    number: int
    version: Oid
    before: int | None
    """The number of the version that the alias meant before; None: it was not there."""
    evidence: Mapping[str, Oid] = field(default_factory=dict)
    """Gate -> the report of its latest judgement of this version, where it passed."""
    against: Mapping[str, Oid] = field(default_factory=dict)
    """The same of the gates that said no."""
    missing: tuple[Missing, ...] = ()
    """What the policy asks for and is not there: refused for it, or overridden."""
    because: str | None = None
    time: str | None = None
    who: str | None = None


def promote(
    workspace: Workspace, reference: str, alias: str, because: str | None = None, *, override: bool = False
) -> Decision:
    """Move `alias` of a model to the version that a REF names, if the project's policy lets it.

    `override`: also if it does not; then `because` has to say why, and what was missing is recorded with it. Raises
    UserError where the REF is no model or no reason is given, Conflict where somebody else moved the alias meanwhile.
    """
    if override and because is None:
        raise UserError("--override needs a reason", "say why with --because TEXT")
    wish = _wish(workspace, reference, alias)
    before = workspace.journal.names().get(f"{wish.model}@{alias}")
    if before == wish.oid:
        return Decision("nothing_to_do", "promote", wish.model, alias, wish.number, wish.oid, wish.number)
    missing = _not_loadable(workspace, wish) + _astray(workspace, wish, before)
    evidence = evidence_of(workspace, wish.oid)  # after loading, which takes its time: nothing newer is passed over
    missing += missing_for(workspace, wish, evidence)
    decision = weighed("promote", wish, number_of(workspace, wish.model, before), evidence, missing, because)
    if missing and not override:
        return decision
    passed = ", ".join(sorted(decision.evidence))
    why = f"promote {wish.name} to {alias}: " + (f"gates {passed} passed" if passed else "no gate passed")
    if because is not None:
        why += f"; {'override ' if missing else ''}because {because}"
    return move(workspace, decision, before, why)


def weighed(
    action: Literal["promote", "rollback"],
    wish: Wish,
    before: int | None,
    evidence: Mapping[str, Judgement],
    missing: Sequence[Missing],
    because: str | None,
) -> Decision:
    """A decision before anything has moved, with what speaks for it and against it."""
    reports = {gate: judgement.report for gate, judgement in evidence.items() if judgement.passed}
    against = {gate: judgement.report for gate, judgement in evidence.items() if not judgement.passed}
    return Decision(
        "refused",
        action,
        wish.model,
        wish.alias,
        wish.number,
        wish.oid,
        before,
        reports,
        against,
        tuple(missing),
        because,
    )


def move(workspace: Workspace, decision: Decision, before: Oid | None, why: str) -> Decision:
    """Record a decision and move its alias from `before`. Raises Conflict where somebody else was faster."""
    record = Promoted(
        action=decision.action,
        model=decision.model,
        alias=decision.alias,
        version=decision.version,
        number=decision.number,
        before=before,
        evidence={**decision.evidence, **decision.against},
        missing=tuple(item.what for item in decision.missing),
        policy=policy_id(workspace, decision.alias),
        because=decision.because,
    )
    with workspace.store.begin() as transaction:
        about = transaction.add_record("promotion", record)
        transaction.commit()
    workspace.store.flush()
    full = f"{decision.model}@{decision.alias}"
    try:
        line = workspace.journal.append([Move(full, before, decision.version)], why, about=about)
    except Conflict:
        raise _too_late(workspace, decision.model, full) from None
    return replace(decision, outcome="moved", time=line.time, who=line.who)


def _too_late(workspace: Workspace, model: str, full: str) -> Conflict:
    line, oid = workspace.journal.history(full)[-1]
    number = number_of(workspace, model, oid)
    what = f"moved {full} to v{number}" if number is not None else f"{'moved' if oid else 'removed'} {full}"
    hint = f"look at it first: mlops log {full}"
    return Conflict(f"{line.who} {what} at {line.time} while this was checked", hint)


def check_alias(alias: str) -> None:
    """Raise UserError for what is no name of an alias of the user's; ours have a dot and are not moved by hand."""
    if not ALIAS.fullmatch(alias):
        raise UserError(f"'{alias}' is no alias", "letters, digits, _ and -; v1, v2, ... are version numbers")


def _wish(workspace: Workspace, reference: str, alias: str) -> Wish:
    check_alias(alias)
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None or found.version_number is None:
        raise UserError(f"'{reference}' is no version of a model", "mlops models lists them")
    if found.version.kind != "model":
        raise UserError(f"{found.name}@v{found.version_number} is data, not a model", "mlops models lists the models")
    return Wish(found.name, found.version_number, found.oid, alias)


def _not_loadable(workspace: Workspace, wish: Wish) -> list[Missing]:
    if "load" in workspace.project.verify and not_signed(workspace, wish):
        return []  # nothing unsigned is loaded; the policy says so
    try:
        check_loadable(workspace, wish.oid)
    except UserError as error:
        fault = error.faults[0]
        return [Missing(f"it cannot be loaded: {fault.message}", fault.hint)]
    return []


def _astray(workspace: Workspace, wish: Wish, before: Oid | None) -> list[Missing]:
    """That the alias is somebody else's now: data were added under its name, or a hand has moved it."""
    if before is None or number_of(workspace, wish.model, before) is not None:
        return []
    full = f"{wish.model}@{wish.alias}"
    fix = f"to take it over: mlops promote {wish.name} {wish.alias} --override --because TEXT"
    return [Missing(f"{full} points at {before[:12]}, which is no version of {wish.model}", fix)]
