"""The templates of HTML pages: what is put in is escaped; style and script are in the page, nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mlops_cli.reports.charts import chart

FOLDER = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The templates, loaded once."""
    loader = FileSystemLoader(FOLDER)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    script = asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Only this script runs in the page, whatever text has come from the data.
    made.globals.update(chart=chart, style=asset("style.css"), script=script, script_hash=f"sha256-{digest}")
    return made


def asset(name: str) -> Markup:
    """A style sheet or a script of ours, as it is put into a page."""
    return Markup((FOLDER / name).read_text("utf-8").strip())


def render(template: str, **values: object) -> Markup:
    """A template filled in; raises jinja2.UndefinedError for a value that it needs and does not get."""
    return Markup(environment().get_template(template).render(**values))


def weight(text: str) -> int:
    """Bytes that a part of a page takes."""
    return len(text.encode("utf-8", "surrogatepass"))
