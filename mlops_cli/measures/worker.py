"""The pieces of work on one part: taken from the cache, or read, typed, summarised and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from mlops_cli.base.hashing import Oid, hash_record
from mlops_cli.base.records import Json, plain
from mlops_cli.measures.asking import Asked, Wants, asked_of_column, meaning, read
from mlops_cli.measures.cache import Cache, Unit
from mlops_cli.measures.counting import Context, Several, count_column, count_several
from mlops_cli.measures.cutting import cut_part
from mlops_cli.measures.repeats import is_whole
from mlops_cli.measures.summary import Kind
from mlops_cli.measures.values import Mask, Values, values_of
from mlops_cli.spec.validation import ColumnType
from mlops_cli.tables.formats.base import BadTable, Part
from mlops_cli.tables.parts import Dataset

VERSION = 1
"""Of what is measured: raise it when results change, so that nothing old is taken from a cache."""
SEVERAL = "\0several"
"""The name of the piece of work over several columns: no column of a file has it."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What came of one part."""

    rows: int
    names: tuple[str, ...]
    units: Mapping[str, Unit]
    reused: int


@dataclass(frozen=True, eq=False)
class Worker:
    """Knows what is wanted of every part; has no state, so that threads share it."""

    dataset: Dataset
    wants: Wants
    several: Several
    cache: Cache
    forced: Mapping[str, Kind] = field(default_factory=dict)
    """Columns whose parts differ in type -> the type of the whole."""
    runs: frozenset[str] = frozenset()
    """Columns whose hashes are needed although their values ascend within each part."""

    def asked(self, name: str) -> Asked:
        """What is asked of a column."""
        return asked_of_column(name, self.wants, self.forced.get(name), name in self.runs)

    def wanted(self, names: Sequence[str], several: bool) -> list[str]:
        """The pieces of work among some columns; those of which nothing is asked are none."""
        found = [name for name in names if (asked := self.asked(name)).summary or asked.checks]
        return [*found, SEVERAL] if several and self.several.checks else found

    def column(self, part: Part, name: str) -> Measured:
        """One piece of work on a part whose columns can be read alone."""
        key, rows = self.key(part, name), part.rows or 0
        unit, reused = self.known(key), 1
        if unit is None:
            cut = self.masks(part.load(self.slice_columns), rows) if self.is_sliced(name) else {}
            arrays = part.load(self.several.columns if name == SEVERAL else (name,))
            unit, reused = self.count(part, name, arrays, rows, cut, key), 0
        return Measured(rows, (), {name: unit}, reused)

    def block(self, part: Part, only: frozenset[str] | None) -> Measured:
        """All pieces of work on a block of lines, which are parsed together; `only` some columns, or None for all."""
        columns = part.names if part.names is not None else self.cache.get_names(self.names_key(part))
        if columns is not None:
            names = self.wanted([name for name in columns if only is None or name in only], only is None)
            known = {name: unit for name in names if (unit := self.known(self.key(part, name))) is not None}
            if names and len(known) == len(names):
                return Measured(known[names[0]].rows, tuple(columns), known, len(known))
        # All columns are read even if nothing is asked of some: bytes that are no text are found wherever they are.
        arrays = part.load(None)
        rows = len(next(iter(arrays.values()))) if arrays else 0
        there = tuple(part.names) if part.names is not None else real_names(arrays)
        if part.names is None:
            self.cache.put_names(self.names_key(part), there)
        names = self.wanted([name for name in there if only is None or name in only], only is None)
        sliced = self.masks(arrays, rows) if any(self.is_sliced(name) for name in names) else {}
        units = {}
        for name in names:
            cut = sliced if self.is_sliced(name) else {}
            units[name] = self.count(part, name, arrays, rows, cut, self.key(part, name))
        return Measured(rows, there, units, 0)

    def names_key(self, part: Part) -> Oid:
        """Under what the cache knows the columns of a part that has to be read to tell them."""
        return hash_record([VERSION, "names", part.identity(None)])

    @property
    def slice_columns(self) -> tuple[str, ...]:
        """The columns that rows are cut by."""
        return tuple(dict.fromkeys(item.column for item in self.wants.slices))

    def is_sliced(self, name: str) -> bool:
        """Whether a piece of work is done for every slice too."""
        return name != SEVERAL and self.asked(name).sliced

    def masks(self, arrays: Mapping[str, pa.Array], rows: int) -> dict[str, Mask]:
        """The rows of each slice."""
        edged = {item.column for item in self.wants.slices if item.edges is not None}
        found = {}
        for name in self.slice_columns:
            # Without edges a slice is a value as it is written, whatever type it may have.
            kinds: Mapping[str, ColumnType] = self.wants.kinds if name in edged else {name: "string"}
            found[name] = self.values(name, arrays, rows, kinds if self.dataset.textual else {})
        return cut_part(self.wants.slices, found)

    def values(self, name: str, arrays: Mapping[str, pa.Array], rows: int, kinds: Mapping[str, ColumnType]) -> Values:
        """A column for a rule, a key or a slice; one that the part lacks has no values."""
        array = arrays[name] if name in arrays else pa.nulls(rows)
        dataset = self.dataset
        return values_of(name, array, kinds.get(name), textual=dataset.textual, times=dataset.times)

    def count(
        self, part: Part, name: str, arrays: Mapping[str, pa.Array], rows: int, cut: Mapping[str, Mask], key: Oid
    ) -> Unit:
        """Do a piece of work, and keep what came of it."""
        try:
            unit = self.counted(part, name, arrays, rows, cut, key)
        except (UnicodeDecodeError, pa.ArrowInvalid) as error:
            if isinstance(error, pa.ArrowInvalid) and "utf8" not in str(error).lower():
                raise
            # Typed files may hold anything where they say that it is text: whoever looks at it finds out.
            raise BadTable(part.path, f"the column '{name}' is not UTF-8", "write it as bytes, or as UTF-8") from None
        self.cache.put(key, unit)
        return unit

    def counted(
        self, part: Part, name: str, arrays: Mapping[str, pa.Array], rows: int, cut: Mapping[str, Mask], key: Oid
    ) -> Unit:
        """What comes of a piece of work."""
        context = Context(self.wants.known, self.cache.path(key, ".npy"), part.path.name)
        if name == SEVERAL:
            several = self.several
            found = {name: self.values(name, arrays, rows, several.kinds) for name in several.columns}
            keyed = {name: self.values(name, arrays, rows, self.wants.kinds) for name in several.columns}
            return count_several(several, found, keyed, rows, context)
        asked = self.asked(name)
        values, summed = read(asked, arrays[name], textual=self.dataset.textual, times=self.dataset.times)
        return count_column(asked, values, summed, cut, context)

    def known(self, key: Oid) -> Unit | None:
        """What the cache has, with all hashes that belong to it."""
        unit = self.cache.get(key)
        if unit is None:
            return None
        runs = [tally for piece in unit.pieces for tally in piece.tallies if tally.run]
        if not all(is_whole(self.cache.folder / tally.run, tally.of) for tally in runs):
            return None
        for tally in runs:
            self.cache.used(self.cache.folder / tally.run)
        return unit

    def key(self, part: Part, name: str) -> Oid:
        """What a piece of work is measured from: bytes, and what is asked."""
        columns: tuple[str, ...]
        said: Json
        if name == SEVERAL:
            columns = self.several.columns
            kinds: Json = [[self.wants.kinds.get(name), self.several.kinds.get(name)] for name in columns]
            said = [kinds, [meaning(check, self.wants.known) for check in self.several.checks]]
        else:
            asked = self.asked(name)
            columns = (name, *(self.slice_columns if asked.sliced else ()))
            checks: list[Json] = [meaning(check, self.wants.known) for check in asked.checks]
            per_slice: list[Json] = [check.per_slice for check in asked.checks]
            cut = [plain(self.wants.slices), per_slice] if asked.sliced else None
            said = [name, asked.kind, asked.forced, asked.summary, asked.runs, checks, cut]
        identities: list[Json]
        if part.columnar:
            there = part.names or ()
            identities = [part.identity(column) if column in there else "absent" for column in columns]
            identities.append(part.rows)
        else:
            identities = [part.identity(None)]
        return hash_record([VERSION, self.dataset.format.NAME, list(columns), identities, said])


def real_names(arrays: Mapping[str, pa.Array]) -> tuple[str, ...]:
    """The columns of a block; one alone that has neither a name nor a value only says how many rows there are."""
    return tuple(name for name, array in arrays.items() if name or len(arrays) > 1 or not pa.types.is_null(array.type))
