"""The pages in a real browser: they are drawn, they can be sorted and searched, and nothing in the data runs."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Project


def runs(name: str) -> str | None:
    """The path of a browser that can be started; some systems have a program of that name that only asks for another."""
    found = shutil.which(name)
    if found is None or subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
        return None
    return found


BROWSER = next(filter(None, map(runs, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine (apt-get install chromium)")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PROBE = """
<script>
window.addEventListener("load", function () {
  var answer;
  try { answer = (function () { %s })(); } catch (error) { answer = "error: " + error; }
  document.documentElement.setAttribute("data-answer", JSON.stringify(answer));
});
</script>
"""
NAMES = "return Array.from(document.querySelectorAll('#rows tr:not([hidden]) th')).map(e => e.textContent);"


def browse(folder: Path, page: Path, *words: str) -> str:
    """What the browser prints."""
    profile = folder / "browser"
    shutil.rmtree(profile, ignore_errors=True)
    command = [str(BROWSER), *QUIET, f"--user-data-dir={profile}", *words, page.as_uri()]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def ask(folder: Path, page: Path, script: str, *words: str) -> Any:
    """What a script finds in the page; the page's own rule against foreign scripts is lifted in a copy of it."""
    text = page.read_text("utf-8")
    rule = re.search(r"<meta http-equiv=[^>]*>", text)
    assert rule is not None
    copy = folder / "asked.html"
    copy.write_text(text.replace(rule[0], "").replace("</body>", PROBE % script + "</body>"), "utf-8")
    found = re.search(r'data-answer="([^"]*)"', browse(folder, copy, "--dump-dom", *words))
    assert found is not None, "the page did not load"
    return json.loads(unescape(found[1]))


def picture(folder: Path, page: Path, wide: int, tall: int, *words: str) -> bytes:
    target = folder / "page.png"
    browse(folder, page, f"--screenshot={target}", f"--window-size={wide},{tall}", *words)
    data = target.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (wide, tall)
    return data


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of two versions, of a wide table, and of a validation."""
    project = Project(tmp_path_factory.mktemp("pages"))
    project.write("mlops.yaml", "name: pages\n")
    for name, shift in (("old", 0.0), ("new", 1.0)):
        random = np.random.default_rng(int(shift))
        columns = {
            "still": random.normal(size=800),
            "moved": random.normal(size=800) + shift,
            "Zebra": random.choice(["a", "b"], 800),
            "holes": [None if shift and at % 2 else "x" for at in range(800)],
            "<script>document.title='broken'</script>": ["<img src=x onerror=\"document.title='broken'\">"] * 800,
        }
        pq.write_table(pa.table(columns), project.root / f"{name}.parquet")
    wide = {f"column_{at:04}": random.normal(size=20) for at in range(300)}
    pq.write_table(pa.table(wide), project.root / "wide.parquet")
    project.write(
        "gate.yaml",
        "kind: validation\nname: gate\nexpect:\n  columns:\n    moved: {max: 0}\n    still: {type: number}\n",
    )
    project.mlops("profile", "new.parquet", "--against", "old.parquet", "--html", "two.html")
    project.mlops("profile", "wide.parquet", "--html", "wide.html")
    project.mlops("validate", "gate.yaml", "--data", "new.parquet", "-f", "html", "-o", "gate.html", code=1)
    return project.root


def test_what_moved_most_comes_first_and_the_order_can_be_changed(pages: Path, tmp_path: Path) -> None:
    page = pages / "two.html"
    assert ask(tmp_path, page, NAMES)[:2] == ["holes", "moved"]
    choose = "var s = document.getElementById('sort'); s.value = %r; s.dispatchEvent(new Event('change'));"
    assert ask(tmp_path, page, choose % "file" + NAMES)[:2] == ["still", "moved"]
    assert ask(tmp_path, page, choose % "missing" + NAMES)[0] == "holes"
    by_name = ask(tmp_path, page, choose % "name" + NAMES)
    assert by_name[1:] == ["holes", "moved", "still", "Zebra"]
    cards = "return Array.from(document.querySelectorAll('.card h3')).map(e => e.textContent);"
    assert ask(tmp_path, page, choose % "file" + cards)[:2] == ["still", "moved"]


def test_a_search_leaves_the_columns_whose_name_fits(pages: Path, tmp_path: Path) -> None:
    find = "var s = document.getElementById('search'); s.value = 'MOV'; s.dispatchEvent(new Event('input'));"
    page = pages / "two.html"
    assert ask(tmp_path, page, find + NAMES) == ["moved"]
    assert ask(tmp_path, page, find + "return document.getElementById('count').textContent;") == "1 of 5"
    assert ask(tmp_path, page, find + "return document.querySelectorAll('.card:not([hidden])').length;") == 1


def test_nothing_in_the_data_runs(pages: Path, tmp_path: Path) -> None:
    for name in ("two.html", "gate.html"):
        assert ask(tmp_path, pages / name, "return document.title;") != "broken"
        assert "<title>broken" not in browse(tmp_path, pages / name, "--dump-dom")


def test_the_page_itself_lets_no_foreign_script_run(pages: Path, tmp_path: Path) -> None:
    page = tmp_path / "foreign.html"
    text = (pages / "two.html").read_text("utf-8")
    page.write_text(text.replace("</body>", "<script>document.title='broken'</script></body>"), "utf-8")
    printed = browse(tmp_path, page, "--dump-dom")
    assert "<title>broken" not in printed
    assert re.search(r'<div class="tools"[^>]*>', printed) and ' id="tools" role="search" hidden' not in printed


@pytest.mark.parametrize("name", ["two.html", "wide.html", "gate.html"])
def test_a_page_fits_a_small_screen_and_is_drawn(pages: Path, tmp_path: Path, name: str) -> None:
    page = pages / name
    wider = "return document.documentElement.scrollWidth - window.innerWidth;"
    assert ask(tmp_path, page, wider, "--window-size=500,900") <= 0
    light = picture(tmp_path, page, 1200, 900)
    assert len(light) > 15_000  # a blank one has some 5,000 bytes


def test_drawings_have_a_size_and_words(pages: Path, tmp_path: Path) -> None:
    sizes = "return Array.from(document.querySelectorAll('svg.chart')).map(e => [e.clientWidth, e.clientHeight, e.getAttribute('aria-label')]);"
    found = ask(tmp_path, pages / "two.html", sizes)
    assert len(found) >= 2
    assert all(wide > 100 and tall > 40 and words for wide, tall, words in found)
    inked = "var b = document.querySelector('svg.chart path.new').getBBox(); return [b.width, b.height];"
    wide, tall = ask(tmp_path, pages / "two.html", inked)
    assert wide > 10 and tall > 10


def test_the_table_has_as_many_cells_as_titles(pages: Path, tmp_path: Path) -> None:
    count = "return Array.from(document.querySelectorAll('table.all tr')).map(e => e.cells.length);"
    for name in ("two.html", "wide.html", "gate.html"):
        assert len(set(ask(tmp_path, pages / name, count))) == 1
