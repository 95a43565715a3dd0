"""The page of a model in a real browser: it is drawn, it fits, and nothing that data or names say runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Project
from test_pages_browser import BROWSER, ask, browse, picture

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine (apt-get install chromium)")
BAD = "<img src=x onerror=\"document.title='broken'\">"
SPEC = """
kind: validation
name: churn-gate
predictions: {data: new.parquet, truth: churned, label: said, score: p, id: id}
baseline: old.parquet
slices: [plan, {age: [0, 30, 60, 120]}]
expect:
  roc_auc: {min: 0.99, not_worse: 0.01}
  brier: {max: 0.25}
  by_slice:
    accuracy: {min: 0.5, gap: {max: 0.5}}
min_rows: 50
"""
PAGES = ("gate.html", "card.html")


def predictions(noise: float) -> pa.Table:
    """2,000 rows; the labels and the values of a column are as hostile as names can be."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 2000)
    score = 1 / (1 + np.exp(-(2 * truth - 1 + random.normal(scale=noise, size=2000))))
    names = np.array(["a", BAD])
    plans = np.array(["free", "\u202egnorw" * 9, "x" * 200, BAD])
    return pa.table(
        {
            "id": np.arange(2000),
            "churned": names[truth],
            "said": names[(score > 0.5).astype(int)],
            "p": 1 - score,
            "plan": plans[random.choice(4, 2000, p=[0.5, 0.3, 0.19, 0.01])],
            "age": random.integers(18, 100, 2000),
        }
    )


@pytest.fixture(scope="module")
def pages(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a gate on predictions, and the card of a model."""
    project = Project(tmp_path_factory.mktemp("model-pages"))
    project.write("mlops.yaml", "name: pages\n")
    pq.write_table(predictions(1.5), project.root / "new.parquet")
    pq.write_table(predictions(1.0), project.root / "old.parquet")
    project.write("gate.yaml", SPEC)
    project.mlops("validate", "gate.yaml", "--baseline", "old.parquet", "-f", "html", "-o", "gate.html", code=1)
    trained.mlops("card", "breast-cancer", "-f", "html", "-o", str(project.root / "card.html"))
    return project.root


def test_nothing_in_the_data_runs(pages: Path, tmp_path: Path) -> None:
    assert BAD.replace('"', "&#34;").replace("'", "&#39;").replace("<", "&lt;").replace(">", "&gt;") in (
        pages / "gate.html"
    ).read_text("utf-8")
    for name in PAGES:
        assert ask(tmp_path, pages / name, "return document.title;") != "broken"
        assert ask(tmp_path, pages / name, "return document.querySelectorAll('img').length;") == 0
        assert "<title>broken" not in browse(tmp_path, pages / name, "--dump-dom")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_fits_a_small_screen_and_is_drawn_in_light_and_dark(pages: Path, tmp_path: Path, name: str) -> None:
    wider = "return document.documentElement.scrollWidth - window.innerWidth;"
    for size in ("500,900", "1280,900"):
        assert ask(tmp_path, pages / name, wider, f"--window-size={size}") <= 0
    light = picture(tmp_path, pages / name, 1280, 1600)
    dark = picture(tmp_path, pages / name, 1280, 1600, "--blink-settings=preferredColorScheme=0")
    assert len(light) > 40_000 and len(dark) > 40_000 and light != dark


def test_a_phone_is_wide_enough(pages: Path, tmp_path: Path) -> None:
    """A browser without a screen makes no window narrower than 500 pixels; a frame in it can be."""
    for name in PAGES:
        frame = tmp_path / "frame.html"
        text = (pages / name).read_text("utf-8")
        for sign, written in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;")):
            text = text.replace(sign, written)
        rule = '<meta http-equiv="x">'
        frame.write_text(f'{rule}<body><iframe srcdoc="{text}" style="width:390px;height:800px"></iframe></body>')
        wider = "var d = frames[0].document.documentElement; return [d.clientWidth, d.scrollWidth];"
        inner, needed = ask(tmp_path, frame, wider)
        assert 300 < inner <= 390 and needed <= inner


@pytest.mark.parametrize("name", PAGES)
def test_curves_and_intervals_have_a_size_and_stay_in_their_place(pages: Path, tmp_path: Path, name: str) -> None:
    sizes = "return Array.from(document.querySelectorAll('svg.%s')).map(e => [e.clientWidth, e.clientHeight]);"
    plots = ask(tmp_path, pages / name, sizes % "plot", "--window-size=1280,900")
    assert len(plots) == 4 and all(wide > 200 and tall > 140 for wide, tall in plots)
    whiskers = ask(tmp_path, pages / name, sizes % "whiskers", "--window-size=1280,900")
    assert len([pair for pair in whiskers if pair[0]]) >= 4
    outside = """
      return Array.from(document.querySelectorAll('svg.plot, svg.whiskers')).filter(function (svg) {
        var box = svg.getBoundingClientRect();
        return Array.from(svg.querySelectorAll('path, circle, text')).some(function (part) {
          var own = part.getBoundingClientRect();
          return own.left < box.left - 3 || own.right > box.right + 3 || own.top < box.top - 3 || own.bottom > box.bottom + 3;
        });
      }).length;
    """
    assert ask(tmp_path, pages / name, outside, "--window-size=1280,900") == 0


def test_no_words_lie_over_each_other(pages: Path, tmp_path: Path) -> None:
    over = """
      var cells = Array.from(document.querySelectorAll('td, th, h2, h3, p, dd, li')).filter(e => e.getClientRects().length);
      return cells.filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline').length;
    """
    for size in ("500,900", "1280,900"):
        assert ask(tmp_path, pages / "gate.html", over, f"--window-size={size}") == 0


def test_the_champion_is_drawn_over_the_model(pages: Path, tmp_path: Path) -> None:
    lines = "return Array.from(document.querySelectorAll('svg.plot path.champion')).map(e => getComputedStyle(e).strokeDasharray);"
    found = ask(tmp_path, pages / "gate.html", lines)
    assert len(found) == 3 and all(dashes != "none" for dashes in found)


def test_the_page_is_read_without_a_script(pages: Path, tmp_path: Path) -> None:
    for name in PAGES:
        text = (pages / name).read_text("utf-8")
        assert "<script" not in text
        shown = "return document.querySelectorAll('details[open] table tbody tr').length;"
        assert ask(tmp_path, pages / name, shown) >= 3
