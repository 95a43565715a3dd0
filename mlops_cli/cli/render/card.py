"""The card of a model for people at a terminal."""

from __future__ import annotations

from mlops_cli.cli.screen import paint, table
from mlops_cli.reports.card_sections import Section, sections
from mlops_cli.reports.model_card import ModelCard


def card_text(card: ModelCard) -> str:
    """The whole card, a block a section."""
    head = paint(card.title, "bold") + (f"  {paint(', '.join(card.aliases), 'good')}" if card.aliases else "")
    return "\n\n".join([head, *map(_section, sections(card))])


def _section(part: Section) -> str:
    head = [name.upper() for name in part.head]
    rows = part.rows if part.head else [(paint(row[0], "dim"), *row[1:]) if len(row) > 1 else row for row in part.rows]
    more = f"\n  and {part.left_out:,} more" if part.left_out else ""
    return f"{paint(part.title, 'bold')}\n" + table(rows, head=head, indent="  ") + more
