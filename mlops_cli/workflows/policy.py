"""What the project asks of a version before an alias moves to it, and what of that is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.clock import now, parse_time
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import canonical
from mlops_cli.pipeline.key import validation_id
from mlops_cli.spec.load import load_validation, shown_path
from mlops_cli.spec.project import Promotion
from mlops_cli.spec.source import read_document
from mlops_cli.spec.validation import ModelValidation, Validation
from mlops_cli.workflows.evidence import Judgement
from mlops_cli.workflows.naming import number_of
from mlops_cli.workflows.sign import HOW, unsigned
from mlops_cli.workflows.workspace import Workspace

SPECS = "specs"
SKEW = 60.0
"""Seconds by which the clocks of two machines may differ without either being wrong."""
SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Missing:
    """One thing that stands in the way of a promotion, and what would mend it."""

    what: str
    fix: str | None = None


@dataclass(frozen=True)
class Wish:
    """A version that shall get an alias."""

    model: str
    number: int
    oid: Oid
    alias: str

    @property
    def name(self) -> str:
        """The version as people write it."""
        return f"{self.model}@v{self.number}"


def missing_for(workspace: Workspace, wish: Wish, evidence: Mapping[str, Judgement]) -> list[Missing]:
    """Everything that the policy of the alias asks for and that is not there.

    Without a policy, or where it names no gates, a gate must have judged this very version, and all that did must have
    passed. Raises SpecError where a spec of a gate cannot be read.
    """
    policy = workspace.project.promotion_of(wish.alias) or Promotion()
    found = list(_gates(workspace, wish, evidence, policy) if policy.gates else _any_gate(workspace, wish, evidence))
    if policy.source is not None and workspace.journal.names().get(f"{wish.model}@{policy.source}") != wish.oid:
        found.append(_not_from(workspace, wish, policy.source))
    return found + not_signed(workspace, wish)


def refusals_of(workspace: Workspace, wish: Wish, evidence: Mapping[str, Judgement]) -> list[Missing]:
    """What stands against going back to a version: a gate whose latest word on it is no, a signature that is asked for.

    That evidence is old, or was found by an earlier text of a spec, does not: it was enough when the version was live.
    """
    found = [judgement for judgement in evidence.values() if not judgement.passed]
    return [_said_no(judgement, None) for judgement in found] + not_signed(workspace, wish)


def not_signed(workspace: Workspace, wish: Wish) -> list[Missing]:
    """That a version has no signature that counts, where the project asks for one before it is promoted or loaded."""
    policy, verify = workspace.project.promotion_of(wish.alias), workspace.project.verify
    trouble = unsigned(workspace, wish.oid) if verify or (policy is not None and policy.signed) else None
    if trouble is None:
        return []
    unread = "; nothing unsigned is loaded, not to try it either" if "load" in verify else ""
    return [Missing(f"it is not signed: {trouble}{unread}", HOW.format(name=wish.name))]


def policy_id(workspace: Workspace, alias: str) -> str | None:
    """The identity of what the project asks of an alias: the hash of its canonical JSON; None: it asks for nothing."""
    policy = workspace.project.promotion_of(alias)
    return hash_bytes(canonical(policy)) if policy is not None else None


def _gates(workspace: Workspace, wish: Wish, evidence: Mapping[str, Judgement], policy: Promotion) -> Iterator[Missing]:
    for gate in policy.gates:
        specs = specs_of(workspace, gate)
        judgement = evidence.get(gate)
        spec = next(iter(specs), None)
        asked = next(iter(specs.values()), None)
        fix = f"mlops validate {spec} --model {wish.name}" if spec else None
        if spec is None or asked is None:
            yield Missing(f"no spec in {SPECS}/ has the name {gate}", "mlops.yaml asks for it under promotion")
        elif len(specs) > 1:
            which = ", ".join(specs)
            yield Missing(f"several specs have the name {gate}: {which}", "the policy means one: give the others names")
        elif not isinstance(asked, ModelValidation):
            hint = "mlops.yaml asks for it under promotion: name a validation of a model"
            yield Missing(f"the gate {gate} ({spec}) judges data, not a model", hint)
        elif judgement is None:
            yield Missing(f"the gate {gate} has not judged it", fix)
        elif not judgement.passed:
            yield _said_no(judgement, fix)
        elif judgement.spec != validation_id(asked):
            yield Missing(f"the gate {gate} has judged it by an earlier {spec}", fix)
        elif policy.max_age is not None:
            age = _age(judgement)
            if age > policy.max_age:
                what = f"the gate {gate} judged it {span(age)} ago, and evidence counts for {span(policy.max_age)}"
                yield Missing(what, fix)
            elif age < -SKEW:
                what = f"the judgement of the gate {gate} is dated in the future ({judgement.time}): it has no age"
                yield Missing(what, fix)


def _any_gate(workspace: Workspace, wish: Wish, evidence: Mapping[str, Judgement]) -> Iterator[Missing]:
    if not evidence:
        yield Missing("there is no evidence: no gate has judged it", f"mlops validate SPEC --model {wish.name}")
    for gate, judgement in evidence.items():
        if not judgement.passed:
            spec = next(iter(specs_of(workspace, gate)), "SPEC")
            yield _said_no(judgement, f"mlops validate {spec} --model {wish.name}")


def _said_no(judgement: Judgement, fix: str | None) -> Missing:
    what = f"the gate {judgement.gate} said no at {judgement.time} (report {judgement.report[:12]})"
    return Missing(what, f"mend the model, or judge again: {fix}" if fix else None)


def _not_from(workspace: Workspace, wish: Wish, source: str) -> Missing:
    there = workspace.journal.names().get(f"{wish.model}@{source}")
    if there is None:
        return Missing(f"{wish.model}@{source} must point at it, and is not there")
    number = number_of(workspace, wish.model, there)
    points = f"v{number}" if number is not None else f"{there[:12]}, which is no version of {wish.model}"
    return Missing(f"{wish.model}@{source} must point at it, and points at {points}")


def specs_of(workspace: Workspace, gate: str) -> dict[str, Validation]:
    """The specs of the project that have the name of a gate: path -> what it says. Raises SpecError."""
    root = workspace.root
    folder = root / SPECS
    files = folder.rglob("*") if folder.is_dir() else root.glob("*")
    found: dict[str, Validation] = {}
    for path in sorted(item for item in files if item.suffix in (".yaml", ".yml") and item.is_file()):
        text = path.read_text("utf-8", "replace")
        if gate in text and "validation" in text:
            said = read_document(path, shown_path(path, root)).data
            if isinstance(said, dict) and said.get("kind") == "validation" and said.get("name") == gate:
                found[shown_path(path, root)] = load_validation(path, root, workspace.remember)
    return found


def _age(judgement: Judgement) -> float:
    return (now() - parse_time(judgement.time)).total_seconds()


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: `3 days`, `1 hour`."""
    length, word = next(((length, word) for length, word in SPANS if seconds >= length), (1, "second"))
    count = int(seconds // length)
    return f"{count} {word}{'' if count == 1 else 's'}"
