"""A profile as one self-contained HTML page of less than 500 KB: a table of all columns, then as many in detail as fit.

The page depends on the profile alone: no time of day, no rows of the data, nothing fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mlops_cli.measures.summary import ColumnSummary, Profile
from mlops_cli.reports import figures
from mlops_cli.reports.charts import spark
from mlops_cli.reports.facts import interest, listed, remarks, typical
from mlops_cli.reports.moves import Move, moves
from mlops_cli.reports.panels import Detail, panels
from mlops_cli.reports.shapes import shapes
from mlops_cli.reports.templating import render, weight

LIMIT = 480_000
"""Bytes of a page, with some room below 500 KB."""
ROWS = 300_000
"""Bytes that the table of all columns may take of that."""
SAMPLE = 50  # lines by which the size of a table is guessed
NAME = 60  # characters of a column's name
SLICES = 60
SAID = 60  # characters of what changed in a plain line
LINK = 30  # bytes of the link to a card


@dataclass(frozen=True)
class Side:
    """One data version: what it is called, and what is known of it."""

    name: str
    profile: Profile


@dataclass(frozen=True)
class Level:
    """How much a line of the table tells."""

    bins: int
    values: int
    """Characters of its typical values, and of what is said about it; 0: none."""
    name: int = NAME


LEVELS = (Level(24, 64), Level(16, 40), Level(10, 24, 48))
PLAIN = (Level(0, 0, 48), Level(0, 0, 32), Level(0, 0, 20))
"""Where not all lines can be telling, most are plain, and those that ask most for a look are of the last level."""
DETAILS = ((40, Detail(48, 10)), (150, Detail(32, 8)), (1 << 30, Detail(20, 6)))
"""Up to so many columns, so much detail."""


@dataclass(frozen=True)
class Entry:
    """One column of the page: its place in the file, and both versions."""

    at: int
    name: str
    new: ColumnSummary | None
    old: ColumnSummary | None
    move: Move | None

    @property
    def column(self) -> ColumnSummary:
        """The newer version, or the older one of a column that is gone."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    at: int
    name: str
    kind: str
    missing: str
    distinct: str
    values: str
    spark: Markup
    moved: str | None
    remarks: str
    detailed: bool


@dataclass(frozen=True)
class Card:
    """A column in detail."""

    at: int
    name: str
    meta: str
    said: str
    panels: Sequence[object]


@dataclass(frozen=True)
class SliceLine:
    """A slice, and the columns in which it differs most from all rows."""

    label: str
    rows: str
    share: str
    differs: str


@dataclass(frozen=True)
class Page:
    """The words around the tables."""

    name: str
    facts: str
    against: str
    old_facts: str
    headline: str
    sorts: Sequence[tuple[str, str]]
    slices: Sequence[SliceLine]
    unlisted: str
    undetailed: str


@dataclass(frozen=True)
class Frame:
    """What a page is made of, before its lines and cards."""

    new: Side
    old: Side | None
    entries: Sequence[Entry]
    kept: Sequence[Entry]
    """Those that have a line."""
    slices: Sequence[SliceLine]


def page(new: Side, old: Side | None = None) -> str:
    """The page of one version, or of two: columns that moved most come first."""
    entries = entries_of(new.profile, old.profile if old else None)
    compared = old is not None
    kept, levels = _fitting(entries, compared)
    frame = Frame(new, old, entries, kept, _slices(new.profile))
    lines = {entry.at: row_of(entry, levels[entry.at], compared, False) for entry in kept}
    room = LIMIT - weight(_whole(frame, Markup("\n").join(lines.values()), {}))
    cards = _cards(kept, compared, room)
    lines |= {entry.at: row_of(entry, levels[entry.at], compared, True) for entry in kept if entry.at in cards}
    return _whole(frame, Markup("\n").join(lines.values()), cards)


def entries_of(new: Profile, old: Profile | None) -> list[Entry]:
    """All columns in the order of the page: by what moved most, else as in the file."""
    if old is None:
        return [Entry(at, column.name, column, None, None) for at, column in enumerate(new.columns)]
    after = {column.name: column for column in new.columns}
    before = {column.name: column for column in old.columns}
    place = {name: at for at, name in enumerate(dict.fromkeys([*after, *before]))}
    return [
        Entry(place[move.column], move.column, after.get(move.column), before.get(move.column), move)
        for move in moves(new.columns, old.columns)
    ]


def _fitting(entries: Sequence[Entry], compared: bool) -> tuple[list[Entry], dict[int, Level]]:
    """The columns that fit into the table, and how much is told of each (by its place in the file)."""
    some = entries[:: max(1, len(entries) // SAMPLE)]
    for level in LEVELS:
        if _weight(some, level, compared) * len(entries) / max(len(some), 1) < ROWS:
            return list(entries), {entry.at: level for entry in entries}
    plain = next((level for level in PLAIN if _weight(entries, level, compared) < 0.8 * ROWS), PLAIN[-1])
    levels: dict[int, Level] = {}
    room = ROWS
    for entry in entries:
        room -= _weight([entry], plain, compared)
        if room < 0:
            break
        levels[entry.at] = plain
    kept = entries[: len(levels)]
    for entry in ranked(kept, compared):
        room -= _weight([entry], LEVELS[-1], compared) - _weight([entry], plain, compared)
        if room < 0:
            break
        levels[entry.at] = LEVELS[-1]
    return list(kept), levels


def _weight(entries: Sequence[Entry], level: Level, compared: bool) -> int:
    """Bytes of some lines of the table."""
    return sum(weight(row_of(entry, level, compared, True)) + 1 for entry in entries)


def ranked(entries: Sequence[Entry], compared: bool) -> list[Entry]:
    """The columns that ask most for a look first."""
    return list(entries) if compared else sorted(entries, key=lambda entry: -interest(entry.column))


def row_of(entry: Entry, level: Level, compared: bool, detailed: bool) -> Markup:
    """One line of the table, in as few bytes as its level allows."""
    column, move = entry.column, entry.move
    said = "; ".join(move.changes) if move else "; ".join(remarks(column))
    row = Row(
        entry.at,
        figures.plain(entry.name, level.name) or "(no name)",
        column.kind
        if entry.new is None or entry.old is None or entry.new.kind == entry.old.kind
        else f"{entry.old.kind} → {entry.new.kind}",
        _holes(column),
        distinct(column),
        typical(column, level.values) if level.values else "",
        _spark(entry, level.bins) if level.bins else Markup(),
        None if not compared else f"{move.effect:.2f}" if move and move.changes else "–",
        said if level.values else figures.plain(said, SAID),
        detailed,
    )
    return Markup(render("row.html", row=row).rstrip())


def _holes(column: ColumnSummary) -> str:
    """The share of rows without a value: nulls, not-a-numbers, empty and blank texts."""
    return figures.portion(missing(column), column.rows)


def missing(column: ColumnSummary) -> int:
    """Rows without anything to read: nulls, not-a-numbers, empty and blank texts."""
    return column.missing + (column.empty + column.blank if column.kind == "string" else 0)


def distinct(column: ColumnSummary) -> str:
    """How many different values; an estimate says so, and types that are not counted have none."""
    if column.kind in ("list", "other"):
        return ""
    return ("≈ " if column.distinct_error else "") + figures.count(column.distinct)


def _spark(entry: Entry, bins: int) -> Markup:
    new, old = spark_shares(entry.new, entry.old, bins)
    return spark(new, old)


def spark_shares(
    new: ColumnSummary | None, old: ColumnSummary | None, bins: int
) -> tuple[Sequence[float] | None, Sequence[float] | None]:
    """The shares that a tiny drawing of a column shows: of bins, or of the most frequent values of either version."""
    from mlops_cli.reports.facts import frequent

    versions = (new, old)
    both = [version for version in versions if version is not None]
    if all(listed(version, 0) for version in both):
        counts = [dict(frequent(version)) if version else {} for version in versions]
        names = list(dict.fromkeys([*counts[1], *counts[0]] if old else counts[0]))[:bins]
        found = [
            [found.get(name, 0.0) / max(version.filled, 1) for name in names] if version else None
            for version, found in zip(versions, counts, strict=True)
        ]
        return found[0], found[1]
    measured = [(version.numbers or version.lengths) if version else None for version in versions]
    kind = both[0].kind if all(version.numbers for version in both) else "integer"
    rest = iter(shapes(measured, kind, bins))
    drawn = [next(rest).shares if numbers is not None and numbers.count else None for numbers in measured]
    return drawn[0], drawn[1]


def _cards(entries: Sequence[Entry], compared: bool, room: int) -> dict[int, Markup]:
    """As many columns in detail as fit, the most interesting ones; in the order of the page."""
    detail = next(detail for most, detail in DETAILS if len(entries) <= most)
    made: dict[int, Markup] = {}
    for entry in ranked(entries, compared):
        card = render("card.html", card=_card(entry, detail))
        room -= weight(card) + 1 + LINK
        if room < 0:
            break
        made[entry.at] = card
    return {entry.at: made[entry.at] for entry in entries if entry.at in made}


def _card(entry: Entry, detail: Detail) -> Card:
    column = entry.column
    stored = "" if column.stored in (column.kind, "text") else f" ({figures.plain(column.stored, 60)})"
    differ = distinct(column)
    meta = f"{column.kind}{stored}, {differ} different, {_holes(column) or '0%'} without a value"
    if not differ:
        meta = f"{column.kind}{stored}, {_holes(column) or '0%'} without a value"
    said = "; ".join(entry.move.changes if entry.move and entry.move.changes else remarks(column))
    name = figures.plain(entry.name, 2 * NAME) or "(no name)"
    return Card(entry.at, name, meta, said, tuple(panels(entry.new, entry.old, detail)))


def _whole(frame: Frame, rows: Markup, cards: dict[int, Markup]) -> str:
    new, old, entries = frame.new, frame.old, frame.entries
    hidden = len(entries) - len(frame.kept)
    unlisted = f"and {hidden:,} more columns that do not fit" if hidden else ""
    undetailed = (
        f"The {len(cards):,} that {'moved most' if old else 'ask most for a look'}; "
        "'mlops profile DATA --column NAME' tells of any other."
        if len(cards) < len(entries)
        else ""
    )
    shown = Page(
        figures.plain(new.name, 120),
        facts_line(new.profile),
        figures.plain(old.name, 120) if old else "",
        facts_line(old.profile) if old else "",
        headline(entries, old is not None),
        _sorts(old is not None),
        frame.slices,
        unlisted,
        undetailed,
    )
    orders = Markup(json.dumps(_orders(frame.kept, old is not None), separators=(",", ":")))
    drawn = Markup("\n").join(cards.values())
    title = f"{shown.name}: profile"
    return str(render("profile.html", page=shown, title=title, rows=rows, cards=drawn, orders=orders))


def facts_line(profile: Profile) -> str:
    """`17,379 rows, 17 columns, 1 file, csv, 1.1 MB`."""
    files = f"{profile.files:,} file{'' if profile.files == 1 else 's'}"
    return (
        f"{profile.rows:,} row{'' if profile.rows == 1 else 's'}, {len(profile.columns):,} "
        f"column{'' if len(profile.columns) == 1 else 's'}, {files}, {profile.form}, {_size(profile.bytes)}"
    )


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def headline(entries: Sequence[Entry], compared: bool) -> str:
    """The page in one sentence."""
    if not compared:
        holes = sum(1 for entry in entries if missing(entry.column))
        said = sum(1 for entry in entries if remarks(entry.column))
        return f"{holes} of {len(entries):,} columns lack values somewhere; {said} ask for a look."
    fates = [entry.move.fate for entry in entries if entry.move]
    parts = [f"{fates.count('moved'):,} of {len(entries):,} columns moved"]
    parts += [f"{fates.count(fate):,} {word}" for fate, word in (("new", "new"), ("gone", "gone")) if fate in fates]
    return ", ".join(parts) + "."


def _sorts(compared: bool) -> list[tuple[str, str]]:
    found = [("file", "order in the file"), ("missing", "share without a value"), ("name", "name")]
    return [("moved", "what moved most"), *found] if compared else found


def _orders(entries: Sequence[Entry], compared: bool) -> dict[str, list[int]]:
    """Places in the file by each way to sort."""
    holes = sorted(entries, key=lambda entry: (-missing(entry.column) / max(entry.column.rows, 1), entry.at))
    orders = {"file": sorted(entry.at for entry in entries), "missing": [entry.at for entry in holes]}
    return {"moved": [entry.at for entry in entries], **orders} if compared else orders


def _slices(profile: Profile) -> tuple[SliceLine, ...]:
    return tuple(_slice_lines(profile))


def _slice_lines(profile: Profile) -> Iterator[SliceLine]:
    for part in profile.slices[:SLICES]:
        label = figures.plain(part.label, NAME)
        share = figures.portion(part.rows, profile.rows)
        yield SliceLine(label, figures.count(part.rows), share, slice_words(profile, part.columns, part.label))


def slice_words(profile: Profile, columns: Sequence[ColumnSummary], label: str) -> str:
    """What differs most between a slice and all rows; the column that makes the slice is left out."""
    own = {word.partition("=")[0].strip() for word in label.split(",")}
    found = [item for item in moves(columns, profile.columns) if item.changes and item.column not in own]
    return "; ".join(f"{figures.plain(item.column, 30)}: {item.changes[0]}" for item in found[:3])
