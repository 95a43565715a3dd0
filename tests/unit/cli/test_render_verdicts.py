"""A gate on a model at the terminal: what is grave first, names that fit, differences with their sign."""

from __future__ import annotations

from dataclasses import replace

from mlops_cli.checks.verdict import Detail, Figure, Report, Segment, Verdict
from mlops_cli.cli.render.verdicts import gate_text

DETAIL = Detail(
    "binary",
    figures=(Figure("roc_auc", 0.9, 0.88, 0.92, 500), Figure("brier", 0.1, None, None, 500)),
    rivals={"linear": (Figure("roc_auc", 0.8, None, None, 500),), "champion": (Figure("brier", 0.2, None, None, 500),)},
    segments=(Segment("age >= 40", 80, 0.9, 0.4, 0.2, 0.8, 0.001),),
)


def verdict(check: str, state: str = "pass", part: str | None = None, **fields: object) -> Verdict:
    return Verdict(check, check.partition(".")[0], state, "min 0.5", f"about {check}", part, **fields)  # type: ignore[arg-type]


def report(*verdicts: Verdict, detail: Detail | None = None) -> Report:
    return Report("gate", "model", "churn@v3", verdicts, 500, detail=detail)


def test_few_checks_stand_in_the_order_of_the_spec() -> None:
    text = gate_text("judge", report(verdict("b.min"), verdict("a.min", "fail")))
    assert text.index("b.min") < text.index("a.min") and "(-v" not in text


def test_of_many_checks_those_that_passed_are_counted_and_what_blocks_comes_first() -> None:
    many = [verdict("by_slice.f1.min", "pass", f"city={number}") for number in range(40)]
    found = report(*many[:20], verdict("f1.min", "warn"), *many[20:], verdict("ece.max", "fail"))
    text = gate_text("judge", found)
    assert text.index("ece.max") < text.index("f1.min") and "city=" not in text
    assert "40 checks passed (-v shows them)" in text
    assert gate_text("judge", found, verbose=True).count("city=") == 40


def test_long_and_hostile_names_are_cut_in_their_middle() -> None:
    name = "city=" + "x" * 200 + "\u202e\nend"
    (line,) = [
        line for line in gate_text("judge", report(verdict("f1.min", "fail", name))).splitlines() if "city" in line
    ]
    assert "…" in line and line.count("�") == 2 and len(line) < 160


def test_a_difference_has_its_sign() -> None:
    text = gate_text(
        "judge",
        report(
            verdict("f1.better", value=0.02, baseline=0.8, interval=(0.01, 0.03)),
            verdict("f1.not_worse", value=-0.01),
            verdict("f1.min", value=0.82),
        ),
    )
    assert "+0.02 [0.01, 0.03]" in text and "-0.01" in text and " 0.82" in text


def test_the_champion_stands_beside_the_figures_before_simple_models() -> None:
    text = gate_text("judge", report(verdict("roc_auc.min"), detail=DETAIL), measured=True)
    lines = [line.split() for line in text.splitlines()[text.splitlines().index("  measured on these rows:") + 1 :]]
    assert lines[0] == ["METRIC", "VALUE", "95%", "INTERVAL", "CHAMPION", "LINEAR"]
    assert lines[1] == ["roc_auc", "0.9", "[0.88,", "0.92]", "0.8"] and lines[2] == ["brier", "0.1", "0.2"]
    assert "measured" not in gate_text("judge", report(verdict("roc_auc.min"), detail=DETAIL))


def test_weak_segments_are_told_once() -> None:
    examples = ({"segment": "age >= 40", "rows": 80},)
    found = report(verdict("weak_segments.max", "warn", examples=examples), detail=DETAIL)
    assert gate_text("judge", found).count("age >= 40") == 1
    assert "weaker" not in gate_text("judge", found, brief=True)
    bare = gate_text("judge", replace(found, detail=None))
    assert "age >= 40" in bare and "segment" in bare


def test_a_gate_without_details_is_told_too() -> None:
    assert "measured" not in gate_text("judge", report(verdict("f1.min")), measured=True)
    assert "measured" not in gate_text("judge", report(verdict("f1.min"), detail=Detail("binary")), measured=True)
