"""Does a document have the structure that its schema asks for? The errors of jsonschema as faults with places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mlops_cli.base.errors import Fault
from mlops_cli.base.records import Json
from mlops_cli.spec.metrics import METRICS, RUNNING
from mlops_cli.spec.pipeline import VERBS
from mlops_cli.spec.places import nearest, suggestion
from mlops_cli.spec.schema import KINDS, MODEL_KEYS, Schema, kind_schema, stage_schema
from mlops_cli.spec.source import Document, KeyPath

if TYPE_CHECKING:
    from jsonschema import ValidationError

TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
LATER_KINDS = ("monitoring", "features", "serving")
LATER_VERBS = ("features", "predict", "pipeline", "skew", "monitor")


@dataclass(frozen=True)
class Broken:
    """A fault of structure and where in the document it lies; what lies there cannot be read further."""

    path: KeyPath | None
    """None: what stands around it can be read all the same."""
    fault: Fault


def schema_name(document: Document) -> str | Broken:
    """Which schema a document must fit, from its `kind`; a validation of a model is known by its keys."""
    data = document.data
    if not isinstance(data, dict):
        return _broken(document, (), f"a spec is a mapping, not {describe(data)}", "it begins with `kind:` and `name:`")
    if "kind" not in data:
        hint = f"kinds: {', '.join(KINDS)}"
        if (near := nearest("kind", data)) and near.lower().startswith("k"):
            return Broken(
                (near,), Fault(f"unknown key '{near}'", document.place((near,), of="key"), "did you mean 'kind'?")
            )
        return _broken(document, (), "missing key 'kind'", hint)
    kind = data["kind"]
    if kind not in KINDS:
        hint = f"kinds: {', '.join(KINDS)}"
        if not isinstance(kind, str):
            return _broken(document, ("kind",), f"expected text, found {describe(kind)}", hint)
        later = f"the kind '{kind}' is not supported yet" if kind in LATER_KINDS else f"unknown kind '{kind}'"
        return _broken(document, ("kind",), later, suggestion(kind, KINDS, "kinds") or hint)
    if kind != "validation":
        return str(kind)
    expect = data.get("expect")
    judged = isinstance(expect, dict) and not {*METRICS, *RUNNING, "by_slice"}.isdisjoint(expect)
    return "validation.model" if judged or any(key in data for key in MODEL_KEYS) else "validation.data"


def structure_faults(document: Document, name: str) -> list[Broken]:
    """All faults of structure of a document that must fit the schema `name`."""
    faults = list(_check(document, kind_schema(name), document.data, ()))
    stages = document.data.get("stages") if name == "pipeline" and isinstance(document.data, dict) else None
    for stage, body in stages.items() if isinstance(stages, dict) else ():
        if isinstance(body, dict):
            faults.extend(_stage_faults(document, ("stages", stage), body))
    return faults


def _stage_faults(document: Document, path: KeyPath, body: dict[str, Json]) -> Iterator[Broken]:
    verbs = [key for key in body if key in VERBS]
    if len(verbs) > 1:
        place = document.place((*path, verbs[1]), of="key")
        message = f"a stage has one verb; this one has {' and '.join(verbs)}"
        yield Broken(path, Fault(message, place, "make it two stages"))
    elif verbs:
        yield from _check(document, stage_schema(verbs[0]), body, path)
    else:
        yield _no_verb(document, path, body)


def _no_verb(document: Document, path: KeyPath, body: dict[str, Json]) -> Broken:
    known = _stage_keys()
    for key in body:
        place = document.place((*path, key), of="key")
        if key in LATER_VERBS:
            return Broken(path, Fault(f"the verb '{key}' is not supported yet", place, f"verbs: {', '.join(VERBS)}"))
        if key not in known and not key.startswith("x-"):
            return Broken(
                path, Fault(f"unknown key '{key}'", place, suggestion(key, VERBS, "a stage needs a verb, one of"))
            )
    message = f"the stage '{path[-1]}' has no verb"
    return Broken(path, Fault(message, document.place(path, of="key"), f"it needs one of {', '.join(VERBS)}"))


def _check(document: Document, schema: Schema, data: Json, path: KeyPath) -> Iterator[Broken]:
    from jsonschema import Draft202012Validator  # slow to import, and needed only for documents not seen before

    for error in Draft202012Validator(_python_patterns(schema)).iter_errors(data):
        yield from _explain(document, error, (*path, *error.absolute_path))


def _explain(document: Document, error: ValidationError, path: KeyPath) -> Iterator[Broken]:
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    rule = str(error.validator)
    instance: Json = error.instance  # type: ignore[assignment]  # the stubs also know an error without an instance
    own_hint = schema.get("x-hint")
    hint = own_hint if isinstance(own_hint, str) else None
    if "propertyNames" in error.absolute_schema_path:
        yield _bad_key(document, schema, str(instance), path, hint)
    elif rule == "additionalProperties":
        yield from _unknown_keys(document, schema, instance, path)
    elif rule == "required":
        yield from _missing_keys(document, schema, instance, path)
    elif rule == "uniqueItems" and isinstance(instance, list):
        at = next(at for at, item in enumerate(instance) if item in instance[:at])
        message = f"{describe(instance[at])} is listed twice"
        yield Broken(path, Fault(message, document.place((*path, at))))
    elif rule == "minProperties" and schema.get("required"):
        return  # the missing keys are told one by one
    elif rule == "type" and "enum" in schema:
        return  # the words that may stand here are told by `enum`
    else:
        message, found_hint = _bad_value(rule, schema, instance, hint)
        yield Broken(path, Fault(message, document.place(path), found_hint))


def _bad_key(document: Document, schema: Schema, key: str, path: KeyPath, hint: str | None) -> Broken:
    place = document.place((*path, key), of="key")
    return Broken((*path, key), Fault(f"'{key}' is not {schema.get('x-what', 'a key')}", place, hint))


def _unknown_keys(document: Document, schema: Schema, instance: Json, path: KeyPath) -> Iterator[Broken]:
    known, given = _properties(schema), instance if isinstance(instance, dict) else {}
    for key in given:
        if key not in known and not key.startswith("x-"):
            free = [name for name in known if name not in given]
            near, place = nearest(key, free), document.place((*path, key), of="key")
            hint, message = f"did you mean '{near}'?" if near else _few(known), f"unknown key '{key}'"
            if len(path) == 2 and path[0] == "stages" and key in _stage_keys():
                verb = next(name for name in given if name in VERBS)
                message, near, hint = f"a stage with `{verb}` takes no `{key}`", None, _few(known)
            # Without a key that may be meant, nothing that is known is missing: the rest can be read.
            yield Broken((*path, key) if near else None, Fault(message, place, hint))


def _missing_keys(document: Document, schema: Schema, instance: Json, path: KeyPath) -> Iterator[Broken]:
    known, given = _properties(schema), instance if isinstance(instance, dict) else {}
    required = schema["required"]
    if len(known) == 1 and given:
        return  # the one key that there is goes by another name, which is told as an unknown key
    for key in required if isinstance(required, list) else ():
        # A misspelt key is told as an unknown one; that it is then missing is no second mistake.
        if key in given or any(nearest(name, [str(key)]) for name in given if name not in known):
            continue
        part = known.get(str(key))
        examples = part.get("examples") if isinstance(part, dict) else None
        hint = f"add it, such as `{key}: {shown(examples[0])}`" if isinstance(examples, list) and examples else None
        yield Broken(path, Fault(f"missing key '{key}'", document.place(path, of="key"), hint))


def _bad_value(rule: str, schema: Schema, instance: Json, hint: str | None) -> tuple[str, str | None]:
    limit = schema.get(rule)
    match rule:
        case "type":
            return _bad_type(schema, limit, instance, hint)
        case "enum" if isinstance(limit, list):
            return f"{describe(instance)} is not known here", suggestion(str(instance), map(str, limit), "one of")
        case "const":
            return f"expected {shown(limit)}, found {describe(instance)}", None
        case "pattern":
            return f"{describe(instance)} is not {schema.get('x-what', 'of the right form')}", hint
        case "minimum":
            return f"{shown(instance)} is below the least value allowed, {shown(limit)}", hint
        case "maximum":
            return f"{shown(instance)} is above the greatest value allowed, {shown(limit)}", hint
        case "minItems" | "minProperties" | "minLength" if limit == 1:
            return "this must not be empty", hint
        case "minItems" | "minProperties":
            return f"this needs {limit} entries or more", hint
        case "maxItems" | "maxProperties":
            return f"this has more than {limit} {'entry' if limit == 1 else 'entries'}", hint
    return f"{describe(instance)} does not fit `{rule}: {shown(limit)}`", hint


def _bad_type(schema: Schema, wanted: Json, instance: Json, hint: str | None) -> tuple[str, str | None]:
    types = [str(word) for word in (wanted if isinstance(wanted, list) else [wanted])]
    words = [TYPE_WORDS[word] for word in types if word != "null"]
    if "string" in types and isinstance(instance, bool | int | float) and _quoted_fits(schema, shown(instance)):
        hint = f"put it into quotes: '{shown(instance)}'"
    elif types == ["boolean"] and instance in ("yes", "no", "on", "off"):
        hint = "write true or false"
    elif hint is None and ("object" in types or "array" in types):
        examples = schema.get("examples")
        hint = f"such as {shown(examples[0])}" if isinstance(examples, list) and examples else None
    expected = " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    if instance is None:
        return f"a value is missing: expected {expected}", hint
    return f"expected {expected}, found {describe(instance)}", hint


def _quoted_fits(schema: Schema, text: str) -> bool:
    pattern = schema.get("pattern")
    return "x-hint" not in schema if pattern is None else re.search(str(pattern), text) is not None


@cache
def _stage_keys() -> frozenset[str]:
    return frozenset(str(key) for verb in VERBS for key in _properties(stage_schema(verb)))


def _few(names: Iterable[str]) -> str:
    known = list(names)
    return f"known here: {', '.join(known[:13])}{', ...' if len(known) > 13 else ''}"


def describe(value: Json) -> str:
    """A value of a document in a message: its type, and the value itself where it is short."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return f"'{_cut(value)}'" if value else "empty text"
    return "an empty value" if value is None else shown(value)


def shown(value: Json) -> str:
    """A value as YAML would write it in one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:37] + "..."


def _broken(document: Document, path: KeyPath, message: str, hint: str) -> Broken:
    return Broken(path, Fault(message, document.place(path), hint))


def _properties(schema: Schema) -> Schema:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _python_patterns(schema: Schema) -> Schema:
    """Patterns end at the end of the text: the `$` of Python would let a line break follow."""

    def adapt(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                key: re.sub(r"\$(?=$|\))", r"\\Z", item) if key == "pattern" and isinstance(item, str) else adapt(item)
                for key, item in value.items()
            }
        return [adapt(item) for item in value] if isinstance(value, list) else value

    adapted = adapt(schema)
    return adapted if isinstance(adapted, dict) else schema


def paths(broken: Iterable[Broken]) -> frozenset[KeyPath]:
    """Where the document is broken."""
    return frozenset(item.path for item in broken if item.path is not None)
