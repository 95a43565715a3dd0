"""Checks of a model that are no metric of its answers: spoilt inputs, leaks, weak segments, its speed and its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlops_cli.base.errors import Place, StageFailed
from mlops_cli.base.records import Json
from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, percent, show, verdict, without_rows
from mlops_cli.checks.leakage import Overlap, after, feature_power, overlap
from mlops_cli.checks.robustness import Drop, drops
from mlops_cli.checks.trial import Trial, decided, measured
from mlops_cli.checks.verdict import Segment, State, Verdict
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.segments import loss_name, weak_segments
from mlops_cli.spec.validation import Bound, Check

MOST_OVERLAP, MUCH_OVERLAP, MOST_POWER = 0.01, 0.2, 0.999
"""What is looked at in every model: more twins of training rows than the first, beyond what the training data have
among themselves, warn, and more than the second fail; a feature that alone tells the truth better than this fails."""
SHOWN = 5
RUNNING = ("latency_mean", "latency_p50", "latency_p99", "size")


def running(check: Check, trial: Trial) -> Verdict:
    """How long one row takes, or how large the model is, against a limit."""
    if check.measure not in trial.known.running:
        return without_rows(check, "not_run", "no_model", f"{check.measure} is of a model, and there is none")
    value, times = trial.known.running[check.measure]
    case = Case(check, Measured(rounded(value), times))
    return verdict(case, COMPARATORS[check.comparator](case))


def robust(check: Check, trial: Trial) -> Verdict:
    """How much worse the model gets when its inputs are spoilt: the worst case counts."""
    known = trial.known
    if known.ask is None or check.probe is None:
        return without_rows(check, "not_run", "no_model", "there is no model to ask again")
    wanted = [item for item in known.features if not check.columns or item[0] in check.columns]
    missing = sorted(set(check.columns) - {name for name, _ in known.features})
    if missing:
        raise StageFailed(f"the model has no feature '{missing[0]}'", "its features are in `mlops show`")
    found = drops(check, known.ask, trial.frame, trial.rows, wanted, trial.spec.confidence)
    refused = [item for item in found if item.fault is not None]
    if refused:
        message = f"with {refused[0].label} the model has no answer: {refused[0].fault}"
        state: State = "warn" if check.severity == "warn" else "fail"
        return without_rows(check, state, "refuses", message, refused[0].label, len(trial.rows))
    small = trial.too_small(check, None)
    if small is not None:
        return small
    tried = [item for item in found if item.estimate is not None]
    if not tried:
        return without_rows(check, "too_few", "nothing_to_spoil", "no feature can be spoilt in this way")
    return worst_drop(check, tried)


def worst_drop(check: Check, tried: Sequence[Drop]) -> Verdict:
    """The verdict on the feature whose loss hurts most; the next ones are shown."""
    ranked = sorted(
        ((item.label, item.estimate) for item in tried if item.estimate is not None), key=lambda pair: -pair[1].value
    )
    label, worst = ranked[0]
    case = Case(check, measured(worst))
    said = decided(case, worst)
    done = verdict(case, said, label)
    examples: tuple[dict[str, Json], ...] = tuple(
        {"feature": name, "drop": rounded(item.value)} for name, item in ranked[:SHOWN] if item.value > 0
    )
    message = f"{said.message} (with {label})"
    return replace(done, message=message, examples=examples if said.state != "pass" else ())


def leak(check: Check, trial: Trial) -> Verdict:
    """One of the leaks from the truth or the training data into what the model is judged on."""
    if check.measure == "test_uses":
        return uses(check, trial)
    if check.measure == "feature_power":
        return leaking_feature(check, trial)
    train = trial.known.train
    if train is None:
        message = "the data that the model was trained on are not known here"
        return without_rows(check, "not_run", "no_training_data", message)
    if check.measure == "after_training":
        column = check.columns[0]
        share = after(train, trial.frame, column)
        found = Measured(rounded(share), len(trial.frame))
        case = Case(check, found)
        said = COMPARATORS["max"](case)
        text = f"{percent(share)} of the rows are not after the newest training row in '{column}'"
        return replace(verdict(case, said), message=text)
    return overlapping(check, trial)


def overlapping(check: Check, trial: Trial) -> Verdict:
    """Judged rows that stand in the training data too."""
    train = trial.known.train
    assert train is not None
    columns = [name for name, _ in trial.known.features] + ([trial.known.target] if trial.known.target else [])
    seen = overlap(train, trial.frame, columns)
    stated = check.bound is not None
    if not stated:
        check = unstated_bound(check, seen)
    case = Case(check, Measured(rounded(seen.share), len(trial.frame)))
    said = COMPARATORS["max"](case)
    done = verdict(case, said)
    text = f"{seen.rows:,} of {len(trial.frame):,} rows ({percent(seen.share)}) stand in the training data too"
    if seen.same:
        text = f"the {len(trial.frame):,} rows are the training rows themselves"
    elif seen.natural:
        text += f"; of the training rows {percent(seen.natural)} have a twin among themselves"
    if done.state == "fail" and not stated:
        text += "; judge on others, or say how many may with `leakage: {overlap: {max: ...}}`"
    return replace(done, message=text, examples=seen.examples)


def unstated_bound(check: Check, seen: Overlap) -> Check:
    """What holds where nobody has stated a bound: data that have twins among themselves have them here too, a few more
    warn, and a table that is largely one of memories is no evidence."""
    usual = 2 * seen.natural
    most = MOST_OVERLAP if seen.same else max(MOST_OVERLAP, usual)
    much = seen.same or seen.share > max(MUCH_OVERLAP, usual)
    bound = Bound(most, "share", percent(most))
    return replace(check, bound=bound, severity="fail" if much else "warn")


def leaking_feature(check: Check, trial: Trial) -> Verdict:
    """A feature that alone tells the truth: often it is the truth, under another name or from afterwards."""
    names = [name for name, _ in trial.known.features if name in trial.frame.columns]
    powers = feature_power(trial.frame, trial.rows, names)
    if not powers:
        return without_rows(check, "too_few", "no_features", "there is no feature to look at")
    name, power = max(powers, key=lambda pair: pair[1])
    case = Case(check, Measured(rounded(power), len(trial.rows)))
    said = COMPARATORS["max"](case)
    text = f"'{name}' alone tells the truth with {power:.4g} of 1"
    if said.state != "pass":
        text += "; take it out if it is not known when the model is asked, else raise `leakage: {feature: {max: ...}}`"
    examples: tuple[dict[str, Json], ...] = tuple(
        {"feature": feature, "power": rounded(value)} for feature, value in sorted(powers, key=lambda p: -p[1])[:SHOWN]
    )
    return replace(verdict(case, said, name), message=text, examples=examples if said.state != "pass" else ())


def uses(check: Check, trial: Trial) -> Verdict:
    """How many models have been judged on these rows: each choice among them fits the rows a little."""
    count = trial.known.uses
    if count is None:
        return without_rows(check, "not_run", "learning", "nobody has counted, outside of a project")
    case = Case(check, Measured(count + 1, len(trial.rows)))
    said = COMPARATORS["max"](case)
    models = "1 model has" if count == 0 else f"{count + 1:,} models have"
    return replace(verdict(case, said), message=f"{models} been judged on these rows, this one included")


def always(trial: Trial) -> list[Verdict]:
    """What is looked at in every model, whatever its spec says: label leaks, and rows of the training data."""
    asked = {check.measure for check in trial.spec.checks}
    place = Place(trial.spec.file, 1, 1)
    found: list[Verdict] = []
    if "feature_power" not in asked and trial.known.features:
        bound = Bound(MOST_POWER, "number", str(MOST_POWER))
        check = Check("leakage.feature.max", "feature", "feature_power", "max", bound, place)
        verdict_ = leak(check, trial)
        found += [verdict_] if verdict_.state != "too_few" else []
    if "overlap" not in asked and trial.known.train is not None:
        unstated = Check("leakage.overlap.max", "overlap", "overlap", "max", None, place, "warn")
        found.append(overlapping(unstated, trial))
    return found


def segments_of(trial: Trial) -> tuple[Segment, ...]:
    """The weak segments of a model, where the spec wants them to be searched for."""
    if not trial.spec.weak_segments:
        return ()
    known = {name for name, _ in trial.known.features}
    own = {*trial.spec.named_columns, trial.known.target}
    wanted = [str(name) for name in trial.frame.columns if (name in known if known else name not in own)]
    wanted += [part.column for part in trial.parts if part.column in trial.frame.columns and part.column not in wanted]
    found = weak_segments(
        trial.frame,
        trial.rows,
        list(dict.fromkeys(wanted)),
        trial.spec.weak_segments,
        trial.spec.min_rows,
        trial.spec.confidence,
    )
    return tuple(Segment(w.rule, w.n, w.loss, w.rest, w.low, w.high, w.q) for w in found)


def weak(check: Check, trial: Trial, found: Sequence[Segment]) -> Verdict:
    """The verdict on the weak segments that were confirmed."""
    examples: tuple[dict[str, Json], ...] = tuple(
        {"segment": item.rule, "rows": item.n, "loss": rounded(item.loss), "elsewhere": rounded(item.rest)}
        for item in found[:SHOWN]
    )
    rows, least = len(trial.rows), 4 * trial.spec.min_rows
    if rows < least:  # each half needs room for a segment and for the others
        message = f"{rows:,} rows, and {least:,} are asked for before weak segments are searched for"
        return without_rows(check, "too_few", "min_rows", message, n=rows)
    case = Case(check, Measured(len(found), rows))
    said = COMPARATORS["max"](case)
    text = "no segment was found on one half of the rows and confirmed on the other"
    if found:
        first = found[0]
        many = f"{len(found)} weak segment{'' if len(found) == 1 else 's'}"
        text = (
            f"{many}, found on one half of the rows and confirmed on the other; the worst is {first.rule}: "
            f"{loss_name(trial.rows)} {show(first.loss)} on {first.n:,} rows, {show(first.rest)} elsewhere"
        )
    return replace(verdict(case, said), message=text, examples=examples)
