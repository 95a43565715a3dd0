"""What a data validation compares with: profiles of earlier versions, never their rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_cli.checks.wanting import completed, stated_format, wants_of
from mlops_cli.measures.engine import measure, profile_of
from mlops_cli.measures.summary import Profile
from mlops_cli.spec.validation import DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset


@dataclass(frozen=True)
class Past:
    """The baseline's profile, or why there is none, and those of earlier versions that passed, the newest last."""

    baseline: Profile | None = None
    label: str | None = None
    fault: str | None = None
    history: tuple[Profile, ...] = ()


NO_PAST = Past()


def past_of(
    spec: DataValidation,
    path: Path,
    label: str | None = None,
    *,
    history: tuple[Profile, ...] = (),
    threads: int = 1,
    cache: Path | None = None,
) -> Past:
    """The past that is a file: measured as this validation measures. A file that cannot be read is a fault, not an error."""
    try:
        return Past(profile_for(spec, path, threads=threads, cache=cache), label, history=history)
    except BadTable as fault:
        return Past(None, label, str(fault), history)


def profile_for(spec: DataValidation, path: Path, *, threads: int = 1, cache: Path | None = None) -> Profile:
    """The profile of a file as this validation reads it: its types, its slices. Raises BadTable, StageFailed."""
    spec = completed(spec)
    dataset = open_dataset(path, stated_format(spec))
    return profile_of(
        dataset, measure(dataset, wants_of(spec, dataset, (), profile=True), threads=threads, cache=cache)
    )
