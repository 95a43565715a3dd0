"""`mlops infer DATA...`: a validation spec that data like these pass, written from what is seen in them."""

from __future__ import annotations

import itertools
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_cli.base.errors import UserError
from mlops_cli.base.files import write_atomic
from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Verdict
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.project import find_root
from mlops_cli.spec.validation import EVERY, Check, ColumnType, DataValidation
from mlops_cli.spec.writing import ColumnText, ValidationText, validation_text
from mlops_cli.store.refs import resolve
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.baselines import PREVIOUS
from mlops_cli.workflows.widening import limit, need
from mlops_cli.workflows.workspace import Workspace, open_workspace, refuse_missing

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_cli.checks.suggest import Suggested
    from mlops_cli.measures.summary import Profile
    from mlops_cli.tables.parts import Dataset

SAMPLE = 2000
"""Texts of a column at which formats and patterns are looked for; all of them are held against what was found."""
PATTERN = frozenset("*?[")
MOVES = "from one input to the next it moves by itself"
NAMED = 3
"""Inputs that a spec names one by one."""
ROUNDS = 4
"""How often a spec is held against an input, and mended, at most."""


@dataclass(frozen=True)
class Inferred:
    """A spec as text, and what it was inferred from."""

    name: str
    yaml: str
    inputs: tuple[str, ...]
    rows: tuple[int, ...]
    checks: int
    columns: int
    path: str | None = None
    """Where it was written."""


@dataclass(frozen=True)
class Source:
    """One input: what the user called it, and the files."""

    label: str
    path: Path
    dataset: Dataset


def infer(
    folder: Path,
    data: Sequence[str],
    *,
    name: str | None = None,
    output: Path | None = None,
    force: bool = False,
) -> Inferred:
    """A validation that all of `data` (paths, folders, patterns, REFs) pass; written to `output` where that is given.

    Raises UserError for what names nothing and for a file that is there already, StageFailed for unreadable data.
    """
    if output is not None and output.exists() and not force:
        raise UserError(f"{output} is there already", "--force replaces it")
    if output is not None and output.exists() and output.suffix not in (".yaml", ".yml"):
        raise UserError(f"{output} is there, and is no spec: nothing was written", "name a file that ends in .yaml")
    called = name or name_of(data)
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", called) is None:
        raise UserError(f"'{called}' cannot be the name of a spec", "letters, digits, _ - and . make one")
    workspace = project_of(folder)
    with opened(folder, workspace, data) as sources:
        found, profiles = suggestions(sources, workspace)
        said = written(called, sources, profiles, found, head(folder, workspace, data, found))
        text = validation_text(proven(said, sources, workspace.measures if workspace is not None else None))
    spec = parse_validation(text, f"{called}.yaml")
    if not isinstance(spec, DataValidation):
        raise TypeError("a validation of data was written, and another kind was read")
    if output is not None:
        write_atomic(output, text.encode("utf-8"))
    rows = tuple(profile.rows for profile in profiles)
    columns, path = len(found.columns), str(output) if output is not None else None
    return Inferred(called, text, tuple(data), rows, len(spec.checks), columns, path)


def project_of(folder: Path) -> Workspace | None:
    """The project around a folder; None outside of any."""
    try:
        find_root(folder)
    except UserError:
        return None
    return open_workspace(folder)


def name_of(data: Sequence[str]) -> str:
    """A name for the spec: what the names of the inputs begin with, without endings and what only a pattern means;
    else that of the folder that holds them."""
    paths = [item.rstrip("/").partition("@")[0] for item in data]
    stems = [path.rsplit("/", 1)[-1].partition(".")[0] for path in paths]
    alike = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))
    stem = "".join(letters[0] for letters in alike)
    if len(set(stems)) > 1:
        stem = stem.rstrip("0123456789-_ ")
    folders = {path.rpartition("/")[0].rsplit("/", 1)[-1] for path in paths}
    for name in (stem, folders.pop() if len(folders) == 1 else ""):
        found = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")
        if found and (len(set(stems)) == 1 or re.search("[A-Za-z]", found)):
            return found
    return "data"


@contextmanager
def opened(folder: Path, workspace: Workspace | None, data: Sequence[str]) -> Iterator[list[Source]]:
    """The inputs; versions of the store are put into a temporary folder."""
    from mlops_cli.tables.parts import open_dataset

    with tempfile.TemporaryDirectory(prefix="mlops-") as scratch:
        found = []
        for at, item in enumerate(data):
            path = folder / item
            if workspace is not None and not path.exists() and (is_name(workspace, item) or not PATTERN & set(item)):
                found.append(placed(workspace, item, Path(scratch) / str(at)))
            else:
                refuse_missing(path, item)
                found.append(Source(item, path, open_dataset(path)))
        yield found


def is_name(workspace: Workspace, item: str) -> bool:
    """Whether the store knows a name or one of its versions; such names may hold brackets."""
    names = workspace.journal.names()
    return item in names or item.partition("@")[0] in names


def placed(workspace: Workspace, reference: str, folder: Path) -> Source:
    """A version of the store as files in `folder`."""
    from mlops_cli.tables.parts import open_dataset

    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None:
        hint = "give a path, a name, or a version such as customers@v1"
        raise UserError(f"'{reference}' is a {found.kind}, not data", hint)
    artifact = found.version.artifact
    folder.mkdir()
    target = folder / Path(artifact.name).name
    place_artifact(workspace.store, artifact, target, mode="copy")
    return Source(reference, target, open_dataset(target, "parquet" if artifact.type == "table" else None))


def suggestions(sources: Sequence[Source], workspace: Workspace | None) -> tuple[Suggested, list[Profile]]:
    """What to expect of the inputs, and their profiles."""
    from mlops_cli.checks.suggest import suggest

    texts, codes = samples(sources)
    profiles = profiled(sources, dict.fromkeys(codes, "string"), workspace)
    if mixed := unlike(sources, profiles) - codes:
        profiles = profiled(sources, dict.fromkeys(codes | mixed, "string"), workspace)
    return suggest(profiles, texts, ascending(sources, profiles)), profiles


def profiled(
    sources: Sequence[Source],
    kinds: Mapping[str, ColumnType],
    workspace: Workspace | None,
) -> list[Profile]:
    """The profile of each input, with some columns read as texts."""
    from mlops_cli.measures.asking import Wants
    from mlops_cli.measures.engine import measure, profile_of

    cache = workspace.measures if workspace is not None else None
    threads, wants = os.cpu_count() or 1, Wants(kinds=kinds)
    return [
        profile_of(source.dataset, measure(source.dataset, wants, threads=threads, cache=cache)) for source in sources
    ]


def samples(sources: Sequence[Source]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Some texts of each column that a file holds as texts, and those columns whose digits are codes, not numbers."""
    from mlops_cli.checks.shapes_of_text import is_code
    from mlops_cli.measures.values import is_text, plain_array

    texts: dict[str, tuple[str, ...]] = {}
    codes: set[str] = set()
    for source in sources:
        for name, array in first_arrays(source.dataset):
            plain = plain_array(array)
            if not is_text(plain.type):
                continue
            found = tuple(text for text in plain[:SAMPLE].to_pylist() if text is not None)
            texts[name] = texts.get(name, ()) + found
            if source.dataset.textual and any(map(is_code, found)):
                codes.add(name)
    return texts, frozenset(codes)


def first_arrays(dataset: Dataset) -> Iterator[tuple[str, pa.Array]]:
    """The columns of the first part; one after the other where they can be read alone."""
    part = next(dataset.parts())
    if part.columnar and part.names is not None:
        for name in part.names:
            yield from part.load((name,)).items()
    else:
        yield from part.load(None).items()


def unlike(sources: Sequence[Source], profiles: Sequence[Profile]) -> frozenset[str]:
    """Columns that are texts in one input and something else in another, where all files hold texts anyway."""
    kinds: dict[str, set[str]] = {}
    for profile in profiles:
        for column in profile.columns:
            kinds.setdefault(column.name, set()).add(column.kind)
    if not all(source.dataset.textual for source in sources):
        return frozenset()
    merging = ({"integer", "number"}, {"date", "timestamp"})
    found = {name: seen - {"nothing"} for name, seen in kinds.items()}
    return frozenset(name for name, seen in found.items() if len(seen) > 1 and seen not in merging)


def ascending(sources: Sequence[Source], profiles: Sequence[Profile]) -> frozenset[str]:
    """Columns of dates and times whose values ascend from row to row, in every input."""
    from mlops_cli.base.errors import Place
    from mlops_cli.measures.asking import Wants
    from mlops_cli.measures.engine import measure

    named = {column.name: column.kind for profile in profiles for column in profile.columns}
    timed: dict[str, ColumnType] = {}
    for name, kind in named.items():
        if kind == "date" or kind == "timestamp":
            timed[name] = kind
    start = Place("", 1, 1)
    checks = tuple(Check(name, name, "order", "order", None, start, direction="ascending") for name in timed)
    if not checks:
        return frozenset()
    wants = Wants(checks, timed, profile=False)
    found = [measure(source.dataset, wants, threads=os.cpu_count() or 1) for source in sources]
    tallies = {name: [item.tallies.get((name, None)) for item in found] for name in timed}
    return frozenset(
        name
        for name, items in tallies.items()
        if all(item is not None and item.of > 1 and not item.bad for item in items)
    )


def head(folder: Path, workspace: Workspace | None, data: Sequence[str], found: Suggested) -> dict[str, Json]:
    """What the spec says before its checks: its data, its baseline, its time."""
    said: dict[str, Json] = {}
    if len(data) == 1 and workspace is not None:
        path = (folder / data[0]).resolve()
        if path.is_relative_to(workspace.root) and (path.exists() or PATTERN & set(data[0])):
            said["data"] = path.relative_to(workspace.root).as_posix()
        elif not path.exists():
            said["data"] = data[0].partition("@")[0]
    said["baseline"] = PREVIOUS
    if found.time is not None:
        said["time"] = found.time
    return said


def written(
    name: str, sources: Sequence[Source], profiles: Sequence[Profile], found: Suggested, said: Mapping[str, Json]
) -> ValidationText:
    """The spec to be written."""
    from mlops_cli.checks.suggest import DRIFT

    told = [f"{source.label} ({profile.rows:,} rows)" for source, profile in zip(sources, profiles, strict=True)]
    inputs = ", ".join(told) if len(told) <= NAMED else f"{len(told)} inputs, from {told[0]} to {told[-1]}"
    hints = tuple(f"the column {column!r} cannot be named here: it means every column" for column in found.unsayable)
    return ValidationText(
        name=name,
        remarks=(
            f"Inferred from {inputs}.",
            "Tighten what you know better; `mlops accept` widens what proves too tight.",
        ),
        head=said,
        whole=found.whole,
        every=DRIFT if found.columns else {},
        columns=found.columns,
        hints=hints,
    )


def proven(said: ValidationText, sources: Sequence[Source], cache: Path | None) -> ValidationText:
    """The spec without what the inputs themselves do not keep: patterns and the like were found in some rows only. What
    moves from one input to the next by itself may move so much."""
    from mlops_cli.checks.asked import Settings
    from mlops_cli.checks.data import check_data
    from mlops_cli.checks.past import NO_PAST, past_of

    settings = Settings(threads=os.cpu_count() or 1, cache=cache)
    for at, source in enumerate(sources):
        for _ in range(ROUNDS):
            spec = parsed(said)
            past = past_of(spec, sources[at - 1].path, sources[at - 1].label, cache=cache) if at else NO_PAST
            broken = [item for item in check_data(spec, source.path, past, settings).report.verdicts if item.blocks]
            if not broken:
                break
            said = replace(said, columns=tuple(kept(column, broken, spec) for column in said.columns))
    return said


def parsed(said: ValidationText) -> DataValidation:
    """The record of what is to be written."""
    spec = parse_validation(validation_text(replace(said, head={"baseline": PREVIOUS})), f"{said.name}.yaml")
    if not isinstance(spec, DataValidation):
        raise TypeError("a validation of data was written, and another kind was read")
    return spec


def kept(column: ColumnText, broken: Sequence[Verdict], spec: DataValidation) -> ColumnText:
    """A column without the keys of checks that the data break, and with room for what moves by itself."""
    own = {check.id: check for check in spec.checks}
    mine = [item for item in broken if item.subject == column.name]
    column = without(column, {item.check for item in mine if item.check in own and not moves(own[item.check])}, own)
    says, moved = dict(column.says), False
    for item in mine:
        check = own[item.check] if item.check in own else every_of(item, spec)
        if check is not None and moves(check):
            says = {**says, **room(says, check, item)}
            moved = True
    if not moved:
        return column
    before = [remark for remark in column.remarks if not remark.startswith(MOVES)]
    remarks = (*before, f"{MOVES}: {', '.join(sorted(key for key, value in says.items() if varies(value)))}")
    return replace(column, says=says, remarks=remarks)


def varies(value: Json) -> bool:
    """Whether a column says something of its own about a comparison with the baseline."""
    return isinstance(value, dict) and ("change" in value or isinstance(value.get("max"), float))


def moves(check: Check) -> bool:
    """Whether a check compares with the baseline."""
    return check.comparator in ("change", "drift")


def every_of(item: Verdict, spec: DataValidation) -> Check | None:
    """The check of every column that a verdict came from."""
    endings = {check.id.removeprefix(EVERY): check for check in spec.checks if check.subject == EVERY}
    found = next((check for ending, check in endings.items() if item.check.endswith(item.subject + ending)), None)
    return replace(found, id=item.check, subject=item.subject) if found is not None else None


def room(says: Mapping[str, Json], check: Check, item: Verdict) -> dict[str, Json]:
    """A bound that holds what was seen and half as much again."""
    bound, needed = check.bound, need(check, item)
    most = 0.0 if bound is None else bound.value * 2
    value = limit(check, min(1.5 * max(needed, bound.value) if needed is not None and bound is not None else most, 1.0))
    if check.comparator == "drift":
        return {"drift": {"max": math.ceil(float(str(value)) * 100) / 100}}
    before = says.get(check.measure)
    return {check.measure: {**(before if isinstance(before, dict) else {}), "change": value}}


def without(column: ColumnText, broken: set[str], checks: Mapping[str, Check]) -> ColumnText:
    """A column without the keys of some of its checks."""
    mine = [checks[name] for name in broken if checks[name].subject == column.name]
    dropped = {check.id.rpartition(".")[2] if check.bound is None else bound_key(check) for check in mine}
    says = {key: value for key, value in column.says.items() if key not in dropped}
    if "tolerance" in says and not says.keys() & {"type", "min", "max", "in", "matches", "is", "length", "unique"}:
        del says["tolerance"]
    return replace(column, says=says)


def bound_key(check: Check) -> str:
    """The key of a column that a check with a bound stands under."""
    if check.measure in ("min", "max"):
        return check.measure
    return {"length_min": "length", "length_max": "length"}.get(check.measure, check.measure)
