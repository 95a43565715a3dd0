"""The card of a model as Markdown: to keep beside the model, or to paste where models are described."""

from __future__ import annotations

from mlops_cli.reports.card_sections import Section, sections
from mlops_cli.reports.markdown import escape
from mlops_cli.reports.model_card import ModelCard


def card_markdown(card: ModelCard) -> str:
    """The whole card; ends with a newline."""
    parts = [f"# {escape(card.title)}", *map(_section, sections(card))]
    return "\n\n".join(parts) + "\n"


def _section(part: Section) -> str:
    lines = [f"## {part.title}", ""]
    if all(len(row) == 1 for row in part.rows):
        lines += [f"- {escape(row[0])}" for row in part.rows]
    else:
        columns = max(map(len, part.rows))
        head = part.head or ("",) * columns
        lines += [_line(head), "|" + "---|" * columns, *map(_line, part.rows)]
    if part.left_out:
        lines += ["", f"and {part.left_out:,} more"]
    return "\n".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"
