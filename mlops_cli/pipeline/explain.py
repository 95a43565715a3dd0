"""Why a stage runs: the exact difference between two sets of key components, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlops_cli.base.records import Json
from mlops_cli.pipeline.graph import Node, family
from mlops_cli.pipeline.records import Components, StageRecord

SHOWN = 60  # characters of a value


def nearest(components: Components, records: Sequence[StageRecord], node: Node) -> tuple[StageRecord, list[str]] | None:
    """The earlier execution (newest first in `records`) that differs least, and the differences; None without any."""
    scored = [(record, list(differences(record.components, components, node))) for record in records]
    return min(scored, key=lambda pair: len(pair[1]), default=None)


def differences(old: Components, new: Components, node: Node | None = None) -> Iterator[str]:
    """Each component that differs, as one line with the old and the new value."""
    yield from _changed("verb", {"": old.verb}, {"": new.verb})
    yield from _code(old.code, new.code)
    parameters = dict(node.stage.params) if node else {}
    for name in _keys(old.arguments, new.arguments):
        label = f"parameter {parameters[name]}" if name in parameters else f"argument {name}"
        yield from _changed(label, _only(old.arguments, name), _only(new.arguments, name))
    yield from _inputs(old, new, node)
    yield from _options(old.options, new.options)
    yield from _changed("output", old.outputs, new.outputs)
    yield from _changed("library", old.distributions, new.distributions)
    yield from _changed("environment variable", old.environment, new.environment)
    yield from _changed("Python", {"": old.python}, {"": new.python})
    yield from _changed("seed", {"": old.seed}, {"": new.seed})


def _code(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in _keys(old, new):
        if old.get(name) != new.get(name):
            what = "is new" if name not in old else "is gone" if name not in new else "changed"
            yield f"code {name} {what}"


def _inputs(old: Components, new: Components, node: Node | None) -> Iterator[str]:
    # What we add ourselves (a gate's baseline, `@baseline`) comes after what the spec names.
    for name in sorted(_keys(old.inputs, new.inputs), key=lambda name: (name.startswith("@"), name)):
        before, after = old.inputs.get(name, ()), new.inputs.get(name, ())
        if before != after:
            ends = dict.fromkeys(map(family, node.edges.get(name, ()))) if node else ()
            source = f" ({', '.join(ends)})" if ends else ""
            yield f"input {name}{source}: {_short(before)} -> {_short(after)}"


def _short(oids: Sequence[str]) -> str:
    more = f" and {len(oids) - 1} more" if len(oids) > 1 else ""
    return oids[0][:8] + more if oids else "nothing"


def _changed(label: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for name in _keys(old, new):
        before, after = old.get(name), new.get(name)
        if name in old and name in new and _same(before, after):
            continue
        shown = f"{label} {name}".strip()
        if name not in old:
            yield f"{shown}: is new ({_value(after)})"
        elif name not in new:
            yield f"{shown}: is gone (was {_value(before)})"
        else:
            yield f"{shown}: {_value(before)} -> {_value(after)}"


def _same(one: Json, other: Json) -> bool:
    return one == other and type(one) is type(other)  # 1, 1.0 and true are three values


def _options(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    before, after = dict(_flat("", dict(old))), dict(_flat("", dict(new)))
    told = list(_changed("option", before, after))
    # A bound is kept as it was written and as a number: the written one says both.
    written = [line for line in told if ".bound.text:" in line]
    for line in told:
        if line in written or not any(_stem(line) == _stem(other) for other in written):
            yield (
                line.replace("option checks.checks[", "check ")
                .replace("].bound.text", "")
                .replace("]", "", line.count("checks["))
            )


def _stem(line: str) -> str:
    return line.partition(".bound.")[0] if ".bound." in line else line


def _flat(prefix: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, item)
    elif isinstance(value, list) and value and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            label = str(item.get("id", number)) if isinstance(item, dict) else str(number)
            yield from _flat(f"{prefix}[{label}]", item)
    else:
        yield prefix, value


def _keys(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})


def _only(values: Mapping[str, Json], name: str) -> dict[str, Json]:
    return {"": values[name]} if name in values else {}


def _value(value: Json) -> str:
    text = str(value) if not isinstance(value, bool | None) else {True: "true", False: "false", None: "nothing"}[value]
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
