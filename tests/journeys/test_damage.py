"""Damage to a project: what is lost is told, running again mends what can be made again, nothing of the user's goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Ended, Project

PIPELINE = """kind: pipeline
name: small
data: {rows: data/rows.csv}
stages:
  check:
    validate: specs/check.yaml
    in: {data: rows}
  upper:
    sh: "tr a-z A-Z < {in.data} > {out.text}"
    in: {data: check.rows}
    out: {text: file}
  folder:
    sh: "mkdir {out.all} && cp {in.text} {out.all}/a.txt && wc {in.text} > {out.all}/b.txt"
    in: {text: upper}
    out: {all: folder}
  last:
    sh: "cat {in.all}/a.txt > {out.note}"
    in: {all: folder}
    out: {note: {type: file, path: notes.txt}}
"""
CHECK = "kind: validation\nname: check\ndata: rows\nbaseline: previous\nexpect: {rows: {min: 1, change: 100%}}\n"


@pytest.fixture
def small(project: Project) -> Project:
    """A project with a gate, a file, a folder and an output in the work tree, after its first run."""
    project.write("data/rows.csv", "name,size\nada,1\nbob,2\n")
    project.write("specs/check.yaml", CHECK)
    project.write("specs/pipeline.yaml", PIPELINE)
    project.quick("run")
    return project


def statuses(ended: Ended) -> dict[str, str]:
    return {stage["stage"]: stage["status"] for stage in ended.json["stages"]}


def solid(project: Project, reference: str) -> Path:
    """The container of what a name stands for."""
    oid = project.quick("show", reference, "--json").json["version"]["artifact"]["oid"]
    return project.root / f".mlops/c/{oid[:2]}/{oid}.raw"


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:-1] if how == "cut" else bytes([data[0] ^ 1]) + data[1:])


def test_without_any_object_running_again_heals(small: Project) -> None:
    project = small
    project.quick("add", "data/rows.csv")
    shutil.rmtree(project.root / ".mlops/c")
    assert "is not in this store" in project.quick("show", "rows", code=4).err
    project.quick("run")
    assert project.quick("show", "rows", "--json").json["number"] == 2
    project.quick("add", "data/rows.csv")
    project.quick("ls", "-a")
    again = project.quick("run", "--json")
    assert set(statuses(again).values()) == {"reused"}
    assert again.json["recorded"] is False
    (project.root / "notes.txt").unlink()
    project.quick("checkout", "small/last.note", "notes.txt")
    assert (project.root / "notes.txt").read_text() == "NAME,SIZE\nADA,1\nBOB,2\n"


def test_a_container_that_was_cut_is_made_again_in_one_run(small: Project) -> None:
    project = small
    for name in ("small/upper.text", "rows"):
        spoil(solid(project, name), "cut")
    project.edit("specs/pipeline.yaml", "/a.txt > {out", "/a.txt | rev > {out")
    project.quick("run")
    assert project.quick("fsck").code == 0


def test_after_a_flipped_bit_the_next_run_mends_all_that_it_needs(small: Project) -> None:
    project = small
    for name in ("small/upper.text", "rows"):
        spoil(solid(project, name), "flip")
    project.edit("specs/pipeline.yaml", "tr a-z", "tr  a-z")
    project.edit("specs/pipeline.yaml", "&& wc", "&&  wc")
    assert "is damaged" in project.quick("run", code=None).out
    project.quick("run")
    assert project.quick("fsck").code == 0


def test_what_fsck_finds_damaged_is_made_again_by_the_next_run(small: Project) -> None:
    project = small
    for name in ("small/last.note", "rows"):
        spoil(solid(project, name), "flip")
    assert "is damaged" in project.quick("fsck", code=4).out
    project.quick("run")
    assert project.quick("fsck").out.strip() == "the store is sound"


@pytest.mark.parametrize("junk", ["", "\0", "../../../etc/passwd", "x" * 64, "a" * 64, "é" * 32])
def test_junk_in_the_run_cache_costs_a_run_and_no_more(small: Project, junk: str) -> None:
    project = small
    for path in (project.root / ".mlops/a").rglob("*"):
        if path.is_file():
            path.write_text(junk)
    project.quick("plan")
    assert set(statuses(project.quick("run", "--json")).values()) == {"ran"}
    assert set(statuses(project.quick("run", "--json")).values()) == {"reused"}


@pytest.mark.parametrize("how", ["emptied", "deleted", "last line", "shortened"])
def test_a_journal_that_lost_lines_is_told(small: Project, how: str) -> None:
    project = small
    project.quick("add", "data/rows.csv", "specs")
    path = project.root / ".mlops/journal"
    lines = path.read_bytes().splitlines(keepends=True)
    if how == "deleted":
        path.unlink()
    else:
        left = {"emptied": b"", "last line": b"".join(lines[:-1]) + b"no\0line\n", "shortened": b"".join(lines[:-1])}
        path.write_bytes(left[how])
    for words in (["ls"], ["log"], ["run"], ["add", "specs"], ["status"]):
        err = project.quick(*words, code=4).err
        assert "journal" in err
        assert "witness" in err, "it says how to go on"
    assert "journal" in project.quick("fsck", code=None).out
    (project.root / ".mlops/witness").unlink()
    project.quick("run")
    project.quick("ls")


def test_a_source_is_not_restored_from_the_line_of_another_pipeline(small: Project) -> None:
    project = small
    project.write("specs/other.yaml", PIPELINE.replace("data/rows.csv", "data/other.csv").replace("small", "other"))
    ended = project.quick("run", "specs/other.yaml", code=2)
    assert "in specs/pipeline.yaml it is the source data/rows.csv, here data/other.csv" in ended.err
    assert "specs/other.yaml:3:8" in ended.err
    assert not (project.root / "data/other.csv").exists()
    (project.root / "specs/other.yaml").unlink()
    project.edit("specs/pipeline.yaml", "data/rows.csv", "data/moved.csv")
    assert "there is no file or folder data/moved.csv" in project.quick("run", code=2).err
    shutil.move(project.root / "data/rows.csv", project.root / "data/moved.csv")
    project.quick("run")
    assert "data/moved.csv" in (project.root / "mlops.lock").read_text()


@pytest.mark.parametrize("path", ["mlops.yaml", "mlops.lock", "specs/check.yaml", ".git/hooks/x", ".mlops/x", "specs"])
def test_an_output_has_no_place_where_the_project_is_written(small: Project, path: str) -> None:
    small.edit("specs/pipeline.yaml", "notes.txt", path)
    assert "specs/pipeline.yaml:1" in small.quick("lint", code=2).err
    small.quick("run", code=2)


def listing(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".mlops" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    ("link", "to", "said"),
    [
        ("out", "..", "outside the project"),
        ("out", "specs", "where the specs are"),
        ("out", ".mlops", "inside .mlops"),
        ("out", "data", "the source 'rows'"),
        ("out", "code", "reads as code"),
    ],
)
def test_links_do_not_lead_an_output_astray(small: Project, link: str, to: str, said: str) -> None:
    project = small
    name = {"data": "rows.csv", "code": "tool.py", "specs": "check.yaml"}.get(to, "x.txt")
    project.write("code/tool.py", "import sys\nprint(sys.argv)\n")
    project.edit("specs/pipeline.yaml", '"cat {in.all}', '"python code/tool.py && cat {in.all}')
    project.edit("specs/pipeline.yaml", "notes.txt", f"{link}/{name}")
    (project.root / link).symlink_to(project.root / to)
    before = listing(project.root)
    assert said in project.quick("run", code=2).err
    assert listing(project.root) == before
    assert not (project.root.parent / "x.txt").exists()


def test_code_is_never_overwritten(small: Project) -> None:
    project = small
    project.write("tool.py", "print(1)\n")
    project.edit("specs/pipeline.yaml", '"cat {in.all}', '"python tool.py && cat {in.all}')
    project.edit("specs/pipeline.yaml", "notes.txt", "tool.py")
    assert "cannot go to tool.py" in project.quick("run", code=2).err
    assert (project.root / "tool.py").read_text() == "print(1)\n"


@pytest.mark.parametrize("known", [True, False])
def test_what_an_output_overwrites_is_kept_under_a_name_that_is_told(small: Project, known: bool) -> None:
    project = small
    project.write("notes.txt", "my notes\n")
    if known:
        project.write("copy.txt", "my notes\n")
        project.quick("add", "copy.txt")
    ended = project.quick("run")
    assert "wrote notes.txt (what was there is kept: mlops checkout autosave/1 PATH)" in ended.out
    project.quick("checkout", "autosave/1", "mine.txt")
    assert (project.root / "mine.txt").read_text() == "my notes\n"
    project.edit("data/rows.csv", "bob", "eve")
    ended = project.quick("run", "--json")
    assert (ended.json["files"], ended.json["saved"]) == (["notes.txt"], {}), "our own earlier output is no loss"


def test_status_points_to_the_lock_that_a_merge_broke(small: Project) -> None:
    lock = small.root / "mlops.lock"
    lock.write_text("<<<<<<< ours\n" + lock.read_text())
    ended = small.quick("status")
    assert "mlops.lock:1 is not a line that mlops wrote: take one side of a merge" in ended.out
    assert "lint" not in ended.out
