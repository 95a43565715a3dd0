"""Why a stage runs: the exact difference between two sets of key components, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlops_cli.base.records import Json
from mlops_cli.pipeline.graph import Node, family
from mlops_cli.pipeline.records import Components, StageRecord

SHOWN = 60  # characters of a value
WRITTEN = "bound.text"  # a bound is kept as it was written and as a number; the written one says both


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
    """The verb's own words; of a gate, check by check, each by its bound as it is written where that differs."""
    yield from _changed("option", dict(_flat("", _without_checks(old))), dict(_flat("", _without_checks(new))))
    before, after = _checks(old), _checks(new)
    for name in _keys(before, after):
        one, other = dict(_flat("", before.get(name))), dict(_flat("", after.get(name)))
        if name not in before or name not in after:
            yield f"check {name} is {'new' if name in after else 'gone'}"
        elif one.get(WRITTEN) != other.get(WRITTEN):
            yield f"check {name}: {_value(one.get(WRITTEN))} -> {_value(other.get(WRITTEN))}"
        else:
            yield from _changed(f"check {name}", one, other)


def _checks(options: Mapping[str, Json]) -> dict[str, Json]:
    validation = options.get("checks")
    found = validation.get("checks") if isinstance(validation, dict) else None
    return _by_label(found) if isinstance(found, list) else {}


def _by_label(items: list[Json]) -> dict[str, Json]:
    """Records by their id, others by their number; a repeated id gets its number too."""
    found: dict[str, Json] = {}
    for number, item in enumerate(items):
        label = str(item.get("id", number)) if isinstance(item, dict) else str(number)
        found[f"{label}#{number}" if label in found else label] = item
    return found


def _without_checks(options: Mapping[str, Json]) -> dict[str, Json]:
    validation = options.get("checks")
    if not isinstance(validation, dict) or not isinstance(validation.get("checks"), list):
        return dict(options)
    return {**options, "checks": {name: value for name, value in validation.items() if name != "checks"}}


def _flat(prefix: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, item)
    elif isinstance(value, list) and value and any(isinstance(item, dict) for item in value):
        for label, item in _by_label(value).items():
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
