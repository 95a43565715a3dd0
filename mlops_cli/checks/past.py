"""What a data validation compares with: profiles of earlier versions, never their rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.files import write_atomic
from mlops_cli.base.hashing import hash_record
from mlops_cli.base.records import BadRecord, canonical, decode, plain
from mlops_cli.checks.wanting import completed, stated_format, wants_of
from mlops_cli.measures.asking import Wants
from mlops_cli.measures.engine import measure, profile_of
from mlops_cli.measures.summary import Profile
from mlops_cli.measures.worker import VERSION
from mlops_cli.spec.validation import DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import Dataset, open_dataset


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
    identity: str | None = None,
    threads: int = 1,
    cache: Path | None = None,
) -> Past:
    """The past that is a file: measured as this validation measures, or known by the identity of its bytes from when it
    was measured before. A file that cannot be read is a fault, not an error."""
    try:
        return Past(profile_for(spec, path, identity=identity, threads=threads, cache=cache), label)
    except BadTable as fault:
        return Past(None, label, str(fault))


def profile_for(
    spec: DataValidation, path: Path, *, identity: str | None = None, threads: int = 1, cache: Path | None = None
) -> Profile:
    """The profile of a file as this validation reads it: its types, its slices. Raises BadTable, StageFailed."""
    spec = completed(spec)
    dataset = open_dataset(path, stated_format(spec))
    wants = wants_of(spec, dataset, (), profile=True)
    known = None if identity is None or cache is None else profile_path(cache, identity, wants, dataset)
    if known is not None:
        with suppress(OSError, BadRecord):
            return decode(known.read_bytes(), Profile)
    found = profile_of(dataset, measure(dataset, wants, threads=threads, cache=cache))
    if known is not None:
        keep_profile(known, found)
    return found


def profile_path(cache: Path, identity: str, wants: Wants, dataset: Dataset) -> Path:
    """Where the profile of some bytes is kept, read in this way."""
    key = hash_record([VERSION, identity, dataset.format.NAME, dict(sorted(wants.kinds.items())), plain(wants.slices)])
    return cache / "profiles" / f"{key}.json"


def keep_profile(path: Path, profile: Profile) -> None:
    """Keep a profile; a disk that is full or may not be written to is no reason to stop."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, canonical(profile))
