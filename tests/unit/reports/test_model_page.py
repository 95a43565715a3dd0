"""The page of a model gate and its card: the verdict first, all figures, nothing that gets out of its place."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mlops_cli.base.hashing import Oid
from mlops_cli.checks.verdict import Curve, Detail, Figure, Report, Segment, SliceFigures, Verdict
from mlops_cli.models.card import Card, Feature, Trained
from mlops_cli.reports.card_markdown import card_markdown
from mlops_cli.reports.card_page import card_html
from mlops_cli.reports.drawings import Mark, Scale, axis, scale_of, steps, stretched, whiskers
from mlops_cli.reports.markdown import markdown
from mlops_cli.reports.model_card import Judged, ModelCard, SignedBy, Step, limits
from mlops_cli.reports.model_figures import bound_of, slice_tables
from mlops_cli.reports.model_page import group_of
from mlops_cli.reports.validation_page import html

HOSTILE = "<script>alert(1)</script>\u202egnorw"
VOID = frozenset({"meta", "br", "path", "circle", "th", "td", "tr", "li", "dt", "dd", "p"})


def figure(metric: str, value: float, spread: float = 0.02, n: int = 500) -> Figure:
    return Figure(metric, value, value - spread, value + spread, n, "delong")


def slices(*parts: tuple[str, int, float | None]) -> tuple[SliceFigures, ...]:
    return tuple(
        SliceFigures(name, n, ())
        if value is None
        else SliceFigures(
            name, n, (figure("roc_auc", value), figure("log_loss", 1 - value)), {"roc_auc": (value + 0.9) / 2}
        )
        for name, n, value in parts
    )


DETAIL = Detail(
    "binary",
    "yes",
    0.95,
    (figure("accuracy", 0.8), figure("roc_auc", 0.9), figure("log_loss", 0.3)),
    {
        "constant": (Figure("roc_auc", 0.5, None, None, 500),),
        "champion": (figure("roc_auc", 0.88), figure("accuracy", 0.81)),
    },
    slices(("plan=free", 200, 0.95), ("plan=tiny", 9, None), (f"plan={HOSTILE}", 100, 0.7), ("plan=pro", 191, 0.9)),
    (
        Curve("roc", (0.0, 0.2, 1.0), (0.0, 0.8, 1.0)),
        Curve("precision_recall", (0.5, 1.0), (0.9, 0.4)),
        Curve("calibration", (0.1, 0.6), (0.15, 0.55), (250.0, 250.0)),
        Curve("scores", tuple(at / 20 for at in range(20)), (0.05,) * 20, (0.05,) * 20),
        Curve("a_curve_of_a_later_day", (1.0,), (1.0,)),
    ),
    (Curve("roc", (0.0, 0.4, 1.0), (0.0, 0.7, 1.0)),),
    ("no", HOSTILE),
    ((300, 50), (40, 110)),
    (Segment(f"age >= 40 and plan = {HOSTILE}", 80, 0.9, 0.4, 0.2, 0.8, 0.001),),
)
VERDICTS = (
    Verdict("roc_auc.min", "roc_auc", "pass", "min 0.8", "roc_auc is 0.9", value=0.9, n=500, interval=(0.88, 0.92)),
    Verdict("roc_auc.not_worse", "roc_auc", "pass", "not worse by 0.01", "0.02 better", value=0.02, baseline=0.88),
    Verdict("by_slice.roc_auc.min", "roc_auc", "fail", "min 0.75", "0.7", f"plan={HOSTILE}", value=0.7, n=100),
    Verdict("by_slice.roc_auc.min", "roc_auc", "pass", "min 0.75", "0.95", "plan=free", value=0.95, n=200),
    Verdict("by_slice.roc_auc.min", "roc_auc", "too_few", "min 0.75", "9 rows", "plan=tiny", n=9),
    Verdict("robust.missing.roc_auc.drop", "missing", "pass", "drop 0.1", "0.02 at most", value=0.02),
    Verdict("leakage.overlap.max", "overlap", "warn", "max 0%", "3 rows are in the training data", value=0.006),
)
REPORT = Report(
    "churn-gate",
    "model",
    "churn@v3",
    VERDICTS,
    500,
    "churn@v2",
    {"roc_auc": 0.9},
    spec="5" * 64,
    inputs={"model": "6" * 64, "data": "7" * 64},
    detail=DETAIL,
)


class Nested(HTMLParser):
    """Whether tags are closed in order; what HTML lets stay open is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


def check_page(text: str) -> None:
    assert "<script" not in text and "\u202e" not in text and "http://" not in text and "https://" not in text
    assert len(text.encode()) < 500_000
    nested = Nested()
    nested.feed(text)
    assert nested.open == []


def test_the_verdict_comes_first_and_all_figures_follow() -> None:
    text = html(REPORT)
    check_page(text)
    places = [text.index(f">{title}</h") for title in ("Needs a look", "Metrics", "Slices", "Weak segments", "Curves")]
    assert places == sorted(places)
    assert text.index("failed") < places[0]
    for words in (
        "7 checks: 1 fail, 1 warn, 1 too few, 4 pass, on 500 rows",
        "0.88 to 0.92",
        "95% interval",
        ">champion<",
        ">constant<",
        "✓ min 0.8",
        "ROC: recall by false positive rate",
        "Scores by class",
        "Calibration",
        "2 bins of 250 rows",
        "Confusion matrix",
        "85.7%",
        "Robustness",
        "age &gt;= 40 and plan = &lt;script&gt;",
        "7" * 64,
        ">+0.02<",
    ):
        assert words in text, words
    assert text.count('class="plot"') == 4
    assert text.count('<path class="champion" d="M') >= 2


def test_metrics_that_are_gated_stand_first() -> None:
    text = html(REPORT)
    table = text[text.index('aria-label="Metrics"') :]
    assert table.index('row">roc_auc') < table.index('row">accuracy')


def test_slices_are_told_worst_first_and_those_too_small_last() -> None:
    tables = slice_tables(REPORT, DETAIL)
    assert [(table.metric, table.opened, table.better) for table in tables] == [
        ("roc_auc", True, "more is better"),
        ("log_loss", False, "less is better"),
    ]
    for table in tables:
        assert [line.rows for line in table.lines] == ["100", "191", "200", "9"]
    first, *_, last = tables[0].lines
    assert (first.word, first.shrunken, first.ends) == ("FAIL", "0.8", "0.68 to 0.72")
    assert (last.state, last.word, last.value, str(last.drawing)) == ("too_few", "too few", "", "")


def test_a_report_without_details_is_a_page_too() -> None:
    for detail in (None, Detail("binary"), Detail("regression", slices=slices(("a=b", 3, None)))):
        text = html(replace(REPORT, detail=detail))
        check_page(text)
        assert "roc_auc.min" in text and ">0.9<" in text
    check_page(html(Report("empty", "model", "", ())))


@pytest.mark.parametrize(
    "curve",
    [
        Curve("roc", (0.0, 1.0), (0.0, 1.0)),
        Curve("calibration", (0.5,), (0.0,), (3.0,)),
        Curve("calibration", (0.0,), (0.0,)),
        Curve("scores", (0.0,), (1.0,), (0.0,)),
        Curve("residuals", (-0.5,), (1.0,)),
        Curve("residuals", (-1e12, 1e12), (0.0, 0.0)),
        Curve("predicted", (2.0,), (2.0,), (5.0,)),
        Curve("predicted", (-1e-9, 1e-9), (0.0, 0.0), (5.0, 5.0)),
        Curve("relevance", (1.0,), (0.0,), (1.0,)),
    ],
)
def test_degenerate_curves_are_drawn(curve: Curve) -> None:
    text = html(replace(REPORT, detail=replace(DETAIL, curves=(curve,), champion_curves=(curve,))))
    check_page(text)
    assert text.count('class="plot"') == 1 and "nan" not in text and "inf " not in text


def test_a_page_of_many_slices_and_checks_stays_small_and_says_what_is_missing() -> None:
    names = [f"city={'x' * 50}{number}" for number in range(3000)]
    many = tuple(SliceFigures(name, 100, (figure("roc_auc", 0.8), figure("log_loss", 0.2))) for name in names)
    verdicts = tuple(
        Verdict("by_slice.roc_auc.min", "roc_auc", "fail" if at % 2 else "pass", "min 0.9", "x" * 500, name)
        for at, name in enumerate(names)
    )
    text = html(replace(REPORT, verdicts=verdicts, detail=replace(DETAIL, slices=many)))
    check_page(text)
    assert "more that do not fit" in text and "and 2,800 more slices, none of them worse" in text
    assert text.count('row">city=') >= 200


def test_checks_belong_under_their_headings() -> None:
    known = {
        "roc_auc.min": "Thresholds",
        "roc_auc.better": "Against the baseline",
        "roc_auc.beats": "Against simple models",
        "by_slice.roc_auc.min": "Slices",
        "by_slice.roc_auc.not_worse": "Slices",
        "by_slice.equalized_odds.gap": "Fairness: between slices",
        "robust.noise.roc_auc.drop": "Robustness",
        "leakage.uses.max": "Leakage",
        "weak_segments.max": "Weak segments",
        "size.max": "Latency and size",
        "gate.judged": "Thresholds",
    }
    assert {check: group_of(Verdict(check, "", "pass", "", "")) for check in known} == known


def test_the_number_in_a_bound_is_read_in_the_unit_of_the_metric() -> None:
    bounds = {"min 0.8": 0.8, "max 5%": 0.05, "max 1,200.5": 1200.5, "max -2e-05": -2e-5, "not worse by 0.1": None}
    assert {bound: bound_of(Verdict("a.min", "a", "pass", bound, "")) for bound in bounds} == bounds


def test_markdown_has_intervals_rivals_and_weak_segments() -> None:
    text = markdown(REPORT)
    assert "| roc\\_auc | 0.9 | 0.88 to 0.92 | 0.88 | 0.5 |" in text
    assert "weak where age \\>= 40" in text and "| +0.02 |" in text
    assert "<script>" not in text


def test_drawings_hold_what_they_are_given() -> None:
    assert scale_of([2.0, 2.0]) == Scale(1.5, 2.5) and scale_of([]) == Scale(0.0, 1.0)
    assert scale_of([1.0, float("nan"), 3.0]) == Scale(1.0, 3.0)
    assert stretched(Scale(0.9, 1.0), [0.95, 0.8, 0.1]) == Scale(0.8, 1.0)
    ends = axis([0.13, 0.871])
    assert (ends.low, ends.high) == pytest.approx((0.0, 1.0)) and len(ends.ticks) >= 3
    assert steps([0.0, 0.5], 1.0, [0.3, 0.7]) == ([0.0, 0.0, 0.5, 0.5, 1.0, 1.0], [0.0, 0.3, 0.3, 0.7, 0.7, 0.0])
    drawn = whiskers([Mark(0.5, 0.4, 0.6), Mark(-9.0, look="simple")], Scale(0.0, 1.0), bound=0.3)
    assert 'cx="110"' in drawn and 'class="bound"' in drawn and "l-4 3l4 3" in drawn


def card(**fields: object) -> ModelCard:
    model = Card(
        "sklearn.linear_model.LogisticRegression",
        "churned",
        "binary",
        (Feature("age", "int64"), Feature(HOSTILE, "str")),
        ("no", HOSTILE),
        {"C": 1.0, "penalty": None},
        {"scikit-learn": "1.9.1"},
        400,
        trained_on=Trained(Oid("7" * 64), "file", "train.parquet", 400),
    )
    made = ModelCard(
        name="churn",
        number=3,
        oid=Oid("1" * 64),
        content=Oid("2" * 64),
        bytes=1234,
        created="2026-03-01T12:00:00.000Z",
        aliases=("production",),
        model=model,
        origin=None,
        judged=(Judged("churn-gate", False, "2026-03-01T12:00:00.000Z", "anna@host", Oid("3" * 64), REPORT),),
        metrics={"roc_auc": 0.9},
        steps=(
            Step("2026-03-02T12:00:00.000Z", "anna@host", "production", True, "promote", "it burns", ("no gate",)),
            Step("2026-03-03T12:00:00.000Z", "anna@host", "production", False, "promote churn@v4"),
        ),
        signatures=(SignedBy("abc", None, "2026-03-02T12:00:00.000Z", "tampered"),),
    )
    found = replace(made, **fields)  # type: ignore[arg-type]
    return replace(found, limits=limits(found))


def test_limits_follow_from_facts() -> None:
    found = card().limits
    for words in (
        "it became production although something was missing: no gate",
        "a signature with the key abc does not count: tampered",
        "churn-gate has judged it on the rows that it was fitted on",
        f"churn-gate: by_slice.roc_auc.min in plan={HOSTILE} fails: 0.7",
        "churn-gate: leakage.overlap.max warns: 3 rows are in the training data",
        "churn-gate: too few rows to judge plan=tiny (9 rows)",
    ):
        assert words in found
    assert any(item.startswith("it is weak where age >= 40") for item in found)
    bare = card(judged=(), steps=(), signatures=(), model=None)
    assert bare.limits == ("no gate has judged this version",)


def test_a_card_is_a_page_and_a_text() -> None:
    text = card_html(card())
    check_page(text)
    for words in (
        "churn@v3",
        "production",
        "Limits",
        "LogisticRegression: binary of churned from 2 features",
        "it burns",
    ):
        assert words in text, words
    plain = card_markdown(card())
    for line in ("# churn@v3", "## Limits", "## Features", "| C | 1 |", "| penalty | none |"):
        assert line in plain.splitlines(), line
    assert "<script>" not in plain and "\u202e" not in plain


def test_a_card_of_a_model_that_nobody_knows_anything_about_is_a_page_too() -> None:
    bare = card(judged=(), steps=(), signatures=(), model=None, number=None, aliases=(), metrics={})
    check_page(card_html(bare))
    assert "No gate has judged this version" in card_html(bare)
    assert re.search(r"^# churn$", card_markdown(bare), re.MULTILINE)
