"""The references of a pipeline: every name bound to what it means, or a fault with the nearest name there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mlops_cli.base.errors import Place
from mlops_cli.spec.decode_stage import Draft
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.expression import names as names_in
from mlops_cli.spec.pipeline import Output, Ref, Select, Sh, Split, Stage, Validate
from mlops_cli.spec.places import inside, nearest, suggestion
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import shown
from mlops_cli.spec.terms import Name
from mlops_cli.spec.validation import DataValidation, ModelValidation, data_of

REFERENCE = re.compile(r"(?P<name>[^\[\].\s]+)(?:\[(?P<index>[^\]]*)\])?(?:\.(?P<out>[^\[\].\s]+))?\Z")
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(in|out|params)\.([^{}]*)\}")

# Verb -> argument -> types of outputs that it takes. A source may be anything: what it holds shows when it is read.
ROWS = ("table", "file")
TAKES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "split": {"data": ROWS},
    "fit": {"data": ROWS},
    "select": {"data": ROWS, "models": ("model",)},
    "validate": {"data": (*ROWS, "folder"), "model": ("model",)},
    "register": {"model": ("model",)},
}


@dataclass(frozen=True)
class Names:
    """What a reference can name. `drafts` lacks the stages that are broken: naming those is no second fault."""

    parameters: frozenset[str]
    sources: frozenset[str]
    source_paths: Mapping[str, str]
    drafts: Mapping[str, Draft]
    order: tuple[str, ...]
    """All stages as written, broken ones too."""


@dataclass
class Edges:
    """Binds the references of stage after stage, and keeps who needs whom."""

    decoding: Decoding
    names: Names
    needs: dict[str, dict[str, Place]] = field(default_factory=dict)
    """Stage -> the stages it reads, each with the place of the reference."""

    def stage(self, draft: Draft) -> Stage:
        """The stage of `draft` with its inputs bound; faults are noted."""
        self.needs.setdefault(draft.stage.name, {})
        inputs = {}
        for argument, path in draft.references.items():
            ref = self.reference(draft.stage, argument, path)
            if ref is not None:
                inputs[argument] = ref
        if isinstance(draft.stage.verb, Validate):
            inputs = self.gate_inputs(draft, inputs)
        self.check_arguments(draft)
        self.check_condition(draft)
        if isinstance(draft.stage.verb, Sh):
            self.check_command(draft, draft.stage.verb.command)
        return replace(draft.stage, inputs=inputs)

    def reference(self, stage: Stage, argument: str, path: KeyPath) -> Ref | None:
        """The edge that the text at `path` means; None where it is wrong or leads to a broken stage."""
        text = self.decoding.text(path) or ""
        found = REFERENCE.match(text)
        if found is None:
            hint = "write stage.output, stage[*].output, or the name of a source"
            self.decoding.fault(f"'{text}' is not a reference", path, hint)
            return None
        name, place = found["name"], self.decoding.document.place(path)
        if name in self.names.sources:
            return self.source(stage, argument, path, found)
        if name not in self.names.order:
            self.unknown(name, path, text)
            return None
        self.needs[stage.name].setdefault(name, inside(place, text, 0, len(text)))
        target = self.names.drafts.get(name)
        if target is None:
            return None
        output = self.output(target.stage, found, path)
        instances = self.instances(stage, argument, target.stage, found, path)
        if output is None or instances is None:
            return None
        self.check_type(stage, argument, output, path, text)
        return Ref(name, output.name, instances, place)

    def unknown(self, name: str, path: KeyPath, text: str) -> None:
        known = (*self.names.order, *sorted(self.names.sources))
        hint = suggestion(name, known, "known")
        if name in self.names.parameters:
            hint = "it is a parameter: bind it under `params`"
        elif source := self.names.source_paths.get(text):
            hint = f"a reference is a name, not a path: write {source}"
        self.decoding.fault_inside(f"there is no stage or source '{name}'", path, (text, 0, len(name)), hint)

    def source(self, stage: Stage, argument: str, path: KeyPath, found: re.Match[str]) -> Ref | None:
        name, text = found["name"], found.string
        if len(text) > len(name):
            span = (text, len(name), len(text) - len(name))
            self.decoding.fault_inside(f"'{name}' is a source and has no outputs", path, span, f"write {name}")
            return None
        if TAKES.get(stage.kind, {}).get(argument) == ("model",):
            self.decoding.fault(f"'{name}' is a source, and `{argument}` needs a model", path)
            return None
        return Ref(name, None, "one", self.decoding.document.place(path))

    def output(self, target: Stage, found: re.Match[str], path: KeyPath) -> Output | None:
        known = {output.name: output for output in target.outputs}
        wanted, text = found["out"], found.string
        if not known:
            hint = None if target.kind == "register" else "give it `out`"
            self.decoding.fault(f"the stage '{target.name}' has no outputs", path, hint)
            return None
        if wanted is None:
            if len(known) == 1 or isinstance(target.verb, Select):
                return target.outputs[0]  # what `select` is for is the model; its metrics come along
            hint = f"write one of {', '.join(f'{target.name}.{name}' for name in list(known)[:6])}"
            self.decoding.fault(f"'{target.name}' has several outputs", path, hint)
            return None
        if wanted not in known:
            span = (text, found.start("out"), len(wanted))
            hint = suggestion(wanted, known, "it has")
            self.decoding.fault_inside(f"'{target.name}' has no output '{wanted}'", path, span, hint)
        return known.get(wanted)

    def instances(self, stage: Stage, argument: str, target: Stage, found: re.Match[str], path: KeyPath) -> str | None:
        """`one`, `all`, or the axis=value pairs in the order of the matrix."""
        index, text = found["index"], found.string
        if not target.matrix:
            if index is not None:
                span = (text, found.start("index") - 1, len(index) + 2)
                self.decoding.fault_inside(
                    f"'{target.name}' has no matrix", path, span, f"write {text.replace(f'[{index}]', '')}"
                )
                return None
            if argument == "models" and isinstance(stage.verb, Select):
                hint = "give that stage a `matrix`, or use its model as it is"
                self.decoding.fault(f"'{target.name}' makes one model: there is nothing to select", path, hint)
            return "one"
        if index is None:
            out = f".{found['out']}" if found["out"] else ""
            hint = f"write {target.name}[*]{out} for all of them, or [axis=value] for one"
            self.decoding.fault(f"'{target.name}' has a matrix and so several results", path, hint)
            return None
        if index != "*":
            return self.one_instance(target, found, path)
        if stage.kind in TAKES and argument != "models":
            hint = "select one with a `select` stage, or write [axis=value]"
            self.decoding.fault(f"`{argument}` takes one, not all of a matrix", path, hint)
            return None
        return "all"

    def one_instance(self, target: Stage, found: re.Match[str], path: KeyPath) -> str | None:
        if not found["index"]:
            span = (found.string, found.start("index") - 1, 2)
            self.decoding.fault_inside("the index is empty", path, span, "write [axis=value] for one")
            return None
        pairs = (pair.partition("=") for pair in found["index"].split(","))
        said = {axis.strip(): value.strip() for axis, _, value in pairs}
        span = (found.string, found.start("index"), max(1, len(found["index"])))
        for axis, value in said.items():
            if axis not in target.matrix:
                hint = suggestion(axis, target.matrix, "axes")
                self.decoding.fault_inside(f"'{target.name}' has no axis '{axis}'", path, span, hint)
                return None
            values = [_label(item) for item in target.matrix[axis]]
            if value not in values and value not in map(shown, target.matrix[axis]):
                hint = suggestion(value, values, "values")
                self.decoding.fault_inside(f"the axis '{axis}' has no value '{value}'", path, span, hint)
                return None
        if missing := [axis for axis in target.matrix if axis not in said]:
            hint = f"add {missing[0]}={_label(target.matrix[missing[0]][0])}"
            self.decoding.fault_inside(f"the axis '{missing[0]}' is not given a value", path, span, hint)
            return None
        picked = {
            axis: next(item for item in values if said[axis] in (_label(item), shown(item)))
            for axis, values in target.matrix.items()
        }
        return ",".join(f"{axis}={_label(value)}" for axis, value in picked.items())

    def check_type(self, stage: Stage, argument: str, output: Output, path: KeyPath, text: str) -> None:
        wanted = TAKES.get(stage.kind, {}).get(argument)
        if stage.kind == "sql":
            wanted = ROWS
        if wanted is not None and output.type not in wanted:
            article = "" if output.type in ("metrics", "json") else "a "
            message = f"{text} is {article}{output.type}, and `{argument}` needs a {wanted[0]}"
            self.decoding.fault(message, path)

    def gate_inputs(self, draft: Draft, inputs: dict[str, Ref]) -> dict[str, Ref]:
        """What a gate judges: what `in` says, else a source of this pipeline whose path the spec names as its data."""
        judged, here = draft.judged, (*draft.path, "validate")
        asked, inputs = draft.references, dict(inputs)
        if isinstance(judged, DataValidation) and "model" in asked:
            message = f"{judged.file} judges data, not a model"
            self.decoding.fault(message, asked["model"], "leave `model` out, or name a validation of a model", of="key")
        elif isinstance(judged, ModelValidation) and judged.predictions is not None:
            if "model" in asked:
                message = f"{judged.file} judges a table of predictions, not a model"
                self.decoding.fault(message, asked["model"], "leave `model` out", of="key")
        elif isinstance(judged, ModelValidation) and "model" not in asked:
            hint = "add, for example, `in: {model: train.model}`"
            self.decoding.fault("a gate of a model needs `in.model`", here, hint, of="key")
        if judged is not None and "data" not in asked and asked.keys() <= {"model"}:
            data = data_of(judged)
            source = self.names.source_paths.get(data or "")
            if source is None:
                self.decoding.fault(
                    "this gate has no data: nothing tells what it judges", here, self.gate_hint(data), of="key"
                )
            else:
                inputs["data"] = Ref(source, None, "one", self.decoding.document.place(here))
        return inputs

    def gate_hint(self, data: str | None) -> str:
        if data is None:
            return "add, for example, `in: {data: customers}`"
        return f"its spec says '{data}', which is no source of this pipeline; add `in: {{data: ...}}`"

    def check_arguments(self, draft: Draft) -> None:
        """Every argument is given once, by something that exists."""
        stage, path = draft.stage, draft.path
        given = dict.fromkeys(draft.references, "in")
        listed = isinstance(self.decoding.get((*path, "params")), list)
        for at, (argument, name) in enumerate(stage.params.items()):
            here: KeyPath = (*path, "params", at if listed else argument)
            if name not in self.names.parameters and name not in stage.matrix:
                known = (*stage.matrix, *sorted(self.names.parameters))
                hint = suggestion(name, known, "parameters") or "the pipeline has no `params`"
                self.decoding.fault(f"there is no parameter '{name}'", here, hint)
            self.claim(stage, given, argument, "params", here)
        for argument in stage.with_:
            self.claim(stage, given, argument, "with", (*path, "with", argument))
        for axis in stage.matrix:
            if axis in self.names.parameters:
                message = f"the axis '{axis}' hides the parameter of that name"
                self.decoding.fault(message, (*path, "matrix", axis), "give the axis another name", of="key")
            elif axis not in stage.params.values():
                self.claim(stage, given, axis, "matrix", (*path, "matrix", axis))

    def claim(self, stage: Stage, given: dict[str, str], argument: str, by: str, path: KeyPath) -> None:
        if argument in given:
            message = f"the argument '{argument}' is given twice: by `{given[argument]}` and by `{by}`"
            self.decoding.fault(message, path, "leave one out", of="key")
        elif isinstance(stage.verb, Split) and argument != "seed":
            self.decoding.fault(f"`split` has no argument '{argument}'", path, "it has: seed", of="key")
        given.setdefault(argument, by)

    def check_condition(self, draft: Draft) -> None:
        when = draft.stage.when
        for name in names_in(when) if when is not None else ():
            place = when.at(name.span) if when is not None else draft.stage.place
            self.check_name(draft.stage, name, place)

    def check_name(self, stage: Stage, name: Name, place: Place) -> None:
        """A name in `when`: a parameter, an axis, or what stands in the metrics or json of a stage."""
        head, *rest = name.name.split(".")
        if head == "params" and rest:
            if rest[0] not in self.names.parameters or len(rest) > 1:
                hint = suggestion(".".join(rest), self.names.parameters, "parameters")
                self.decoding.fault_at(f"there is no parameter '{'.'.join(rest)}'", place, hint)
        elif head in stage.matrix or head in self.names.parameters:
            if rest:
                self.decoding.fault_at(f"'{head}' is a value and has no '{rest[0]}'", place)
        elif head in self.names.order:
            self.needs[stage.name].setdefault(head, place)
            if target := self.names.drafts.get(head):
                self.check_reading(target.stage, rest, place)
        else:
            known = (*self.names.order, *sorted(self.names.parameters), *stage.matrix)
            self.decoding.fault_at(f"there is no stage or parameter '{head}'", place, suggestion(head, known))

    def check_reading(self, target: Stage, rest: list[str], place: Place) -> None:
        outputs = {output.name: output for output in target.outputs}
        readable = [name for name, output in outputs.items() if output.type in ("metrics", "json")]
        output = outputs.get(rest[0]) if rest else None
        if target.matrix:
            self.decoding.fault_at(f"'{target.name}' has a matrix and so several results", place)
        elif output is None and len(outputs) == 1 and readable:
            return  # the one output is meant, and what follows are keys inside it
        elif output is None or output.name not in readable:
            what = f"'{target.name}.{rest[0]}'" if rest else f"'{target.name}'"
            hint = f"it has: {', '.join(f'{target.name}.{name}' for name in readable)}" if readable else None
            near = nearest(rest[0], readable) if rest else None
            hint = f"did you mean '{target.name}.{near}'?" if near else hint
            self.decoding.fault_at(
                f"{what} is nothing that a condition can read: it needs metrics or json", place, hint
            )

    def check_command(self, draft: Draft, command: str) -> None:
        """The places in a command name inputs, outputs and arguments of the stage."""
        stage, path = draft.stage, (*draft.path, "sh")
        axes = [axis for axis in stage.matrix if axis not in stage.params.values()]
        known = {
            "in": list(draft.references),
            "out": [output.name for output in stage.outputs],
            "params": [*stage.params, *stage.with_, *axes],
        }
        for found in PLACEHOLDER.finditer(command):
            kind, name = found.groups()
            if kind is not None and name not in known[kind]:
                span = (command, found.start(), found.end() - found.start())
                hint = suggestion(name, known[kind], f"{kind} has") or f"the stage has no `{kind}`"
                self.decoding.fault_inside(f"{found.group()} names nothing of this stage", path, span, hint)


def _label(value: object) -> str:
    return str(value)
