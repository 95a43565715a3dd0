"""From a document of `kind: validation` of data to its record: the file, its columns, its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import Reads, bounds, need_baseline, severity_at, slices_of, too_few
from mlops_cli.spec.decode_column import ROW_WISE, SHARES, STATISTICS, column_checks, column_type, every_column_checks
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.specialised import TIMES, free_id
from mlops_cli.spec.validation import EVERY, Bound, Check, ColumnType, DataValidation, Quarantine, Severity, Slice

EXPECT: KeyPath = ("expect",)
COLUMNS: KeyPath = (*EXPECT, "columns")
WITHOUT_TEXT = ("parquet", "arrow")  # formats that have no encoding of their own
ALWAYS_THERE = frozenset({"rows.min", "format.is"})
"""Ids of checks that every data set is asked, also where the spec does not say them."""


def decode_data(decoding: Decoding) -> DataValidation:
    """The validation of data that a document says; faults are noted in `decoding`."""
    slices = tuple(slices_of(decoding))
    types = tuple((name, kind) for name, path in _columns(decoding) if (kind := column_type(decoding, path)))
    checks = [*_file(decoding), *_other_columns(decoding, slices), *_keys(decoding)]
    for name, _, path in decoding.items(COLUMNS):
        checks += every_column_checks(decoding, path) if name == EVERY else column_checks(decoding, name, path)
    checks += _rules(decoding, (*EXPECT, "rows_where"))
    need_baseline(decoding, checks, ("change", "drift", "within"), "previous")
    return DataValidation(
        name=decoding.text(("name",)) or "",
        file=decoding.document.file,
        data=decoding.text(("data",)),
        baseline=decoding.text(("baseline",)),
        checks=tuple(_told_apart(_per_slice(check) if slices else check for check in checks)),
        types=types,
        too_few=too_few(decoding),
        slices=slices,
        time=_time(decoding, dict(types)),
        quarantine=_quarantine(decoding),
        history=_history(decoding, checks),
        false_discovery=_false_discovery(decoding),
    )


def _columns(decoding: Decoding) -> Iterator[tuple[str, KeyPath]]:
    """The columns that have a name."""
    return ((name, path) for name, _, path in decoding.items(COLUMNS) if name != EVERY)


def _per_slice(check: Check) -> Check:
    """The check, asked of every slice too where it is about a share or a statistic, or tolerates some rows."""
    statistic = check.measure in (*SHARES, *STATISTICS, "distribution")
    tolerant = check.measure in ROW_WISE and check.tolerance > 0
    return replace(check, per_slice=True) if statistic or tolerant else check


def _told_apart(checks: Iterator[Check]) -> Iterator[Check]:
    """The checks with ids of their own: a column may be called `rows`, and have a `min`."""
    taken: set[str] = set()
    for check in checks:
        of_file = check.measure in ("rows", "format")
        name = free_id(check.id, taken if of_file else taken | ALWAYS_THERE)
        taken.add(name)
        yield check if name == check.id else replace(check, id=name)


def _file(decoding: Decoding) -> Iterator[Check]:
    """The checks of the file as a whole: format, size, encoding, age, and the number of rows."""
    for key in ("format", "encoding"):
        if word := decoding.text((*EXPECT, key)):
            place = decoding.document.place((*EXPECT, key))
            yield Check(f"{key}.is", key, key, "is", None, place, values=(word,))
    form = decoding.text((*EXPECT, "format"))
    if form in WITHOUT_TEXT and decoding.get((*EXPECT, "encoding")) is not None:
        message = f"{form} has no encoding of its own: its texts are always UTF-8"
        decoding.fault(message, (*EXPECT, "encoding"), "leave it out", of="key")
    sizes: Reads = {"min": _size, "max": _size, "change": units.change}
    yield from bounds(decoding, (*EXPECT, "bytes"), "bytes", "bytes", sizes, "fail")
    # A column may well be called `age`; a file's checks have ids of their own.
    ages: Reads = {"max": units.length_of_time}
    yield from bounds(decoding, (*EXPECT, "age"), "file", "age", ages, "fail", prefix="file.age")
    counts: Reads = {"min": units.number, "max": units.number, "change": units.change, "within": units.change}
    yield from bounds(decoding, (*EXPECT, "rows"), "rows", "rows", counts, "fail")


def _size(value: Json) -> Bound:
    return Bound(units.size(value), "bytes", str(value))


def _other_columns(decoding: Decoding, slices: Sequence[Slice]) -> Iterator[Check]:
    """Columns that the spec does not name: where it does not allow them."""
    path: KeyPath = (*EXPECT, "other_columns")
    said = decoding.text(path)
    if said not in ("warn", "refuse"):
        return
    whole = decoding.get(COLUMNS)
    named = [name for name in whole if name != EVERY] if isinstance(whole, dict) else []
    if not named:
        hint = "add the columns that belong there, such as `columns: {age: {type: integer}}`"
        decoding.fault("every column would be another: the spec names none under `columns`", path, hint, of="key")
    known = [*named, *(item.column for item in slices), *(key for keys in _key_columns(decoding) for key in keys)]
    if time := decoding.text(("time",)):
        known.append(time)
    severity: Severity = "warn" if said == "warn" else "fail"
    place, values = decoding.place(path), tuple(dict.fromkeys(known))
    yield Check("columns.closed", "columns", "columns", "closed", None, place, severity, values)


def _key_columns(decoding: Decoding) -> Iterator[tuple[str, ...]]:
    """The columns of each key that can be read."""
    keys = decoding.get((*EXPECT, "keys"))
    for at, item in enumerate(keys if isinstance(keys, list) else []):
        columns = item.get("columns") if isinstance(item, dict) else item
        sound = decoding.sound((*EXPECT, "keys", at)) and isinstance(columns, list)
        yield tuple(map(str, columns)) if sound and isinstance(columns, list) else ()


def _keys(decoding: Decoding) -> Iterator[Check]:
    seen: set[frozenset[str]] = set()
    for at, columns in enumerate(_key_columns(decoding)):
        path: KeyPath = (*EXPECT, "keys", at)
        if not columns:
            continue
        if frozenset(columns) in seen:
            decoding.fault(f"the key {', '.join(columns)} is listed twice", path, "leave one out")
        seen.add(frozenset(columns))
        name, place, severity = ", ".join(columns), decoding.document.place(path), severity_at(decoding, path)
        tolerance = decoding.quantity(units.share, (*path, "tolerance"))
        if tolerance is not None and tolerance.value == 1:
            decoding.fault("every row may repeat the key", (*path, "tolerance"), "write a share such as 0.1%")
        check = Check(f"{name}.unique", name, "keys", "unique", None, place, severity, columns=columns)
        yield replace(check, tolerance=tolerance.value if tolerance is not None else 0.0)


def _rules(decoding: Decoding, path: KeyPath) -> Iterator[Check]:
    rules, seen = decoding.get(path), set()
    for at, rule in enumerate(rules if isinstance(rules, list) else []):
        here = (*path, at)
        if not decoding.sound(here):
            continue
        check = _rule(decoding, rule, here, at + 1)
        if check is not None and check.id in seen:
            decoding.fault(f"two rules are named '{check.id.split('.', 1)[1]}'", (*here, "name"))
        elif check is not None:
            seen.add(check.id)
            yield check


def _rule(decoding: Decoding, rule: Json, path: KeyPath, number: int) -> Check | None:
    everyone, place = Bound(1.0, "share", "100%"), decoding.document.place(path)
    if isinstance(rule, str):
        expression = decoding.condition(path)
        name = f"rows_where.{number}"
        return Check(name, rule, "rule", "share", everyone, place, rule=expression) if expression else None
    body = rule if isinstance(rule, dict) else {}
    if "expr" in body and "sql" in body:
        decoding.fault("a rule is either `expr` or `sql`, not both", path, "leave one out")
        return None
    if "expr" not in body and "sql" not in body:
        decoding.fault("a rule needs `expr` or `sql`", path, "add, for example, `expr: refund <= amount`")
        return None
    bound = decoding.quantity(units.share, (*path, "share", "min")) or everyone
    name = f"rows_where.{body.get('name', number)}"
    severity, sql = severity_at(decoding, path), decoding.text((*path, "sql"))
    expression = decoding.condition((*path, "expr"))
    subject = sql or decoding.text((*path, "expr")) or ""
    if expression is None and sql is None:
        return None
    return Check(name, subject, "rule", "share", bound, place, severity, rule=expression, sql=sql)


def _time(decoding: Decoding, types: dict[str, ColumnType]) -> str | None:
    column = decoding.text(("time",))
    kind = types.get(column) if column is not None else None
    if kind is not None and kind not in TIMES:
        hint = "name a column of type date or timestamp"
        decoding.fault(f"{column} is of type {kind}, and tells no time", ("time",), hint)
    return column


def _quarantine(decoding: Decoding) -> Quarantine | None:
    name, most = decoding.text(("quarantine", "to")), decoding.quantity(_most, ("quarantine", "max"))
    return Quarantine(name, most) if name is not None and most is not None else None


def _most(value: Json) -> Bound:
    """A whole number counts rows; all else is a share."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise units.BadQuantity(
                f"{value} is no number of rows", "write a share such as 2%, or a number such as 100"
            )
        return Bound(float(value), "number", str(value))
    try:
        return units.share(value)
    except units.BadQuantity as error:
        raise units.BadQuantity(str(error), "write a share such as 2%, or a number of rows such as 100") from None


def _history(decoding: Decoding, checks: Sequence[Check]) -> int:
    said = decoding.get(("history",))
    if said == 0 and any(check.comparator == "within" for check in checks):
        decoding.fault("`within ... of history` needs earlier versions", ("history",), "write, for example, 8")
    return said if isinstance(said, int) else 8


def _false_discovery(decoding: Decoding) -> float:
    rate = decoding.quantity(units.share, ("false_discovery",))
    if rate is None:
        return 0.01
    if not 0 < rate.value <= 0.2:
        message = f"{rate.text} is no rate to keep to: it lies above 0 and up to 20%"
        decoding.fault(message, ("false_discovery",), "1% and 5% are usual")
    return rate.value
