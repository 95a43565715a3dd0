"""The corpus: valid specs load, and each invalid spec gives exactly the text beside it.

MLOPS_REGOLD=1 writes the texts anew; read every one that changes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_cli.base.errors import SpecError, UserError
from mlops_cli.cli.render.faults import render_faults
from mlops_cli.spec.checked import checked
from mlops_cli.spec.load import load_spec
from mlops_cli.spec.project import decode_project
from mlops_cli.spec.source import read_document

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = sorted((HERE / "valid").rglob("*.yaml"))


def faults_of(path: Path, root: Path) -> str:
    with pytest.raises(SpecError) as caught:
        if path.name.startswith("project"):
            decode_project(checked(read_document(path, path.name), "project", None), root)
        else:
            load_spec(path, root)
    return render_faults(caught.value.faults)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_spec_gives_exactly_this_text(path: Path) -> None:
    text = faults_of(path, HERE / "invalid")
    golden = path.with_suffix(".txt")
    if os.environ.get("MLOPS_REGOLD"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_the_corpus_is_whole() -> None:
    assert len(INVALID) >= 70
    assert {path.stem for path in (HERE / "invalid").glob("*.txt")} == {path.stem for path in INVALID}


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_spec_loads(path: Path) -> None:
    try:
        load_spec(path, HERE / "valid")
    except UserError as error:
        pytest.fail(render_faults(error.faults))
