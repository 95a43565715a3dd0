"""Tables in and out of memory, in any format; the one place that turns files into frames and frames into files."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.tables.formats import FORMATS
from mlops_cli.tables.formats.base import BadTable, Format, first_sentence

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = "pa.Table | pd.DataFrame"


def format_of(path: Path, default: str | None = None) -> Format:
    """The format that a file's ending names, or the one called `default`; raises BadTable for any other ending."""
    name = path.name.lower()
    found = next((member for member in FORMATS.values() if name.endswith(member.ENDINGS)), None)
    if found is None and default is not None:
        found = FORMATS.get(default)
    if found is None:
        endings = ", ".join(ending for member in FORMATS.values() for ending in member.ENDINGS)
        raise BadTable(path, "the ending names no format of tables", f"use one of {endings}")
    return found


def ending_of(path: Path) -> str:
    """The ending that tells the format of a table's file, compression included; the last one of any other."""
    name = path.name.lower()
    endings = [ending for member in FORMATS.values() for ending in member.ENDINGS if name.endswith(ending)]
    return max(endings, key=len, default=path.suffix)


def check_readable(path: Path) -> None:
    """Refuse a folder, a missing or an unreadable file before a library does, and what could be read but once, or for
    ever; raises BadTable."""
    if path.is_dir():
        raise BadTable(path, "this is a folder, not a table", "name one file")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadTable(path, "this is a pipe or a device, not a file", "write what it gives into a file")
        with open(path, "rb"):
            pass
    except OSError as error:
        raise BadTable(path, f"cannot be opened ({error.strerror})") from None


def read_table(path: Path) -> pa.Table:
    """The table in a file, as Arrow columns. Raises BadTable."""
    check_readable(path)
    return format_of(path).read(path)


def read_frame(path: Path) -> pd.DataFrame:
    """The table in a file, as a pandas frame: nulls in numbers become NaN. Raises BadTable."""
    return to_frame(read_table(path))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow columns as a pandas frame; a column without any value is a number column of NaN."""
    import pandas as pd  # noqa: F401  (to_pandas needs it; imported here to keep readers of Arrow light)

    for index, column in enumerate(table.schema):
        if pa.types.is_null(column.type):
            table = table.set_column(index, column.name, table.column(index).cast(pa.float64()))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def write_table(table: Table, path: Path) -> None:
    """Write a table in the format of the file's ending; equal tables give equal bytes. Raises BadTable, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = table if isinstance(table, pa.Table) else from_frame(table, path)
    format_of(path).write(columns, path)


def from_frame(frame: pd.DataFrame, path: Path) -> pa.Table:
    """A pandas frame as Arrow columns. An index with a name, or of other values than whole numbers, becomes columns."""
    import pandas as pd

    if isinstance(frame.columns, pd.MultiIndex):
        raise BadTable(path, "the frame has several levels of column names", "flatten them to one text each")
    numbered = frame.index.nlevels == 1 and frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    if not numbered:
        taken = [name for name in frame.index.names if name is not None and name in frame.columns]
        if taken:
            raise BadTable(path, f"the index and a column are both named '{taken[0]}'", "rename or reset the index")
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadTable(path, f"the frame has two columns named '{twice[0]}'", "give every column its own name")
    frame = frame.set_axis(names, axis=1)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        where = error.args[-1] if len(error.args) > 1 else ""
        text = f"{first_sentence(error)} ({where})" if where else first_sentence(error)
        raise BadTable(path, f"the frame cannot be written: {text}", "give each column values of one type") from None


def need_columns(names: Sequence[str], wanted: Sequence[str], subject: str) -> None:
    """Raises StageFailed naming the wanted columns that `subject` lacks, with the nearest name."""
    missing = [name for name in wanted if name not in names]
    if not missing:
        return
    shown = ", ".join(f"'{name}'" for name in missing[:5]) + (" ..." if len(missing) > 5 else "")
    near = near_name(missing[0], names)
    has = ", ".join(list(names)[:12]) + (" ..." if len(names) > 12 else "")
    hint = f"did you mean '{near}'?" if near is not None else f"it has {has}"
    raise StageFailed(f"{subject} has no column {shown}", hint)


def near_name(wanted: str, names: Sequence[str]) -> str | None:
    """The name that was probably meant, whatever its case; None where there is none like it."""
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(wanted.casefold(), list(folded), n=1)
    return folded[near[0]] if near else None
