"""Places inside a text: from the place of a whole value to the place of a part of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mlops_cli.base.errors import Place


def inside(place: Place, text: str, start: int, length: int) -> Place:
    """The place of `text[start:start+length]`, where `place` is that of the YAML value `text`.

    A quoted value starts one column later. Where the written form differs from the value (escapes, several lines),
    columns inside it cannot be counted, and the whole value is the answer.
    """
    at = place.column - 1
    for quote in (0, 1):
        if place.text.startswith(text, at + quote):
            return replace(place, column=at + quote + start + 1, length=max(length, 1))
    return place


# What other tools call the things of our specs.
SYNONYMS: Mapping[str, str] = {
    "int": "integer", "int64": "integer", "float": "number", "float64": "number", "double": "number", "text": "string",
    "str": "string", "varchar": "string", "bool": "boolean", "datetime": "timestamp", "cmd": "sh", "command": "sh",
    "run": "sh", "shell": "sh", "python": "call", "function": "call", "train": "fit", "estimator": "fit",
    "query": "sql", "inputs": "in", "deps": "in", "outputs": "out", "outs": "out", "args": "with", "regex": "matches",
    "pattern": "matches", "enum": "in", "auc": "roc_auc", "tpr": "recall", "sensitivity": "recall",
    "tnr": "specificity", "fpr": "false_positive_rate", "fnr": "false_negative_rate", "mse": "rmse",
    "pr_auc": "average_precision", "demographic_parity": "selection_rate", "matthews": "mcc", "latency": "latency_mean",
}  # fmt: skip


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` was probably meant to be."""
    names = [name for name in known if name != word]
    if SYNONYMS.get(word) in names:
        return SYNONYMS[word]
    if near := difflib.get_close_matches(word, names, 1, 0.65):
        return near[0]
    folded = {name.lower().replace("-", "_"): name for name in names}
    same = folded.get(word.lower().replace("-", "_"))
    return same or next((name for name in names if len(name) > 2 and word.startswith(name)), None)


def suggestion(word: str, known: Iterable[str], what: str = "known") -> str | None:
    """A hint: the nearest of `known`, else all of them when they are few; None when there are none."""
    names = list(dict.fromkeys(known))
    if near := nearest(word, names):
        return f"did you mean '{near}'?"
    if not names:
        return None
    more = ", ..." if len(names) > 12 else ""
    return f"{what}: {', '.join(names[:12])}{more}"
