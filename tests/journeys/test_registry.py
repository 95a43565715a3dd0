"""Aliases of models move with evidence: what a promotion asks for, what it records, how it is taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import Project

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.checks.verdict import Report, State, Verdict
from mlops_cli.pipeline.key import validation_id
from mlops_cli.spec.load import load_validation
from mlops_cli.store.journal import Move
from mlops_cli.store.records import Artifact, Promoted, Version
from mlops_cli.store.verify import verify
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.evidence import evidence_of, judged_name, record_judgement
from mlops_cli.workflows.workspace import Workspace, open_workspace

PRODUCTION = "iris@production"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with three versions of a model, each judged by its gate and registered as candidate."""
    folder = tmp_path_factory.mktemp("three")
    Project(folder).mlops("init", "iris", "--example", "iris-minimal")
    made = Project(folder / "iris")
    for depth in (3, 2, 4):
        made.quick("run", "-p", f"depth={depth}")
    return made


@pytest.fixture
def iris(three: Project, tmp_path: Path) -> Project:
    shutil.copytree(three.root, tmp_path / "iris", symlinks=True)
    return Project(tmp_path / "iris")


def opened(project: Project) -> Workspace:
    return open_workspace(project.root)


def policy(project: Project, text: str) -> None:
    project.write("mlops.yaml", f"name: iris\n{text}\n")


def version_of(project: Project, number: int) -> tuple[Oid, Version]:
    workspace = opened(project)
    oid = workspace.journal.versions("iris")[number - 1]
    return oid, workspace.store.read_record(oid, "version", Version)


def judge(project: Project, number: int, state: State, gate: str = "iris-gate") -> Oid:
    """Record what a gate says of a version, as `mlops validate` does by hand."""
    oid, version = version_of(project, number)
    spec = validation_id(load_validation(project.root / "specs/gate.yaml", project.root))
    verdict = Verdict("accuracy.min", "accuracy", state, "min 0.8", "as told")
    inputs = {"model": version.artifact.oid}
    report = Report(gate, "model", f"iris@v{number}", (verdict,), spec=spec, inputs=inputs)
    return record_judgement(opened(project), report, oid)


def live(project: Project) -> int:
    """The number of the version that is in production."""
    workspace = opened(project)
    return workspace.journal.versions("iris").index(workspace.journal.names()[PRODUCTION]) + 1


def test_what_its_gate_has_passed_is_promoted_once(iris: Project) -> None:
    said = iris.quick("promote", "iris@v1", "production", "--json").json
    assert (said["outcome"], said["before"], said["missing"]) == ("moved", None, [])
    assert list(said["evidence"]) == ["iris-gate"] and said["who"] and said["time"]
    assert iris.quick("promote", "iris@v1", "production").out == "nothing to do: iris@production is iris@v1 already\n"
    moved = iris.quick("promote", "iris@candidate", "production").out
    assert "iris@production is iris@v3 now, before v1" in moved and "iris-gate (report " in moved
    log = iris.quick("log", "iris").out
    assert "promote iris@v3 to production: gates iris-gate passed" in log
    assert "judged" not in log and "iris@judged.iris-gate" in iris.quick("log", "iris", "-v").out
    workspace = opened(iris)
    line = workspace.journal.history(PRODUCTION)[-1][0]
    assert line.about is not None and line.who
    record = workspace.store.read_record(line.about, "promotion", Promoted)
    versions = workspace.journal.versions("iris")
    assert (record.action, record.number, record.version, record.before) == ("promote", 3, versions[2], versions[0])
    assert record.evidence == {"iris-gate": evidence_of(workspace, versions[2])["iris-gate"].report}
    assert verify(workspace.store, True) == []


def test_without_evidence_nothing_moves_unless_somebody_says_why(iris: Project) -> None:
    iris.edit("specs/pipeline.yaml", "  judge: {validate: specs/gate.yaml, in: {model: train, data: split.test}}\n", "")
    iris.edit("specs/pipeline.yaml", "judge.model", "train")
    iris.edit("specs/pipeline.yaml", "register: iris", "register: plain")
    iris.quick("run")
    refused = iris.quick("promote", "plain", "production", code=1)
    assert "refused: plain@v1 does not become production" in refused.out
    assert "there is no evidence: no gate has judged it" in refused.out
    assert "mlops validate SPEC --model plain@v1" in refused.out
    said = iris.quick("promote", "plain", "production", "--json", code=1).json
    assert said["outcome"] == "refused" and said["missing"][0]["fix"] == "mlops validate SPEC --model plain@v1"
    assert "plain@production" not in opened(iris).journal.names()
    assert "--override needs a reason" in iris.quick("promote", "plain", "production", "--override", code=2).err
    assert "no gate has judged it" in iris.quick("promote", "plain", "production", "--because", "x", code=1).out
    moved = iris.quick("promote", "plain", "production", "--override", "--because", "the shop opens at nine").out
    assert "overridden because the shop opens at nine" in moved and "no gate has judged it" in moved
    assert "override because the shop opens at nine" in iris.quick("log", "plain").out
    workspace = opened(iris)
    about = workspace.journal.history("plain@production")[-1][0].about
    assert about is not None
    record = workspace.store.read_record(about, "promotion", Promoted)
    assert record.because == "the shop opens at nine" and record.missing == (
        "there is no evidence: no gate has judged it",
    )


def test_the_latest_word_of_a_gate_counts_pass_or_fail(iris: Project) -> None:
    report = judge(iris, 2, "fail")
    refused = iris.quick("promote", "iris@v2", "production", code=1).out
    assert "the gate iris-gate said no at" in refused and report[:12] in refused
    judge(iris, 2, "fail", gate="other")
    judge(iris, 2, "pass")
    assert "the gate other said no" in iris.quick("promote", "iris@v2", "production", code=1).out
    judge(iris, 2, "pass", gate="other")
    iris.quick("promote", "iris@v2", "production")
    assert live(iris) == 2


def test_what_is_judged_on_rows_of_ones_own_choice_is_no_evidence(iris: Project) -> None:
    iris.edit("specs/gate.yaml", "min: 0.80", "min: 0.20")
    words = ("validate", "specs/gate.yaml", "--model", "iris@v2", "--data", "data/flowers.csv")
    easy = iris.quick(*words, code=None).out  # the training rows are among them, which is another matter
    assert "note: not recorded as evidence: --data stands in place of what the spec names" in easy
    assert "iris-gate" in evidence_of(opened(iris), version_of(iris, 2)[0])
    before = evidence_of(opened(iris), version_of(iris, 2)[0])["iris-gate"]
    iris.quick("validate", "specs/gate.yaml", "--model", "iris@v2")
    assert evidence_of(opened(iris), version_of(iris, 2)[0])["iris-gate"].time > before.time


def test_a_second_spec_with_the_name_of_a_gate_opens_nothing(iris: Project) -> None:
    policy(iris, "promotion: {production: {gates: [iris-gate]}}")
    iris.write("specs/easy.yaml", (iris.root / "specs/gate.yaml").read_text().replace("0.80", "0.01"))
    iris.quick("validate", "specs/easy.yaml", "--model", "iris@v2")
    refused = iris.quick("promote", "iris@v2", "production", code=1).out
    assert "several specs have the name iris-gate: specs/easy.yaml, specs/gate.yaml" in refused


def test_a_report_of_another_content_is_no_evidence(iris: Project) -> None:
    iris.quick("run", "-p", "depth=1", code=None)  # said no, and is not registered
    passed = judge(iris, 1, "pass")
    judge(iris, 2, "fail")
    workspace = opened(iris)
    oid, name = version_of(iris, 2)[0], judged_name("iris", "iris-gate")
    workspace.journal.append([Move(name, workspace.journal.names()[name], oid)], "a lie", about=passed)
    found = evidence_of(workspace, oid)["iris-gate"]
    assert not found.passed and found.report != passed
    with pytest.raises(ValueError, match="another content"):
        record_judgement(workspace, Report("iris-gate", "model", "x", (), inputs={"model": hash_bytes(b"x")}), oid)


def test_the_policy_of_an_alias_is_told_in_full(iris: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    policy(iris, "promotion: {production: {gates: [iris-gate, fair-gate], from: candidate, max_age: 30d}}")
    monkeypatch.setenv("MLOPS_NOW", "2036-11-24T11:00:00Z")
    iris.write("specs/fair.yaml", (iris.root / "specs/gate.yaml").read_text().replace("iris-gate", "fair-gate"))
    refused = iris.quick("promote", "iris@v2", "production", "--json", code=1).json["missing"]
    assert [item["fix"] for item in refused] == [
        "mlops validate specs/gate.yaml --model iris@v2",
        "mlops validate specs/fair.yaml --model iris@v2",
        None,
    ]
    assert "evidence counts for 30 days" in refused[0]["what"]
    assert refused[1]["what"] == "the gate fair-gate has not judged it"
    assert refused[2]["what"] == "iris@candidate must point at it, and points at v3"
    judge(iris, 3, "pass")
    policy(iris, "promotion: {production: {gates: [iris-gate], from: candidate, max_age: 30d}}")
    iris.quick("promote", "iris@v3", "production")
    assert live(iris) == 3


def test_evidence_is_of_the_text_that_the_spec_has_now(iris: Project) -> None:
    policy(iris, 'promotion: {"*": {gates: [iris-gate]}}')
    iris.edit("specs/pipeline.yaml", ", alias: candidate", "")
    iris.edit("specs/gate.yaml", "min: 0.80", "min: 0.81")
    refused = iris.quick("promote", "iris@v3", "staging", code=1).out
    assert "the gate iris-gate has judged it by an earlier specs/gate.yaml" in refused
    assert "mlops validate specs/gate.yaml --model iris@v3" in refused
    iris.quick("run", "-p", "depth=4")
    iris.quick("promote", "iris@v3", "staging")
    iris.quick("validate", "specs/gate.yaml", "--model", "iris@v1")
    assert "iris-gate by hand on iris@v1: passed" in iris.quick("log", "iris@judged.iris-gate").out
    iris.quick("promote", "iris@v1", "staging")
    (iris.root / "specs/gate.yaml").rename(iris.root / "gate.yaml")
    assert "no spec in specs/ has the name iris-gate" in iris.quick("promote", "iris@v2", "staging", code=1).out


def test_a_gate_that_says_no_of_a_registered_version_is_remembered(iris: Project) -> None:
    iris.edit("specs/gate.yaml", "min: 0.80", "min: 0.999")
    iris.quick("run", "-p", "depth=2", code=1)
    assert "the gate iris-gate said no" in iris.quick("promote", "iris@v2", "production", code=1).out
    lines = len(opened(iris).journal.lines())
    iris.quick("run", "-p", "depth=2", code=1)
    assert len(opened(iris).journal.lines()) == lines, "what is known is not recorded again"


def test_a_gate_that_runs_again_has_judged_again(iris: Project) -> None:
    oid = version_of(iris, 3)[0]
    first = evidence_of(opened(iris), oid)["iris-gate"]
    iris.quick("run", "-p", "depth=4")
    assert evidence_of(opened(iris), oid)["iris-gate"] == first
    iris.quick("run", "-p", "depth=4", "--force")
    second = evidence_of(opened(iris), oid)["iris-gate"]
    assert second.time > first.time and second.run != first.run
    assert opened(iris).journal.versions("iris")[2:] == [oid]


TWO = """
kind: pipeline
name: two
data: {flowers: data/flowers.csv}
stages:
  split: {split: flowers, by: stratified, column: species, shares: {train: 0.6, test: 0.4}}
  small: {fit: "sklearn.tree:DecisionTreeClassifier", target: species, in: {data: split.train}, with: {max_depth: 2}}
  large: {fit: "sklearn.tree:DecisionTreeClassifier", target: species, in: {data: split.train}, with: {max_depth: 5}}
  first: {validate: specs/gate.yaml, in: {model: small, data: split.test}}
  second: {validate: specs/gate.yaml, in: {model: large, data: split.test}}
  publish: {register: tree, in: {model: second.model}}
"""


def test_one_run_that_judges_two_versions_records_both(iris: Project) -> None:
    iris.write("specs/pipeline.yaml", TWO)
    iris.quick("run")
    iris.edit("specs/pipeline.yaml", "second.model", "first.model")
    iris.quick("run")
    versions = opened(iris).journal.versions("tree")
    assert len(versions) == 2
    before = [evidence_of(opened(iris), oid)["iris-gate"] for oid in versions]
    iris.quick("run", "--force")
    after = [evidence_of(opened(iris), oid)["iris-gate"] for oid in versions]
    assert [item.time for item in after] > [item.time for item in before]
    assert after[0].run == after[1].run != before[0].run
    assert [item.inputs["model"] for item in after] == [item.inputs["model"] for item in before]


def test_a_stage_does_not_move_what_asks_for_evidence(iris: Project) -> None:
    policy(iris, "promotion: {candidate: {gates: [iris-gate]}}")
    for words in (["lint"], ["plan"], ["run"]):
        ended = iris.quick(*words, code=None)
        said = ended.out + ended.err
        assert ended.code in (1, 2) and "the alias 'candidate' moves by `mlops promote` only" in said, words
        assert "specs/pipeline.yaml:10:" in said and "mlops promote iris candidate" in said
    iris.edit("specs/pipeline.yaml", ", alias: candidate", "")
    iris.quick("lint")
    iris.quick("promote", "iris@v1", "candidate")


def test_back_and_further_back_never_to_and_fro(iris: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, number in enumerate((1, 2, 3), 1):
        monkeypatch.setenv("MLOPS_NOW", f"2036-03-0{day}T12:00:00Z")
        iris.quick("promote", f"iris@v{number}", "production")
    monkeypatch.setenv("MLOPS_NOW", "2036-03-04T12:00:00Z")
    first = iris.quick("rollback", "iris", "production", "--because", "refuses too many").out
    assert "iris@production is iris@v2 now, before v3" in first
    assert "roll iris@production back from v3 to v2: refuses too many" in iris.quick("log", PRODUCTION).out
    assert iris.quick("rollback", "iris", "production", "--json").json["number"] == 1
    ended = iris.quick("rollback", "iris", "production", code=4)
    assert "nothing was iris@production before" in ended.err
    iris.quick("promote", "iris@v3", "production")
    assert iris.quick("rollback", "iris", "production", "--json").json["number"] == 1
    assert "there is no 'iris@staging'" in iris.quick("rollback", "iris", "staging", code=4).err
    numbers = [
        iris.quick("explain", f"{PRODUCTION}@{{2036-03-0{day}}}", "--json").out.partition("iris@v")[2][:1]
        for day in (2, 3, 4, 5)
    ]
    assert numbers == ["1", "2", "3", "1"]
    assert "there was no 'iris@production' at" in iris.quick("show", f"{PRODUCTION}@{{2036-03-01}}", code=4).err
    workspace = opened(iris)
    actions = [
        workspace.store.read_record(line.about, "promotion", Promoted).action
        for line, _ in workspace.journal.history(PRODUCTION)
        if line.about
    ]
    assert actions == ["promote", "promote", "promote", "rollback", "rollback", "promote", "rollback"]


def test_a_version_that_does_not_load_is_told(iris: Project, tmp_path: Path) -> None:
    workspace = opened(iris)
    _, version = version_of(iris, 1)
    place_artifact(workspace.store, version.artifact, tmp_path / "model", "copy")
    golden = tmp_path / "model" / "golden.json"
    said = json.loads(golden.read_text())
    said["predictions"][0] = "a daisy"
    golden.write_text(json.dumps(said))
    with workspace.store.begin() as transaction:
        root, files, size = transaction.add_tree(tmp_path / "model")
        artifact = Artifact("model", root, "tree", "model", size, files)
        broken = transaction.add_record("version", Version("model", "iris", artifact, "2036-01-01", None, None))
        transaction.commit()
    names = workspace.journal.names()
    moves = [Move("iris", names["iris"], broken), Move(PRODUCTION, None, broken)]
    workspace.journal.append(moves, "by a hand that knows no rules")
    iris.quick("promote", "iris@v1", "production")
    ended = iris.quick("rollback", "iris", "production", code=3)
    assert "golden rows" in ended.err and live(iris) == 1
    refused = iris.quick("promote", "iris@v4", "staging", code=1).out
    assert "it cannot be loaded: the model says something else about its golden rows" in refused


def test_what_a_move_rests_on_is_part_of_a_whole_store(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production")
    workspace = opened(iris)
    line = workspace.journal.history(PRODUCTION)[-1][0]
    assert line.about is not None
    Path(workspace.store.layout.solid(line.about)).unlink()
    (problem,) = verify(opened(iris).store, False)
    assert problem.message == f"line {line.n} rests on object {line.about[:12]}, which is missing"
    assert live(iris) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("iris@v9", "production"), "'iris' has no version 9"),
        (("flowers", "production"), "flowers@v1 is data, not a model"),
        (("iris", "v7"), "'v7' is no alias"),
        (("iris", "judged.x"), "'judged.x' is no alias"),
    ],
)
def test_only_versions_of_models_get_aliases(iris: Project, words: tuple[str, str], message: str) -> None:
    assert message in iris.quick("promote", *words, code=None).err


def test_models_shows_the_newest_and_what_has_an_alias(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production")
    shown = iris.quick("models", "-n", "1", "--json").json
    assert [(item["version"], item["aliases"]) for item in shown["models"]] == [(3, ["candidate"]), (1, ["production"])]
    assert shown["left_out"] == {"iris": 1}
    assert "and 1 more version of iris (mlops models --all)" in iris.quick("models", "-n", "1").out
    assert [item["version"] for item in iris.quick("models", "--all", "--json").json["models"]] == [3, 2, 1]
    for words in (["models"], ["ls"], ["log"]):
        assert "judged" not in iris.quick(*words).out


def test_our_own_aliases_are_not_rolled_back(iris: Project) -> None:
    judge(iris, 1, "fail")
    judge(iris, 2, "pass")
    lines = len(opened(iris).journal.lines())
    for alias in ("judged.iris-gate", "signed.0", "passed.x", "v1", "a b"):
        assert f"'{alias}' is no alias" in iris.quick("rollback", "iris", alias, code=2).err
    assert len(opened(iris).journal.lines()) == lines


def test_a_line_that_is_about_something_else_hides_no_judgement(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production")
    report = judge(iris, 1, "fail")
    workspace, oid = opened(iris), version_of(iris, 1)[0]
    name, about = judged_name("iris", "iris-gate"), workspace.journal.history(PRODUCTION)[-1][0].about
    workspace.journal.append([Move(name, workspace.journal.names()[name], oid)], "by a hand", about=about)
    assert evidence_of(workspace, oid)["iris-gate"].report == report


def test_data_do_not_take_the_alias_of_a_model(iris: Project) -> None:
    iris.write("iris@staging", "a,b\n1,2\n")
    iris.write("odd@2x/rows.csv", "a,b\n1,2\n")
    for path in ("iris@staging", "odd@2x/rows.csv", "odd@2x"):
        refused = iris.quick("add", path, code=2).err
        assert f"the name '{path}' has an @" in refused and "rename what has it" in refused
    workspace = opened(iris)
    data = workspace.journal.names()["flowers"]
    moves = [
        Move("iris@staging", None, data),
        Move("iris@candidate", workspace.journal.names()["iris@candidate"], data),
    ]
    workspace.journal.append(moves, "as an earlier version of this program let it")
    for words in (("promote", "iris@v1", "staging"), ("promote", "iris@v1", "candidate")):
        refused = iris.quick(*words, code=1).out
        assert f"points at {data[:12]}, which is no version of iris" in refused and "--override --because" in refused
    assert "which is no version of iris" in iris.quick("rollback", "iris", "staging", code=4).err
    policy(iris, "promotion: {production: {gates: [iris-gate], from: candidate}}")
    assert f"and points at {data[:12]}, which" in iris.quick("promote", "iris@v1", "production", code=1).out
    for alias in ("staging", "candidate"):
        iris.quick("promote", "iris@v1", alias, "--override", "--because", "it is ours")
    assert "nothing was iris@staging before" in iris.quick("rollback", "iris", "staging", code=4).err
    assert "iris@candidate is iris@v3 now" in iris.quick("rollback", "iris", "candidate").out


def test_every_alias_means_every_alias_but_the_first_step(iris: Project) -> None:
    policy(iris, 'promotion: {"*": {gates: [iris-gate]}}')
    said = iris.quick("run", code=2).err
    assert "the alias 'candidate' moves by `mlops promote` only" in said and "'*' stands for every alias" in said
    assert "name 'candidate' as `from`" in said
    policy(iris, 'promotion: {"*": {gates: [iris-gate], from: candidate}}')
    iris.quick("run", "-p", "depth=2")
    assert iris.quick("promote", "iris@v2", "staging", "--json").json["outcome"] == "moved"
    iris.edit("specs/pipeline.yaml", "alias: candidate", "alias: production")
    assert "the alias 'production' moves by" in iris.quick("lint", code=None).err
    policy(iris, 'promotion: {"*": {gates: [iris-gate]}, live: {gates: [iris-gate], from: production}}')
    iris.quick("lint")


def test_one_goes_back_to_what_a_gate_refuses_with_a_reason_only(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production")
    iris.quick("promote", "iris@v2", "production")
    report = judge(iris, 1, "fail", gate="other")
    refused = iris.quick("rollback", "iris", "production", code=1).out
    assert "refused: iris@v1 does not become production" in refused and "the gate other said no at" in refused
    assert "--because TEXT" in refused and live(iris) == 2
    moved = iris.quick("rollback", "iris", "production", "--because", "v2 is worse").out
    assert "evidence: iris-gate (report " in moved and f"gate other (report {report[:12]}) said no" in moved
    assert "overridden because v2 is worse" in moved and live(iris) == 1
    record = promoted(iris)
    assert record.missing[0].startswith("the gate other said no") and record.evidence["other"] == report


def promoted(project: Project) -> Promoted:
    """The record that the last move of production rests on."""
    workspace = opened(project)
    line = workspace.journal.history(PRODUCTION)[-1][0]
    assert line.about is not None
    return workspace.store.read_record(line.about, "promotion", Promoted)


def test_a_reason_is_recorded_and_overrides_only_when_told_to(iris: Project) -> None:
    iris.quick("promote", "iris@v1", "production", "--because", "the first one")
    assert (promoted(iris).because, promoted(iris).missing, promoted(iris).policy) == ("the first one", (), None)
    assert "gates iris-gate passed; because the first one" in iris.quick("log", "iris").out
    judge(iris, 2, "fail")
    assert "said no" in iris.quick("promote", "iris@v2", "production", "--because", "I want it", code=1).out
    assert live(iris) == 1
    policy(iris, "promotion: {production: {gates: [iris-gate]}}")
    iris.quick("promote", "iris@v3", "production", "--override", "--because", "to be sure")
    assert promoted(iris).because == "to be sure" and promoted(iris).missing == ()
    first = promoted(iris).policy
    policy(iris, "promotion: {production: {gates: [iris-gate], max_age: 900d}}")
    assert "asked for something else of it then" in iris.quick("explain", PRODUCTION).out
    iris.quick("rollback", "iris", "production")
    assert "asked for something else" not in iris.quick("explain", PRODUCTION).out
    assert first is not None and promoted(iris).policy not in (None, first)


def test_a_policy_that_names_a_gate_of_data(iris: Project) -> None:
    policy(iris, "promotion: {production: {gates: [rows]}}")
    iris.write("specs/rows.yaml", "kind: validation\nname: rows\ndata: data/flowers.csv\nexpect: {rows: {min: 1}}\n")
    refused = iris.quick("promote", "iris@v1", "production", code=1).out
    assert "the gate rows (specs/rows.yaml) judges data, not a model" in refused


def test_evidence_from_the_future_has_no_age(iris: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    policy(iris, "promotion: {production: {gates: [iris-gate], max_age: 30d}}")
    monkeypatch.setenv("MLOPS_NOW", "2016-11-24T11:00:00Z")
    assert "is dated in the future" in iris.quick("promote", "iris@v1", "production", code=1).out


HOSTILE = """
from sklearn.tree import DecisionTreeClassifier


class Tree(DecisionTreeClassifier):
    def predict(self, rows, check_input=True):
        from pathlib import Path
        exec(Path(__file__).with_name("mood.py").read_text())
        return super().predict(rows, check_input)
"""


@pytest.mark.parametrize(
    ("mood", "message"),
    [
        ("raise RuntimeError('a bad day')", "RuntimeError: a bad day"),
        ("raise SystemExit(0)", "the code called exit(0)"),
        ("import os; print('so long', flush=True); os._exit(9)", "its process ended with 9 and gave no answer"),
        ("import os; os.kill(os.getpid(), 9)", "its process was killed by SIGKILL and gave no answer"),
    ],
)
def test_code_of_the_project_cannot_break_the_command(grumpy: Project, mood: str, message: str) -> None:
    grumpy.write("mood.py", mood)
    refused = grumpy.mlops("promote", "iris@v1", "production", code=1)
    assert f"it cannot be loaded: {message}" in refused.out
    if "so long" in mood:
        assert "it said: so long" in refused.out
    failed = grumpy.mlops("rollback", "iris", "candidate", code=3)
    assert f"iris@v1 cannot be loaded: {message}" in failed.err


@pytest.fixture
def grumpy(tmp_path: Path) -> Project:
    """A project whose model has code of its own, which does what `mood.py` says; printing does no harm."""
    Project(tmp_path).mlops("init", "iris", "--example", "iris-minimal")
    made = Project(tmp_path / "iris")
    made.write("own.py", HOSTILE)
    made.write("mood.py", "print('good morning')")
    made.write("mlops.yaml", "name: iris\ntrust: [own.Tree]\n")
    made.edit("specs/pipeline.yaml", "sklearn.tree:DecisionTreeClassifier", "own:Tree")
    for depth in (3, 2):
        made.mlops("run", "-p", f"depth={depth}")
    said = made.mlops("promote", "iris@v1", "staging", "--json")
    assert said.json["outcome"] == "moved" and not said.err
    return made
