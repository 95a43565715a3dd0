"""`mlops validate SPEC --rehearse`: what would the spec have said to earlier versions, and to faults that may come?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_cli.base.clock import parse_time
from mlops_cli.base.errors import UserError
from mlops_cli.checks.verdict import Report
from mlops_cli.spec.load import load_validation, shown_path
from mlops_cli.spec.validation import DataValidation
from mlops_cli.store.records import Version
from mlops_cli.store.whole import whole_version
from mlops_cli.workflows.baselines import PREVIOUS, passed_name
from mlops_cli.workflows.infer_spec import Source, opened
from mlops_cli.workflows.planting import Note, Planted, Sown, plant
from mlops_cli.workflows.validate_now import Subjects, name_of, refuse_environment
from mlops_cli.workflows.workspace import Workspace

if TYPE_CHECKING:
    from mlops_cli.checks.asked import Settings
    from mlops_cli.checks.past import Past
    from mlops_cli.measures.summary import Profile


@dataclass(frozen=True)
class Replayed:
    """An earlier version, judged with the versions that were there before it."""

    version: str
    created: str
    passed: bool
    accepted: bool
    """Whether it counts: it passed this validation in its day, or nothing ever was judged by it."""
    failed: tuple[str, ...] = ()
    """The checks that said no."""


@dataclass(frozen=True)
class Rehearsal:
    """How a spec does on earlier versions and on planted faults."""

    spec: str
    data: str
    rows: int
    planted_rows: int
    """Into how many of the rows faults were planted."""
    columns: int
    planted_columns: int
    replays: tuple[Replayed, ...]
    faults: tuple[Planted, ...]
    already: tuple[str, ...]
    """Checks that say no to the newest data as they are: they can catch nothing."""

    @property
    def caught(self) -> int:
        """How many faults the spec saw; a warning lets the data pass, and does not count."""
        return sum(1 for item in self.faults if item.state == "caught")

    def record(self) -> Mapping[str, object]:
        """What `--json` prints: the facts, with what follows from them."""
        counts = {"caught": self.caught, "planted": len(self.faults), "passed": self.passed}
        return {**{item.name: getattr(self, item.name) for item in fields(self)}, **counts}

    @property
    def passed(self) -> bool:
        """Whether no version that was accepted would be refused."""
        return all(item.passed for item in self.replays if item.accepted)


@dataclass(frozen=True)
class Known:
    """Profiles of the versions that passed so far in a replay, the newest last, with their labels."""

    profiles: tuple[tuple[str, Profile], ...] = ()


def rehearse(workspace: Workspace, spec: Path, subjects: Subjects, note: Note) -> Rehearsal:
    """Replay and plant. Raises UserError where spec or data are wrong, StageFailed for data that cannot be read."""
    validation = load_validation(spec, workspace.root, workspace.remember)
    if not isinstance(validation, DataValidation) or subjects.model:
        raise UserError(f"{validation.file} judges a model, which has no rehearsal", "rehearse a validation of data")
    data = subjects.data or validation.data
    if data is None:
        hint = "give --data REF or PATH, or write `data:` into the spec"
        raise UserError(f"{validation.file} does not say which data to judge", hint)
    refuse_environment(validation, subjects.environment)
    fixed = fixed_baseline(workspace, validation, subjects)
    replays, known = replayed(workspace, validation, name_of(workspace, data), fixed, subjects, note)
    label = data if "@" in data else shown_path(workspace.root / data, workspace.root)
    with opened(workspace.root, workspace, [data]) as sources:
        same = replays[-1:] if is_last(workspace, name_of(workspace, data), sources[0]) else ()
        past = past_for(validation, without(known, same), fixed)
        note(f"judging {label} as it is")
        report, profile = judged(workspace, validation, sources[0], past, None, subjects)
        if profile is None:
            said = next((item.message for item in report.verdicts if item.blocks), None)
            raise UserError(f"{label} cannot be read: nothing can be planted into it", said)
        if past.baseline is None:  # on the first day the data stand in for their own past
            past = replace(past, baseline=profile, label=label)
        settings = settings_for(workspace, subjects, None)
        found = plant(Sown(validation, sources[0], profile, past, settings), note)
    return Rehearsal(
        spec=validation.file,
        data=label,
        rows=profile.rows,
        planted_rows=found.rows,
        columns=len(profile.columns),
        planted_columns=found.columns,
        replays=replays,
        faults=found.faults,
        already=found.already,
    )


def fixed_baseline(workspace: Workspace, validation: DataValidation, subjects: Subjects) -> Past | None:
    """The past of a baseline that is the same for all versions; None where each has its own."""
    from mlops_cli.checks.past import past_of

    named = subjects.baseline or (validation.baseline if validation.baseline != PREVIOUS else None)
    if named is None:
        return None
    with opened(workspace.root, workspace, [named]) as sources:
        return past_of(validation, sources[0].path, named, cache=workspace.measures)


def replayed(
    workspace: Workspace,
    validation: DataValidation,
    name: str,
    fixed: Past | None,
    subjects: Subjects,
    note: Note,
) -> tuple[tuple[Replayed, ...], Known]:
    """Every version of the data that the store has, judged in order, each with the past that it had then."""
    found: list[Replayed] = []
    known = Known()
    passed = contents(workspace, passed_name(name, validation.name))
    for number, oid in enumerate(workspace.journal.versions(name), start=1):
        version = whole_version(workspace.store, oid)
        if version is None or version.kind != "data":
            continue
        label = f"{name}@v{number}"
        note(f"replaying {label}")
        with opened(workspace.root, workspace, [label]) as sources:
            past = past_for(validation, known, fixed)
            report, profile = judged(workspace, validation, sources[0], past, version, subjects)
        accepted = version.artifact.oid in passed if passed else True
        failed = tuple(dict.fromkeys(item.check for item in report.verdicts if item.blocks))
        found.append(Replayed(label, version.created, report.passed, accepted, failed))
        if report.passed and profile is not None:
            known = Known((*known.profiles, (label, profile)))
    return tuple(found), known


def contents(workspace: Workspace, name: str) -> frozenset[str]:
    """The identities of what a name ever meant."""
    versions = (whole_version(workspace.store, oid) for oid in workspace.journal.versions(name))
    return frozenset(version.artifact.oid for version in versions if version is not None)


def is_last(workspace: Workspace, name: str, source: Source) -> bool:
    """Whether the data are the newest version of their name, and so not their own past."""
    from mlops_cli.store.worktree import identify

    versions = workspace.journal.versions(name)
    version = whole_version(workspace.store, versions[-1]) if versions else None
    if version is None or not source.path.exists():
        return False
    found = identify(workspace.store, workspace.index, source.path, version.artifact.type)
    return found is not None and found.oid == version.artifact.oid


def without(known: Known, replays: Sequence[Replayed]) -> Known:
    """What was known before some versions."""
    labels = {item.version for item in replays}
    return Known(tuple(item for item in known.profiles if item[0] not in labels))


def past_for(validation: DataValidation, known: Known, fixed: Past | None) -> Past:
    """What data are compared with that come after the known versions."""
    from mlops_cli.checks.past import Past

    history = tuple(profile for _, profile in known.profiles[-validation.history :]) if validation.history else ()
    if fixed is not None:
        return replace(fixed, history=history)
    if validation.baseline is None or not known.profiles:
        return Past(history=history)
    label, profile = known.profiles[-1]
    return Past(profile, label, history=history)


def judged(
    workspace: Workspace,
    validation: DataValidation,
    source: Source,
    past: Past,
    version: Version | None,
    subjects: Subjects,
) -> tuple[Report, Profile | None]:
    """The report on files, after rows were set aside where the spec does that, and the profile of all rows."""
    from mlops_cli.checks.data import check_data
    from mlops_cli.checks.quarantine import quarantined

    settings = settings_for(workspace, subjects, version)
    found = check_data(validation, source.path, past, settings, label=source.label)
    if validation.quarantine is None:
        return found.report, found.profile
    return quarantined(validation.quarantine, found, None, None, None)[0], found.profile


def settings_for(workspace: Workspace, subjects: Subjects, version: Version | None) -> Settings:
    """How a version is judged: as on the day that it came."""
    from mlops_cli.checks.asked import Settings

    then = parse_time(version.created).timestamp() if version is not None else None
    return Settings(
        root=workspace.root,
        threads=os.cpu_count() or 1,
        cache=workspace.measures,
        environment=subjects.environment,
        now=then,
        modified=then,
        profile=True,
    )
