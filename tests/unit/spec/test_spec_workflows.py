from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlops_cli.base.errors import UserError
from mlops_cli.spec.load import load_spec
from mlops_cli.spec.source import parse_document
from mlops_cli.workflows import lint_specs, render_spec, show_schema

SPECS = Path(__file__).parents[2] / "specs"
VALID = sorted((SPECS / "valid").rglob("*.yaml"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the valid specs of the corpus."""
    shutil.copytree(SPECS / "valid", tmp_path, dirs_exist_ok=True)
    (tmp_path / "mlops.yaml").write_text("name: corpus\n", "utf-8")
    return tmp_path


def test_lint_reads_the_project_file_and_its_specs(root: Path) -> None:
    result = lint_specs.lint(root, [])
    assert result.faults == ()
    assert result.files == ("mlops.yaml", "specs/churn.model.yaml", "specs/customers.yaml", "specs/pipeline.yaml")
    assert not (root / ".mlops").exists(), "lint leaves nothing behind"


def test_lint_tells_all_faults_of_all_files(root: Path) -> None:
    (root / "mlops.yaml").write_text("nme: corpus\n", "utf-8")
    (root / "specs" / "bad.yml").write_text("kind: pipeline\nname: a b\nstags: {}\n", "utf-8")
    (root / "specs" / "worse.yaml").write_text("kind: [", "utf-8")
    faults = lint_specs.lint(root, []).faults
    files = [fault.place.file for fault in faults if fault.place]
    assert files == ["mlops.yaml", "specs/bad.yml", "specs/bad.yml", "specs/worse.yaml"]


def test_lint_of_nothing_is_a_mistake(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(UserError, match="does not exist"):
        lint_specs.lint(root, [root / "nothing.yaml"])
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(UserError, match="no specs"):
        lint_specs.lint(empty, [])


def test_lint_remembers_in_the_store(root: Path) -> None:
    (root / ".mlops").mkdir()
    lint_specs.lint(root, [])
    assert len(list((root / ".mlops" / "cache" / "specs").iterdir())) == 4


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_render_prints_says_the_same(root: Path, path: Path) -> None:
    file = root / path.relative_to(SPECS / "valid")
    text = render_spec.render(root, file, {})
    before = load_spec(file, root)
    file.write_text(text, "utf-8")
    assert render_spec.render(root, file, {}) == text
    assert without_places(load_spec(file, root)) == without_places(before)


def without_places(spec: object) -> object:
    from mlops_cli.base.records import plain

    def strip(value: object) -> object:
        if isinstance(value, dict):
            # A name that was the default is written out by `render`; a rule in a list stays one.
            return {key: strip(item) for key, item in value.items() if key not in ("place", "span", "publish")}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return strip(plain(spec))


def test_render_shows_the_parameters_that_were_given(root: Path) -> None:
    text = render_spec.render(root, root / "every_verb.yaml", {"depth": "12", "fast": "false"})
    data = parse_document(text, "rendered").data
    assert isinstance(data, dict)
    params = data["params"]
    assert isinstance(params, dict)
    assert params["depth"] == {"type": "integer", "default": 12, "min": 1, "max": 32}
    assert params["fast"] == {"type": "boolean", "default": False}
    with pytest.raises(UserError, match="above the maximum"):
        render_spec.render(root, root / "every_verb.yaml", {"depth": "99"})


def test_schema_prints_json() -> None:
    assert json.loads(show_schema.schema("call"))["required"] == ["call"]
    assert set(json.loads(show_schema.schema("pipeline"))["$defs"]) >= {"call", "fit"}
    with pytest.raises(UserError, match="no schema 'cal'"):
        show_schema.schema("cal")
