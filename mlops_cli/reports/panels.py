"""The parts of one column's card on the page of a profile: its distribution, values, holes, lengths, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_cli.measures.sentinels import sentinels
from mlops_cli.measures.summary import ColumnSummary, Kind, Numbers
from mlops_cli.reports import figures
from mlops_cli.reports.facts import DATED, frequent, listed
from mlops_cli.reports.moves import readable
from mlops_cli.reports.shapes import DAY, Shape, counted, day_shapes, gaps, shapes

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STRIP = 120  # bars of a strip of days


@dataclass(frozen=True)
class Bar:
    """One value with its share of the rows, as words and as a part of the widest bar, now and before."""

    name: str
    share: str
    width: int
    """In percent of the room."""
    old_share: str = ""
    old_width: int = 0


@dataclass(frozen=True)
class Panel:
    """A drawing with the ends of its axis, or a table of figures, or bars; with a remark below."""

    title: str
    new: Sequence[float] | None = None
    """Shares of the newer version in each bin, and of the older one, shape (bins,)."""
    old: Sequence[float] | None = None
    label: str = ""
    """What the drawing shows, for those who cannot see it."""
    ticks: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    bars: tuple[Bar, ...] = ()
    note: str = ""
    big: bool = False


@dataclass(frozen=True)
class Detail:
    """How much of a column fits: bins of a distribution, values of a list."""

    bins: int
    values: int


def panels(new: ColumnSummary | None, old: ColumnSummary | None, detail: Detail) -> Iterator[Panel]:
    """All panels of one column in one or two versions; at least one of them is there."""
    column = new or old
    assert column is not None
    both = [version for version in (new, old) if version is not None]
    few = max(detail.values, 12)
    as_values = all(listed(version, few) or not version.filled for version in both)
    if as_values:
        yield from values_panel(new, old, detail.values)
    elif column.numbers is not None and not any(version.times and version.times.days for version in both):
        yield from distribution(new, old, detail.bins)
    if column.numbers is not None and not as_values:
        yield numbers_panel(new, old)
    yield from holes_panel(new, old)
    lengths = [version.lengths if version else None for version in (new, old)]
    if not as_values or column.distinct > few:
        yield from drawn_panel("Length" if column.kind != "list" else "Members", lengths, "integer", detail.bins // 2)
    yield from time_panels(new, old, detail)


def distribution(new: ColumnSummary | None, old: ColumnSummary | None, bins: int) -> Iterator[Panel]:
    """The histogram of numbers and moments."""
    kind = (new or old).kind  # type: ignore[union-attr]
    yield from drawn_panel("Distribution", [version.numbers if version else None for version in (new, old)], kind, bins)


def drawn_panel(title: str, versions: Sequence[Numbers | None], kind: Kind, bins: int) -> Iterator[Panel]:
    """A histogram of one or two versions; nothing where neither has numbers."""
    found = list(shapes(versions, kind, bins))
    if not found:
        return
    known = [numbers for numbers in versions if numbers is not None and numbers.count]
    edges = found[0].edges
    low = min(numbers.minimum for numbers in known) if not any(shape.below for shape in found) else edges[0]
    high = max(numbers.maximum for numbers in known) if not any(shape.above for shape in found) else edges[-1]
    ends = (figures.figure(low, kind), figures.figure(high, kind))
    new, old = _pair(versions, found)
    yield Panel(
        title,
        *_shares(new, old),
        label=f"{title}, {ends[0]} to {ends[1]}",
        ticks=ends if ends[0] != ends[1] else ends[:1],
        note=_beyond(found, known, kind),
        big=title == "Distribution",
    )


def _pair(versions: Sequence[object | None], found: list[Shape]) -> tuple[Shape | None, Shape | None]:
    """The shapes of the newer and the older version, of which one may not be there."""
    rest = iter(found)
    new, old = (next(rest, None) if version is not None else None for version in versions)
    return new, old


def _beyond(found: Sequence[Shape], known: Sequence[Numbers], kind: Kind) -> str:
    """What is not drawn, of the version that has most of it."""
    parts = []
    below, above = max(shape.below for shape in found), max(shape.above for shape in found)
    if below > 0:
        parts.append(f"{figures.share(below)} below, down to {figures.figure(min(n.minimum for n in known), kind)}")
    if above > 0:
        parts.append(f"{figures.share(above)} above, up to {figures.figure(max(n.maximum for n in known), kind)}")
    return f"Not drawn: {'; '.join(parts)}." if parts else ""


def values_panel(new: ColumnSummary | None, old: ColumnSummary | None, most: int) -> Iterator[Panel]:
    """The most frequent values of either version, and what is left."""
    after = dict(frequent(new)) if new else {}
    before = dict(frequent(old)) if old else {}
    rows, earlier = (version.filled if version else 0 for version in (new, old))
    weight = {
        value: max(after.get(value, 0.0) / max(rows, 1), before.get(value, 0.0) / max(earlier, 1))
        for value in (*after, *before)
    }
    chosen = sorted(weight, key=lambda value: (-weight[value], value))[:most]
    if not chosen:
        return
    widest = max(weight.values()) or 1.0
    bars = []
    for value in chosen:
        one, other = after.get(value, 0.0) / max(rows, 1), before.get(value, 0.0) / max(earlier, 1)
        bars.append(
            Bar(
                figures.named(value, 40),
                figures.share(min(one, 1.0)) if new else "",
                round(100 * one / widest),
                figures.share(min(other, 1.0)) if old else "",
                round(100 * other / widest),
            )
        )
    yield Panel("Values", bars=tuple(bars), note=_left(new or old, len(chosen)))


def _left(column: ColumnSummary | None, shown: int) -> str:
    assert column is not None
    more = column.distinct - shown
    if more < 1:
        return ""
    about = "about " if column.distinct_error else ""
    return f"and {about}{figures.count(more)} more different value{'' if more == 1 else 's'}"


def numbers_panel(new: ColumnSummary | None, old: ColumnSummary | None) -> Panel:
    """Quantiles and moments side by side."""
    columns = [_figures(version) for version in (new, old) if version is not None]
    names = list(columns[0]) if len(columns) == 1 else list(dict.fromkeys([*columns[0], *columns[1]]))
    rows = tuple((name, *(column.get(name, "") for column in columns)) for name in names)
    return Panel("Figures", head=("", *_heads(new, old)), rows=rows)


def _heads(new: ColumnSummary | None, old: ColumnSummary | None) -> tuple[str, ...]:
    """The titles of the figures: two versions are told apart, one needs no title."""
    return ("new", "old") if new is not None and old is not None else ("",)


def _figures(column: ColumnSummary) -> dict[str, str]:
    numbers = column.numbers
    if numbers is None:
        return {}
    kind, shares = column.kind, (0.01, 0.25, 0.5, 0.75, 0.99)
    inner = numbers.steps.quantiles(shares).tolist()
    lines = {"least": figures.extreme(column.least, kind)}
    lines |= {
        ("median" if part == 0.5 else f"{part:.0%}"): figures.figure(value, kind)
        for part, value in zip(shares, inner, strict=True)
    }
    lines["greatest"] = figures.extreme(column.greatest, kind)
    if kind not in DATED:
        lines |= {"mean": figures.figure(numbers.mean), "spread (sd)": figures.figure(numbers.std)}
        if column.zeros:
            lines["zeros"] = figures.portion(column.zeros, column.rows)
        if column.negative:
            lines["negative"] = figures.portion(column.negative, column.rows)
    return lines


def holes_panel(new: ColumnSummary | None, old: ColumnSummary | None) -> Iterator[Panel]:
    """Everything that may stand for "no value", kinds kept apart; nothing where there is none."""
    columns = [(_holes(version), version) for version in (new, old) if version is not None]
    names = list(dict.fromkeys(name for holes, _ in columns for name in holes))
    if not names:
        return
    rows = []
    for name in names:
        cells = []
        for holes, version in columns:
            rows_of = holes.get(name, 0)
            cells.append(f"{figures.portion(rows_of, version.rows)} ({rows_of:,})" if rows_of else "0%")
        rows.append((name, *cells))
    yield Panel("No value", head=("", *_heads(new, old)), rows=tuple(rows))


def _holes(column: ColumnSummary) -> dict[str, int]:
    lines = {
        "null": column.nulls,
        "not a number": column.nan,
        "empty list" if column.kind == "list" else "empty text": column.empty,
        "blank text": column.blank,
        "infinite": column.infinite,
        "of another type": column.wrong,
    }
    for value, rows in sentinels(column):
        lines[f"perhaps '{figures.named(readable(value, column), 24)}'"] = rows
    return {name: rows for name, rows in lines.items() if rows}


def time_panels(new: ColumnSummary | None, old: ColumnSummary | None, detail: Detail) -> Iterator[Panel]:
    """When the rows lie: the strip of days with its holes, hours of the day, days of the week."""
    times = [version.times if version else None for version in (new, old)]
    if not any(times):
        return
    strips = list(day_shapes(times, min(STRIP, detail.bins * 3)))
    if strips:
        one, other = _pair([part if part and part.days else None for part in times], strips)
        last = max(part.days[-1][0] for part in times if part and part.days)
        ends = [figures.figure(day * DAY, "date") for day in (strips[0].edges[0], last)]
        label = f"Rows a day from {ends[0]} to {ends[1]}"
        note = _holes_in_time(new or old)
        yield Panel("Days", *_shares(one, other), label=label, ticks=tuple(ends), note=note, big=True)
    for title, name, ticks in (
        ("Hours of the day (UTC)", "hours", ("0", "6", "12", "18", "24")),
        ("Days of the week", "weekdays", DAYS),
    ):
        one, other = (counted(getattr(part, name)) if part else None for part in times)
        if one or other:
            yield Panel(title, *_shares(one, other), label=title, ticks=ticks)


def _shares(new: Shape | None, old: Shape | None) -> tuple[Sequence[float] | None, Sequence[float] | None]:
    return new.shares if new else None, old.shares if old else None


def _holes_in_time(column: ColumnSummary | None) -> str:
    assert column is not None
    holes = gaps(column.times) if column.times else []
    if not holes:
        return "No day without rows."
    days = sum(last - first + 1 for first, last in holes)
    longest = max(holes, key=lambda hole: hole[1] - hole[0])
    first, last = (figures.figure(day * DAY, "date") for day in longest)
    where = first if first == last else f"{first} to {last}"
    return f"{figures.count(days)} day{'' if days == 1 else 's'} without rows; the longest stretch: {where}."
