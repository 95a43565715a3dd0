"""A layered graph of small shell stages: first run, nothing to do, one source changed.

Stage (l, c) reads outputs c and c+1 of the layer before (layer 0: the sources) and writes 64 bytes into the work tree.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import Broken, Contender, Step, Timing, compare
from peers import Peer


@dataclass(frozen=True)
class Stage:
    """One node: its name, the two files that it reads and the one that it writes."""

    name: str
    reads: tuple[str, str]
    writes: str


@dataclass(frozen=True)
class Graph:
    """`layers` x `width` stages on `width` sources."""

    layers: int
    width: int

    @property
    def sources(self) -> list[str]:
        """The files that no stage writes."""
        return [f"src/{column}.txt" for column in range(self.width)]

    @property
    def stages(self) -> list[Stage]:
        """All stages, a layer after the other."""
        return [
            Stage(
                f"s{layer}_{column}",
                (self._file(layer - 1, column), self._file(layer - 1, (column + 1) % self.width)),
                self._file(layer, column),
            )
            for layer in range(self.layers)
            for column in range(self.width)
        ]

    def _file(self, layer: int, column: int) -> str:
        return f"src/{column}.txt" if layer < 0 else f"out/{layer}_{column}.txt"


def command(reads: Sequence[str], writes: str) -> str:
    """Half of each input: no pipe, one process besides the shell."""
    return f"head -q -c 32 {' '.join(reads)} > {writes}"


def mlops_spec(graph: Graph) -> str:
    """The graph in our language; every output also goes into the work tree, as the peers do it."""
    names = {path: f"src{number}" for number, path in enumerate(graph.sources)} | {
        stage.writes: stage.name for stage in graph.stages
    }
    lines = [
        "kind: pipeline",
        "name: bench",
        "data:",
        *(f"  {names[path]}: {path}" for path in graph.sources),
        "stages:",
    ]
    for stage in graph.stages:
        inputs = f"{{a: {names[stage.reads[0]]}, b: {names[stage.reads[1]]}}}"
        text = command(["{in.a}", "{in.b}"], "{out.o}")
        lines += [
            f"  {stage.name}:",
            f'    sh: "{text}"',
            f"    in: {inputs}",
            f"    out: {{o: {{type: file, path: {stage.writes}}}}}",
        ]
    return "\n".join(lines) + "\n"


def dvc_spec(graph: Graph) -> str:
    """The graph as dvc.yaml."""
    lines = ["stages:"]
    for stage in graph.stages:
        lines += [
            f"  {stage.name}:",
            f"    cmd: {command(stage.reads, stage.writes)}",
            f"    deps: [{', '.join(stage.reads)}]",
            f"    outs: [{stage.writes}]",
        ]
    return "\n".join(lines) + "\n"


def snakemake_spec(graph: Graph) -> str:
    """The graph as a Snakefile."""
    finals = [stage.writes for stage in graph.stages[-graph.width :]]
    parts = [f"rule all:\n    input: {finals}"]
    shell = command(["{input}"], "{output}")
    for stage in graph.stages:
        files = f"    input: {list(stage.reads)}\n    output: {stage.writes!r}"
        parts.append(f"rule {stage.name}:\n{files}\n    shell: {shell!r}")
    return "\n\n".join(parts) + "\n"


def run(work: Path, us: Peer, dvc: Peer, snakemake: Peer, graph: Graph, rounds: int) -> list[Timing]:
    """All contenders with all CPUs; ours also with one, since DVC runs one stage at a time."""
    cores = str(os.cpu_count() or 1)
    contenders = [
        _contender("mlops", work, graph, [str(us.program), "run", "-j", cores], _make_ours(graph)),
        _contender("mlops -j 1", work, graph, [str(us.program), "run", "-j", "1"], _make_ours(graph)),
    ]
    if dvc.program:
        contenders.append(
            _contender("dvc", work, graph, [str(dvc.program), "repro", "-q"], _make_dvc(dvc.program, graph))
        )
    if snakemake.program:
        line = [str(snakemake.program), "-q", "all", "--cores", cores]
        contenders.append(
            _contender(
                "snakemake", work, graph, line, lambda folder: _write(folder / "Snakefile", snakemake_spec(graph))
            )
        )
    return compare("graph", contenders, rounds)


def _contender(name: str, work: Path, graph: Graph, line: list[str], make: Callable[[Path], None]) -> Contender:
    def fresh(number: int) -> Path:
        folder = work / f"graph-{name.replace(' ', '')}-{number}"
        (folder / "out").mkdir(parents=True)
        for path in graph.sources:
            _write(folder / path, secrets.token_hex(32))
        make(folder)
        return folder

    def touch(folder: Path) -> None:
        time.sleep(1.1)  # peers that compare whole seconds must see it
        _write(folder / graph.sources[0], secrets.token_hex(32))

    check = _outputs_follow(graph)
    steps = [
        Step("first run", line, check=check),
        Step("nothing to do", line, check=check),
        Step("one source changed", line, touch, check),
    ]
    return Contender(
        name,
        fresh,
        steps,
        {"DVC_NO_ANALYTICS": "1", "XDG_CACHE_HOME": str(work / "cache"), "DVC_SITE_CACHE_DIR": str(work / "site")},
    )


def _outputs_follow(graph: Graph) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        for stage in graph.stages:
            path = folder / stage.writes
            wanted = "".join((folder / read).read_text()[:32] for read in stage.reads)
            if not path.is_file() or path.read_text() != wanted:
                raise Broken(f"{stage.writes} is not what its inputs say")

    return check


def _make_ours(graph: Graph) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        _write(folder / "mlops.yaml", "name: bench\n")
        _write(folder / "specs" / "pipeline.yaml", mlops_spec(graph))

    return make


def _make_dvc(program: Path, graph: Graph) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        _write(folder / "dvc.yaml", dvc_spec(graph))
        for words in (
            ["init", "-q", "--no-scm"],
            ["config", "core.analytics", "false"],
            ["config", "core.check_update", "false"],
        ):
            subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)

    return make


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
