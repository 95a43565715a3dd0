"""A profile for people: a line a column, what moved between two versions, or all about one column."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from mlops_cli.cli.screen import counted, paint, table, width
from mlops_cli.measures.summary import ColumnSummary, Profile
from mlops_cli.reports import figures
from mlops_cli.reports.charts import blocks
from mlops_cli.reports.facts import interest, remarks, typical
from mlops_cli.reports.moves import Move
from mlops_cli.reports.panels import Detail, Panel, panels
from mlops_cli.reports.profile_page import distinct, facts_line, missing, slice_words, spark_shares
from mlops_cli.workflows.profile_data import Profiled

NAME, SHAPE = 32, 10  # widest name, bins of a drawing
LEAST = 14  # cells below which a text is left out
REMARKS = 8
BAR = 20  # cells of the widest bar


def screen_width() -> int:
    """Cells of the terminal; 120 where there is none."""
    return shutil.get_terminal_size((120, 40)).columns


def profile_text(profiled: Profiled, *, top: int, verbose: bool, cells: int) -> str:
    """The whole data set in at most `top` lines."""
    head = f"{paint(figures.plain(profiled.name, 80), 'bold')}: {facts_line(profiled.profile)}"
    parts = [head]
    if profiled.old is not None:
        parts[0] += f"\nagainst {figures.plain(profiled.against or '', 80)}: {facts_line(profiled.old)}"
        parts.append(_moved(profiled, top, verbose, cells))
    else:
        parts += _plain(profiled.profile, top, cells)
    if profiled.profile.slices:
        parts.append(_slices(profiled.profile, top, cells))
    return "\n\n".join(part for part in parts if part)


def _plain(profile: Profile, top: int, cells: int) -> Iterator[str]:
    """One version: the columns in the order of the file; where there are too many, those that ask most for a look."""
    columns = list(profile.columns)
    hidden = max(0, len(columns) - top)
    if hidden:
        columns = sorted(columns, key=lambda column: -interest(column))[:top]
    rows = [
        [
            fit(column.name, NAME),
            column.kind,
            figures.portion(missing(column), column.rows),
            distinct(column),
            blocks(spark_shares(column, None, SHAPE)[0] or ()),
            typical(column, 100),
        ]
        for column in columns
    ]
    titles = ("COLUMN", "TYPE", "NO VALUE", "DIFFERENT", "SHAPE", "LEAST / MEDIAN / GREATEST, OR MOST FREQUENT")
    yield fitted(rows, titles, right=(2, 3), spare=(4,), cells=cells) + more(hidden, "column", "ask less for a look")
    said = [(column, remarks(column)) for column in sorted(columns, key=lambda column: -interest(column))]
    notes = [[fit(column.name, NAME), "; ".join(words)] for column, words in said if words]
    if notes:
        more_notes = more(max(0, len(notes) - REMARKS), "column", "are worth a look too: --html FILE tells of all")
        yield "worth a look\n" + fitted(notes[:REMARKS], ("", ""), cells=cells, indent="  ") + more_notes


def _moved(profiled: Profiled, top: int, verbose: bool, cells: int) -> str:
    """Two versions: what moved most first; what is the same is counted."""
    found = profiled.moves
    shown = [move for move in found if move.changes or verbose][:top]
    rows = [_move_row(profiled, move) for move in shown]
    titles = ("COLUMN", "TYPE", "MOVED", "OLD", "NEW", "WHAT CHANGED")
    same = sum(not move.changes for move in found)
    hidden = len(found) - len(shown) - (0 if verbose else same)
    text = fitted(rows, titles, right=(2,), spare=(3, 4), cells=cells) if rows else "no column moved"
    text += more(hidden, "column", "moved less")
    if same and not verbose and rows:
        text += f"\n{counted(same, 'column')} did not move (-v shows {'it' if same == 1 else 'them'})"
    return text


def _move_row(profiled: Profiled, move: Move) -> list[str]:
    new, old = profiled.column(move.column)
    one, other = spark_shares(new, old, SHAPE)
    top = max([*(one or ()), *(other or ())], default=0.0)
    kind = (new or old).kind  # type: ignore[union-attr]
    effect = paint(f"{move.effect:.2f}", "warn") if move.changes else "-"
    drawn = [blocks(part or (), top) for part in (other, one)]
    return [fit(move.column, NAME), kind, effect, *drawn, "; ".join(move.changes)]


def _slices(profile: Profile, top: int, cells: int) -> str:
    rows = [
        [
            fit(part.label, NAME),
            f"{part.rows:,}",
            figures.portion(part.rows, profile.rows),
            slice_words(profile, part.columns, part.label),
        ]
        for part in profile.slices[:top]
    ]
    titles = ("SLICE", "ROWS", "SHARE", "DIFFERS MOST FROM ALL ROWS")
    return fitted(rows, titles, right=(1, 2), cells=cells) + more(len(profile.slices) - len(rows), "slice", "")


def column_text(profiled: Profiled, name: str, *, cells: int) -> str:
    """Everything that is known of one column."""
    new, old = profiled.column(name)
    column = new or old
    assert column is not None
    head = f"{paint(figures.plain(name, 80), 'bold')}: {_about(column)}"
    if new is not None and old is not None:
        move = next(move for move in profiled.moves if move.column == name)
        head += f"\nmoved {move.effect:.2f}: {'; '.join(move.changes)}" if move.changes else "\nit did not move"
    elif profiled.old is not None:
        head += "\nnew column" if old is None else "\ncolumn is gone"
    said = "; ".join(remarks(column))
    if said:
        head += f"\n{said}"
    drawn = [_panel(panel, cells) for panel in panels(new, old, Detail(min(60, cells - 4), 20))]
    return "\n\n".join([head, *drawn])


def _about(column: ColumnSummary) -> str:
    stored = f" ({figures.plain(column.stored, 40)})" if column.stored not in (column.kind, "text") else ""
    differ = f", {distinct(column)} different" if distinct(column) else ""
    holes = figures.portion(missing(column), column.rows) or "0%"
    return f"{column.kind}{stored}, {counted(column.rows, 'row')}{differ}, {holes} without a value"


def _panel(panel: Panel, cells: int) -> str:
    """One part of a column's page, in characters."""
    lines = [paint(panel.title, "bold")]
    if panel.ticks and len(panel.ticks) == len(panel.new or panel.old or ()):
        return "\n".join([*lines, _each(panel, cells)])
    top = max([*(panel.new or ()), *(panel.old or ())], default=0.0)
    both = panel.new is not None and panel.old is not None
    for word, shares in (("new ", panel.new), ("old ", panel.old)):
        if shares is not None:
            lines.append("  " + (paint(word, "dim") if both else "") + blocks(shares, top))
    bins = len(panel.new or panel.old or ())
    if panel.ticks and bins:
        lines.append(("      " if both else "  ") + paint(_axis(panel.ticks, bins), "dim"))
    if panel.rows:
        rows = [[fit(cell, 40) for cell in row] for row in panel.rows]
        lines.append(fitted(rows, panel.head, right=(1, 2), cells=cells, indent="  "))
    if panel.bars:
        rows = []
        for bar in panel.bars:
            length = "█" * round(bar.width / 100 * BAR) if bar.share else ""
            old = [f"was {bar.old_share}"] if bar.old_share else []
            rows.append([fit(bar.name, NAME), bar.share, *old, length])
        lines.append(fitted(rows, (), right=(1, 2) if panel.bars[0].old_share else (1,), cells=cells, indent="  "))
    if panel.note:
        lines.append("  " + paint(panel.note, "dim"))
    return "\n".join(lines)


def _each(panel: Panel, cells: int) -> str:
    """A drawing of which every bar has a name, as a table."""
    both = [shares for shares in (panel.new, panel.old) if shares is not None]
    rows = [[name, *(figures.share(shares[at]) for shares in both)] for at, name in enumerate(panel.ticks)]
    return fitted(rows, ("", "new", "old") if len(both) > 1 else (), right=(1, 2), cells=cells, indent="  ")


def _axis(ticks: Sequence[str], bins: int) -> str:
    """The first and the last tick under the ends of a drawing."""
    if len(ticks) == 1:
        return ticks[0]
    return ticks[0] + " " * max(1, bins - width(ticks[0]) - width(ticks[-1])) + ticks[-1]


def more(hidden: int, noun: str, why: str) -> str:
    """A line that says how much is not shown; nothing where all of it is."""
    return f"\nand {counted(hidden, f'more {noun}')} {why}".rstrip() + " (--top N)" if hidden > 0 else ""


def fitted(
    rows: Sequence[Sequence[str]],
    titles: Sequence[str],
    *,
    cells: int,
    right: Sequence[int] = (),
    spare: Sequence[int] = (),
    indent: str = "",
) -> str:
    """A table that fits: the last column is cut to what is left; where that is too little, the `spare` ones go."""
    if not rows:
        return ""
    head = list(titles) if any(titles) else []
    count = len(rows[0])
    kept = list(range(count))
    sizes = [max(width(row[at]) for row in ([*rows, head] if head else rows)) for at in range(count)]
    room = cells - len(indent) - sum(sizes[at] + 2 for at in kept[:-1])
    for at in spare:
        if room < min(sizes[-1], 3 * LEAST):
            kept.remove(at)
            room += sizes[at] + 2
    if room < LEAST and count > 2:
        kept.pop()
    out = []
    for row in rows:
        line = [row[at].rjust(sizes[at] + len(row[at]) - width(row[at])) if at in right else row[at] for at in kept]
        if kept[-1] == count - 1 and count - 1 not in right:
            line[-1] = ended(line[-1], max(room, LEAST))
        out.append(line)
    shown = [head[at].rjust(sizes[at]) if at in right else head[at] for at in kept] if head else []
    if shown and kept[-1] == count - 1:
        shown[-1] = ended(shown[-1], max(room, LEAST))
    return table(out, head=shown, indent=indent)


def fit(text: str, cells: int) -> str:
    """A foreign text in at most so many cells, cut in its middle."""
    text = figures.plain(text, max(cells, 2))
    while width(text) > cells and len(text) > 2:
        text = figures.plain(text, len(text) - 1)
    return text


def ended(text: str, cells: int) -> str:
    """A sentence in at most so many cells, cut at its end."""
    if width(text) <= cells:
        return text
    while text and width(text) > cells - 1:
        text = text[:-1]
    return text.rstrip() + "…"
