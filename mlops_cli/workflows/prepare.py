"""From a spec on disk to a planner: what `run`, `plan`, `explain`, `dag` and `status` all begin with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import Fault, SpecError, UserError
from mlops_cli.pipeline.closure import definition, parameters_of
from mlops_cli.pipeline.graph import Graph, Node, bind_parameters, compile_graph
from mlops_cli.pipeline.key import Keyer, check_code
from mlops_cli.pipeline.plan import ContextOf, Planner
from mlops_cli.spec.load import load_pipeline, load_validation
from mlops_cli.spec.pipeline import Call, Pipeline, Sql, Validate
from mlops_cli.store.records import Artifact
from mlops_cli.workflows.baselines import Contexts
from mlops_cli.workflows.naming import promoted_faults
from mlops_cli.workflows.workspace import Workspace

SPECS = "specs"


@dataclass(frozen=True)
class Prepared:
    """A pipeline ready to be planned."""

    workspace: Workspace
    pipeline: Pipeline
    graph: Graph
    keyer: Keyer
    chosen: frozenset[str] | None
    context: ContextOf | None = None
    """What gates are given; None: what the names of the project say."""

    def planner(self, sources: Mapping[str, Artifact], force: frozenset[str] = frozenset()) -> Planner:
        """A planner on these versions of the sources."""
        context = self.context or Contexts(self.workspace, self.pipeline, self.keyer.validations).of
        return Planner(self.graph, self.keyer, self.workspace.cache, sources, context, force)

    @property
    def needed_sources(self) -> tuple[str, ...]:
        """The sources that the chosen stages read."""
        nodes = [node for name, node in self.graph.nodes.items() if self.chosen is None or name in self.chosen]
        used = {edge.output for node in nodes for ends in node.edges.values() for edge in ends if edge.node is None}
        return tuple(name for name in self.graph.sources if name in used)


def prepare(
    workspace: Workspace, spec: Path | None, parameters: Mapping[str, str], select: Sequence[str] = ()
) -> Prepared:
    """Read, check and compile a pipeline; raises SpecError with every fault of the spec and of the code it names."""
    path = find_spec(workspace.root, spec)
    pipeline = load_pipeline(path, workspace.root, workspace.remember)
    if faults := promoted_faults(workspace.project, pipeline):
        raise SpecError.of(faults)
    graph = compile_graph(pipeline, bind_parameters(pipeline, parameters))
    verbs = [stage.verb for stage in pipeline.stages.values()]
    keyer = Keyer(
        workspace.root,
        workspace.installed,
        workspace.project.env,
        {
            verb.spec: load_validation(workspace.root / verb.spec, workspace.root, workspace.remember)
            for verb in verbs
            if isinstance(verb, Validate)
        },
        {verb.query: _query(workspace.root, verb.query) for verb in verbs if isinstance(verb, Sql)},
    )
    check_stages(keyer, graph)
    return Prepared(workspace, pipeline, graph, keyer, choose(graph, select))


def find_spec(root: Path, spec: Path | None) -> Path:
    """The pipeline spec meant: the one given, `specs/pipeline.yaml`, or the only pipeline in `specs/`."""
    if spec is not None:
        path = root / spec  # an absolute path stays itself
        if not path.is_file():
            raise UserError(f"there is no spec '{spec}'", _near_file(root, str(spec)))
        if not path.resolve().is_relative_to(root):
            raise UserError(f"{spec} is outside the project {root}", "work inside one project at a time (-C DIR)")
        return path.resolve()
    standard = root / SPECS / "pipeline.yaml"
    if standard.is_file():
        return standard
    found = [path for path in sorted((root / SPECS).glob("*.y*ml")) if _is_pipeline(path)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(f"there is no pipeline in {SPECS}/", f"write {SPECS}/pipeline.yaml, or name a spec")
    names = ", ".join(path.relative_to(root).as_posix() for path in found)
    raise UserError(f"there are {len(found)} pipelines in {SPECS}/", f"name one of {names}")


def _is_pipeline(path: Path) -> bool:
    return any(
        line.split("#")[0].split() == ["kind:", "pipeline"] for line in path.read_text("utf-8", "replace").splitlines()
    )


def _near_file(root: Path, spec: str) -> str | None:
    names = [path.relative_to(root).as_posix() for path in (root / SPECS).glob("*.y*ml")]
    near = difflib.get_close_matches(spec, names, 1)
    return f"did you mean '{near[0]}'?" if near else None


def _query(root: Path, text: str) -> str:
    """The SQL that `sql:` means: the text itself, or the file that it names."""
    if "\n" in text or not text.strip().endswith(".sql"):
        return text
    path = root / text.strip()
    if not path.is_file():
        raise UserError(f"there is no query file '{text}'")
    return path.read_text("utf-8")


def check_stages(keyer: Keyer, graph: Graph) -> None:
    """Raise SpecError with the faults of all stages whose code is missing or takes other arguments."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for node in graph.nodes.values():
        if node.stage.name not in seen:
            seen.add(node.stage.name)
            try:
                check_code(keyer, node)
                faults.extend(_check_arguments(keyer, node))
            except UserError as error:
                faults.extend(error.faults)
    if faults:
        raise SpecError.of(faults)


def _check_arguments(keyer: Keyer, node: Node) -> Iterable[Fault]:
    """A `call`'s arguments against the signature in its source; code outside the project is not looked at."""
    verb = node.stage.verb
    function = definition(keyer.project, verb.target) if isinstance(verb, Call) else None
    if function is None or not isinstance(verb, Call):
        return
    known, required, open_ended = parameters_of(function)
    given = {*node.edges, *node.arguments}
    for name in sorted(given - known) if not open_ended else ():
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"it takes: {', '.join(sorted(known)) or 'nothing'}"
        yield Fault(f"'{verb.target}' takes no argument '{name}'", node.stage.place, hint)
    for name in sorted(required - given):
        yield Fault(
            f"'{verb.target}' needs the argument '{name}'",
            node.stage.place,
            f"add it to `in`, `params` or `with` of '{node.stage.name}'",
        )


def choose(graph: Graph, select: Sequence[str]) -> frozenset[str] | None:
    """The nodes that were asked for, with everything that they need; None when nothing was asked for: all."""
    if not select:
        return None
    chosen: set[str] = set()
    for name in select:
        matches = [node.id for node in graph.nodes.values() if name in (node.id, node.stage.name)]
        if not matches:
            near = difflib.get_close_matches(name, [*graph.pipeline.stages, *graph.nodes], 1)
            hint = f"did you mean '{near[0]}'?" if near else f"there is: {', '.join(graph.pipeline.stages)}"
            raise UserError(f"there is no stage '{name}' in {graph.pipeline.file}", hint)
        chosen.update(matches)
    for name in reversed(list(graph.nodes)):
        if name in chosen:
            chosen.update(graph.nodes[name].needs)
    return frozenset(chosen)
