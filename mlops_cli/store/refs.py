"""References: what a user writes to name something in the store.

`name` (what it means now), `name@v3`, `name@alias`, each with `@{time}` behind it (what it meant then), `run:<id>`, or
the first 6 or more digits of an object's identity.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mlops_cli.base.clock import parse_time
from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.journal import Journal
from mlops_cli.store.objects import header
from mlops_cli.store.records import Version
from mlops_cli.store.store import Store

RUN = "run:"
IDENTITY = re.compile(r"[0-9a-f]{6,64}")
MOMENT = re.compile(r"(.+)@\{([^{}]*)\}", re.DOTALL)
NUMBER = re.compile(r"(.+)@v([0-9]+)", re.DOTALL)


@dataclass(frozen=True)
class Resolved:
    """What a reference names. `name` is the dataset or model without alias, or what the user wrote."""

    name: str
    version_number: int | None
    oid: Oid
    version: Version | None
    kind: Literal["version", "run", "object"]


@dataclass(frozen=True)
class _RunName:
    """The part of a run's record that a reference needs."""

    id: str


def split_ref(text: str) -> tuple[str, datetime | None]:
    """A reference as the part before `@{time}` and the time; raises UserError for a time that is none."""
    match = MOMENT.fullmatch(text)
    return (match[1], parse_time(match[2])) if match else (text, None)


def resolve(store: Store, journal: Journal, text: str) -> Resolved:
    """What `text` names; raises StoreError when there is no such thing or several, UserError for a bad time."""
    name, moment = split_ref(text)
    if moment is None and name.startswith(RUN):
        return _resolve_run(store, journal, name.removeprefix(RUN))
    names = journal.names()
    if moment is not None:
        return _resolve_moment(store, journal, name, moment)
    if name in names:
        return _resolve_version(store, journal, name, names[name])
    match = NUMBER.fullmatch(name)
    if match and (versions := journal.versions(match[1])):
        number = int(match[2])
        if not 1 <= number <= len(versions):
            have = "only v1" if len(versions) == 1 else f"v1 to v{len(versions)}"
            raise StoreError(
                f"'{match[1]}' has no version {number}", f"it has {have}: `mlops log {match[1]}` lists them"
            )
        return _resolve_version(store, journal, match[1], versions[number - 1])
    if IDENTITY.fullmatch(name):
        return _resolve_prefix(store, journal, name)
    raise _unknown(journal, name)


def _resolve_moment(store: Store, journal: Journal, name: str, moment: datetime) -> Resolved:
    if NUMBER.fullmatch(name) and not journal.history(name):
        raise UserError(f"'{name}' is the same at all times", "leave the time out")
    oid = journal.value_at(name, moment)
    if oid is not None:
        return _resolve_version(store, journal, name, oid)
    history = journal.history(name)
    if not history:
        raise _unknown(journal, name)
    raise StoreError(
        f"there was no '{name}' at {moment:%Y-%m-%dT%H:%M:%SZ}",
        f"its first line in the journal is of {history[0][0].time}",
    )


def _resolve_version(store: Store, journal: Journal, name: str, oid: Oid) -> Resolved:
    version = store.read_record(oid, "version", Version)
    versions = journal.versions(version.name)
    number = versions.index(oid) + 1 if oid in versions else None
    return Resolved(version.name if number else name, number, oid, version, "version")


def _resolve_run(store: Store, journal: Journal, text: str) -> Resolved:
    """A run by its own id, or by the beginning of that or of its record's identity."""
    found: dict[Oid, str] = {}
    for line in journal.newest():
        if line.run and line.run not in found:
            name = store.read_record(line.run, "run", _RunName).id
            if text in (name, line.run):
                return Resolved(name, None, line.run, None, "run")
            if text and (name.startswith(text) or (len(text) >= 6 and line.run.startswith(text))):
                found[line.run] = name
    if len(found) == 1:
        oid, name = next(iter(found.items()))
        return Resolved(name, None, oid, None, "run")
    if found:
        raise StoreError(f"several runs begin with '{text}'", "they are " + _some(found.values()))
    raise StoreError(f"there is no run '{text}'", "`mlops runs` lists them")


def _resolve_prefix(store: Store, journal: Journal, prefix: str) -> Resolved:
    found = [Oid(prefix)] if len(prefix) == 64 and store.has(Oid(prefix)) else list(store.objects(prefix))
    if not found:
        raise _unknown(journal, prefix)
    if len(found) > 1:
        raise StoreError(f"several objects begin with '{prefix}'", "write more digits: " + _some(sorted(found)))
    oid = found[0]
    start = store.read(oid)[:64] if store.size(oid) < 1 << 20 else b""
    if start.startswith(header("version")):
        return _resolve_version(store, journal, prefix, oid)
    if start.startswith(header("run")):
        return Resolved(store.read_record(oid, "run", _RunName).id, None, oid, None, "run")
    return Resolved(prefix, None, oid, None, "object")


def _unknown(journal: Journal, name: str) -> StoreError:
    names = journal.names()
    near = difflib.get_close_matches(name, [*names, *{full.partition("@")[0] for full in names}], 1, 0.6)
    if near:
        return StoreError(f"there is no '{name}'", f"did you mean '{near[0]}'?")
    return StoreError(f"there is no '{name}'", "`mlops ls` lists the names" if names else "the store has no names yet")


def _some(names: Iterable[str]) -> str:
    shown = [name[:20] for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
