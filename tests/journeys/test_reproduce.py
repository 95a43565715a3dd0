"""`mlops reproduce`: what a run made is made again, and after any change the first difference is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Ended, Project

EXAMPLES = sorted(path.name for path in (REPOSITORY / "examples").iterdir() if path.is_dir())


def stages(ended: Ended) -> dict[str, Any]:
    return {stage["stage"]: stage for stage in ended.json["stages"]}


def first(project: Project, *words: str) -> tuple[str, str, str]:
    """The first difference: stage, reason, all lines as one text."""
    ended = project.mlops("reproduce", *words, "--json", code=1)
    assert ended.json["same"] is False
    found = ended.json["first"]
    return found["stage"], found["reason"], "\n".join(found["lines"])


def listing(root: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in root.rglob("*") if ".mlops" not in path.parts}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_give_the_same_again(name: str, tmp_path: Path) -> None:
    Project(tmp_path).mlops("init", "copy", "--example", name)
    copy = Project(tmp_path / "copy")
    copy.mlops("run")
    before = listing(copy.root)
    names = [item["name"] for item in copy.mlops("models", "--json").json["models"]]
    for reference in [*names, f"run:{copy.mlops('runs', '--json').json['runs'][0]['id']}"]:
        ended = copy.mlops("reproduce", reference, "--json")
        assert ended.json["same"] is True
        assert ended.json["first"] is None
        pairs = [pair for stage in ended.json["stages"] if stage["same"] for pair in stage["outputs"]]
        assert pairs
        assert all(pair["then"] == pair["now"] for pair in pairs)
    assert listing(copy.root) == before
    assert not list((copy.root / ".mlops" / "work").iterdir())


def test_annotated_specs_give_the_same_again(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "specs", tmp_path / "specs", ignore=shutil.ignore_patterns(".mlops"))
    here = Project(tmp_path / "specs")
    here.mlops("run", "pipeline.yaml")
    run = here.mlops("runs", "--json").json["runs"][0]["id"]
    assert here.mlops("reproduce", f"run:{run}", "--json").json["same"] is True


def test_a_later_version_is_compared_with_its_own_run(demo: Project) -> None:
    demo.mlops("run", "-p", "max_iter=60")
    demo.edit("cancer/model.py", "with_mean=True", "with_mean=False")
    demo.mlops("run")
    versions = [item["version"] for item in demo.mlops("models", "--json").json["models"]]
    assert max(versions) == 3
    for number in sorted(versions):
        assert demo.mlops("reproduce", f"breast-cancer@v{number}", "--json").json["same"] is True
    shown = demo.mlops("diff", "breast-cancer@v1", "breast-cancer@v3").out
    assert "cancer/model.py changed" in shown


def test_a_planted_parameter_is_named(demo: Project) -> None:
    stage, reason, lines = first(demo, "breast-cancer@v1", "-p", "max_iter=60")
    assert (stage, reason) == ("train[strength=0.003]", "changed")
    assert lines == "parameter max_iter: 500 -> 60"
    shown = demo.mlops("reproduce", "breast-cancer@v1", "-p", "seed=8", code=1).out
    assert "split differs first" in shown
    assert "parameter seed: 7 -> 8" in shown
    assert "unknown parameter 'sed'" in demo.mlops("reproduce", "breast-cancer", "-p", "sed=8", code=2).err


def test_planted_code_is_named(demo: Project) -> None:
    demo.edit("cancer/model.py", "with_mean=True", "with_mean=False")
    assert demo.mlops("reproduce", "breast-cancer@v1", "--json").json["same"] is True
    stage, reason, lines = first(demo, "breast-cancer@v1", "--work-tree")
    assert (stage, reason) == ("train[strength=0.003]", "changed")
    assert lines == "code cancer.model:scaler changed"


def test_planted_data_are_named(demo: Project) -> None:
    text = (demo.root / "data" / "samples.csv").read_text()
    head, one, *rest = text.splitlines(keepends=True)
    demo.write("data/samples.csv", "".join([head, *rest]))
    assert demo.mlops("reproduce", "breast-cancer@v1", "--json").json["same"] is True
    stage, reason, lines = first(demo, "breast-cancer@v1", "--work-tree")
    assert (stage, reason) == ("check", "changed")
    assert lines.startswith("input data (samples): ")
    demo.write(
        "data/samples.csv", "".join([head, one.replace("malignant", "unclear").replace("benign", "unclear"), *rest])
    )
    stage, _, lines = first(demo, "breast-cancer@v1", "--work-tree")
    assert stage == "check"
    assert "input data (samples)" in lines
    assert "now said no" in lines


LIBRARY = "FACTOR = {factor}\n"
STEPS = """
import tiny

def rows():
    return {"n": [n * tiny.FACTOR for n in range(4)]}
"""
PIPELINE = """kind: pipeline
name: p
stages:
  made: {call: "steps:rows", out: {rows: {type: json, name: numbers}}}
  total: {sh: "wc -c < {in.rows} > {out.size}", in: {rows: made}, out: {size: {type: file, name: size}}}
"""


def install(folder: Path, version: str, factor: int) -> None:
    """A distribution `tiny` as a package manager leaves it."""
    shutil.rmtree(folder, ignore_errors=True)
    about = folder / f"tiny-{version}.dist-info"
    about.mkdir(parents=True)
    (folder / "tiny.py").write_text(LIBRARY.format(factor=factor))
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
    (about / "RECORD").write_text(f"tiny.py,,\ntiny-{version}.dist-info/METADATA,,\n")
    (about / "top_level.txt").write_text("tiny\n")


@pytest.fixture
def small(project: Project, tmp_path: Path) -> Project:
    """A project whose code imports a library of which there are two versions."""
    site = tmp_path / "site-packages"
    install(site, "1.0", 1)
    project.environment["PYTHONPATH"] = f"{REPOSITORY}:{site}"
    project.write("steps.py", STEPS)
    project.write("specs/pipeline.yaml", PIPELINE)
    project.mlops("run")
    return project


def test_a_planted_version_of_a_library_is_named(small: Project, tmp_path: Path) -> None:
    assert small.mlops("reproduce", "numbers", "--json").json["same"] is True
    install(tmp_path / "site-packages", "2.0", 3)
    ended = small.mlops("reproduce", "numbers", code=1)
    assert "note: tiny: the run had 1.0, here is 2.0" in ended.err
    assert "made differs first, because of\n  made: library tiny: 1.0 -> 2.0" in ended.out
    install(tmp_path / "site-packages", "2.0", 1)
    ended = small.mlops("reproduce", "numbers")
    assert "without effect on the result:\n  made: library tiny: 1.0 -> 2.0" in ended.out


def test_a_library_that_is_gone_is_told(small: Project, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "site-packages")
    stage, reason, lines = first(small, "size")
    assert (stage, reason) == ("made", "changed")
    assert "library tiny: 1.0 -> unknown" in lines
    assert "there is no module 'tiny'" in lines


def test_a_result_that_is_another_each_time(project: Project) -> None:
    project.write("steps.py", "import os\n\ndef draw():\n    return {'a': {'b': os.urandom(8).hex()}, 'c': 1}\n")
    project.write(
        "specs/pipeline.yaml",
        'kind: pipeline\nname: p\nstages:\n  draw: {call: "steps:draw", out: {x: {type: json, name: x}}}\n',
    )
    project.quick("run")
    stage, reason, lines = first(project, "x")
    assert (stage, reason) == ("draw", "not_deterministic")
    assert "draw without a seed" in lines
    assert "x: a.b " in lines


def test_variables_and_the_clock_are_those_of_the_run(project: Project) -> None:
    project.write("mlops.yaml", "name: test\nenv: [FLAVOUR]\n")
    project.write("steps.py", "import os\n\ndef taste():\n    return {'flavour': os.environ.get('FLAVOUR')}\n")
    project.write("data/rows.csv", "a\n1\n2\n3\n")
    project.write("specs/fresh.yaml", "kind: validation\nname: fresh\ndata: data/rows.csv\nexpect: {age: {max: 1d}}\n")
    project.write(
        "specs/pipeline.yaml",
        """kind: pipeline
name: p
data: {rows: data/rows.csv}
stages:
  fresh: {validate: specs/fresh.yaml, in: {data: rows}}
  taste: {call: "steps:taste", out: {x: {type: json, name: taste}}}
  both: {sh: "cat {in.rows} {in.x} > {out.all}", in: {rows: fresh.rows, x: taste}, out: {all: {type: file, name: all}}}
""",
    )
    vanilla = Project(project.root, {"FLAVOUR": "vanilla"})
    vanilla.mlops("run")
    later = Project(project.root, {"FLAVOUR": "mint", "MLOPS_NOW": "2031-01-01T00:00:00Z"})
    assert later.mlops("reproduce", "all", "--json").json["same"] is True
    stage, _, lines = first(later, "all", "--work-tree")
    assert stage == "taste"
    assert lines == "environment variable FLAVOUR: vanilla -> mint"


def test_gates_are_given_what_they_had_then(project: Project) -> None:
    rows = "".join(f"{n},{n % 7}\n" for n in range(400))
    project.write("data/rows.csv", "id,v\n" + rows)
    project.write(
        "specs/gate.yaml",
        """kind: validation
name: gate
data: data/rows.csv
baseline: previous
expect:
  rows: {change: 50%}
  columns: {v: {type: integer, max: 6, mean: {change: 20%}}}
quarantine: {to: rejected, max: 40%}
""",
    )
    project.write(
        "specs/pipeline.yaml",
        """kind: pipeline
name: p
data: {rows: data/rows.csv}
stages:
  gate: {validate: specs/gate.yaml, in: {data: rows}}
  sum: {sql: "select sum(v) as total from rows", in: {rows: gate.rows}, out: {total: {type: table, name: total}}}
""",
    )
    project.mlops("run")
    project.write("data/rows.csv", "id,v\n" + rows + "400,3\n")
    project.mlops("run")
    project.write("data/rows.csv", "id,v\n" + rows + "400,3\n401,99\n")
    project.mlops("run")
    project.mlops("release", "rejected", "--because", "measured twice")
    project.mlops("run")
    for reference in ("total@v1", "total@v2", "total@v3"):
        found = stages(project.mlops("reproduce", reference, "--json"))
        assert found["gate"]["changes"] == []


def test_a_folder_can_be_kept_and_looked_at(small: Project, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ended = small.mlops("reproduce", "size", "--keep", str(kept))
    assert f"rebuilt in {kept}" in ended.out
    assert (kept / "steps.py").read_text() == STEPS
    assert Project(kept, small.environment).mlops("show", "size", "--json").json["kind"] == "data"
    refused = small.mlops("reproduce", "size", "--keep", str(kept), code=2)
    assert "is there already" in refused.err
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    linked = small.mlops("reproduce", "size", "--keep", str(tmp_path / "link"), code=2)
    assert "link is a link" in linked.err and (tmp_path / "link").is_symlink()
    assert "belongs to the store" in small.mlops("reproduce", "size", "--keep", ".mlops/here", code=2).err


def test_what_cannot_be_made_again_says_why(small: Project) -> None:
    small.write("data/rows.csv", "a\n1\n")
    small.mlops("add", "data/rows.csv")
    assert "somebody added it" in small.mlops("reproduce", "data/rows.csv", code=2).err
    content = small.mlops("show", "data/rows.csv", "--json").json["version"]["artifact"]["oid"]
    assert "neither a version nor a run" in small.mlops("reproduce", content, code=2).err
    assert "there is no 'nothing'" in small.mlops("reproduce", "nothing", code=4).err


def test_a_source_is_told_apart_from_what_is_made(demo: Project) -> None:
    ended = demo.mlops("reproduce", "samples", code=2)
    assert "no stage made it" in ended.err
    assert "mlops reproduce run:" in ended.err


def lose(project: Project, oid: str) -> None:
    """Take an object out of a store that keeps it as a file of its own, or with the pack that it lies in."""
    whole = project.root / ".mlops" / "c" / oid[:2] / f"{oid}.raw"
    if whole.exists():
        whole.unlink()
        return
    for path in (project.root / ".mlops" / "i").iterdir():
        path.unlink()
    shutil.rmtree(project.root / ".mlops" / "c")


def test_lost_pieces_are_named(project: Project) -> None:
    project.write("data/big.csv", "a,b\n" + "".join(f"{n},{'x' * 90}\n" for n in range(4000)))
    project.write(
        "specs/pipeline.yaml",
        """kind: pipeline
name: p
data: {big: data/big.csv}
stages:
  count: {sql: "select count(*) as n from big", in: {big: big}, out: {n: {type: table, name: n}}}
""",
    )
    project.mlops("run")
    assert project.mlops("reproduce", "n", "--json").json["same"] is True
    data = project.mlops("show", "big", "--json").json["version"]["artifact"]["oid"]
    lose(project, data)
    ended = project.mlops("reproduce", "n", code=4)
    assert "n@v1 cannot be made again: the store has lost its data 'big' (data/big.csv)" in ended.err
    assert project.mlops("reproduce", "n", "--work-tree", "--json").json["same"] is True


def wheel(folder: Path, version: str) -> None:
    """A wheel of `tiny`, as an index would give it."""
    import zipfile

    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as file:
        about = f"tiny-{version}.dist-info"
        file.writestr("tiny.py", LIBRARY.format(factor=version[0]))
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")


def test_a_recorded_environment_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops_cli.base.errors import StageFailed
    from mlops_cli.pipeline.distributions import Environment
    from mlops_cli.workflows.environments import clean_variables, install

    wheel(tmp_path / "wheels", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    version = f"{sys.version_info.major}.{sys.version_info.minor}.0"
    told: list[str] = []
    recorded = Environment(version, "CPython", "linux", {"tiny": "1.0", "mlops-cli": "0.0"})
    python = install(recorded, tmp_path / "venv", told.append)
    script = "import tiny, importlib.util as u; print(tiny.FACTOR, u.find_spec('mlops_cli').origin)"
    ended = subprocess.run(
        [python, "-P", "-c", script], env=clean_variables(), capture_output=True, text=True, check=True
    )
    factor, place = ended.stdout.split()
    assert factor == "1"
    assert Path(place).is_relative_to(tmp_path / "venv")
    assert (Path(place).parent / "_specs" / "schema").is_dir()
    assert any("1 recorded libraries" in line or "1 recorded library" in line for line in told)
    with pytest.raises(StageFailed, match=r"the recorded libraries cannot be installed: .*tiny==9\.9"):
        install(Environment(version, "CPython", "linux", {"tiny": "9.9"}), tmp_path / "other", told.append)
    assert "PYTHONPATH" in os.environ


def test_an_environment_that_cannot_be_installed_is_told(small: Project, tmp_path: Path) -> None:
    small.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    ended = small.mlops("reproduce", "numbers", "--install", code=3)
    assert "the recorded libraries cannot be installed" in ended.err
    assert "PIP_FIND_LINKS" in ended.err
    assert not list((small.root / ".mlops" / "work").iterdir())
