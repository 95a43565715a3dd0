"""Which edits change a closure, and which do not: every case is a small project before and after an edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.pipeline.closure import closure_of, closure_of_script
from mlops_cli.pipeline.project import Project

BASE = {
    "churn/__init__.py": "",
    "churn/train.py": '''
"""Training."""
import numpy as np
from . import tools
from churn.tools import helper as h
from churn.base import Base

LIMIT = 10
OTHER = 1

def train(data, depth=LIMIT):
    """Train."""
    return h(data) + tools.scale(depth)

def unrelated():
    return OTHER

class Model(Base):
    def fit(self):
        return 1
''',
    "churn/tools.py": """
import json
FACTOR = 2

def helper(x):
    return inner(x) * FACTOR

def inner(x):
    return x

def scale(x):
    import churn.deep
    return churn.deep.go(x)

def unused(x):
    return x
""",
    "churn/deep.py": "def go(x):\n    return x\n\n\ndef stay(x):\n    return x\n",
    "churn/base.py": "class Base:\n    def method(self):\n        return 0\n",
}


def write(root: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Project(root)


def digest(root: Path, files: dict[str, str], target: str = "churn.train:train") -> dict[str, str]:
    return dict(closure_of(write(root, files), target).code)


MUST_CHANGE = {
    "helper in another module": ("churn/tools.py", "inner(x) * FACTOR", "inner(x) * FACTOR + 1"),
    "helper of a helper": ("churn/tools.py", "    return x\n\ndef scale", "    return x + 1\n\ndef scale"),
    "constant": ("churn/tools.py", "FACTOR = 2", "FACTOR = 3"),
    "default argument": ("churn/train.py", "depth=LIMIT", "depth=LIMIT + 1"),
    "constant behind a default": ("churn/train.py", "LIMIT = 10", "LIMIT = 11"),
    "function-local import": ("churn/deep.py", "def go(x):\n    return x", "def go(x):\n    return -x"),
    "attribute of a module": ("churn/tools.py", "churn.deep.go(x)", "churn.deep.go(x) + 1"),
    "import-time statement": ("churn/tools.py", "import json", "import json\njson.dumps(1)"),
    "import-time statement of the package": ("churn/__init__.py", "", "print('loaded')"),
    "import-time statement of a loaded module": ("churn/base.py", "class Base", "print('x')\nclass Base"),
}
MUST_NOT_CHANGE = {
    "comment": ("churn/train.py", "def train", "# a comment\ndef train"),
    "comment inside": ("churn/train.py", "    return h(data)", "    # why\n    return h(data)"),
    "docstring": ("churn/train.py", '"""Train."""', '"""Trains a model."""'),
    "formatting": ("churn/train.py", "h(data) + tools.scale(depth)", "(h(data)\n        + tools.scale(depth))"),
    "unrelated function of the file": ("churn/train.py", "return OTHER", "return OTHER + 1"),
    "unrelated function of a helper's file": (
        "churn/tools.py",
        "def unused(x):\n    return x",
        "def unused(x):\n    return -x",
    ),
    "unrelated constant": ("churn/train.py", "OTHER = 1", "OTHER = 2"),
    "unused base class": ("churn/base.py", "return 0", "return 1"),
}


@pytest.mark.parametrize("case", MUST_CHANGE)
def test_an_edit_that_matters_changes_the_closure(tmp_path: Path, case: str) -> None:
    name, old, new = MUST_CHANGE[case]
    edited = {**BASE, name: BASE[name].replace(old, new, 1) if old else new}
    assert edited != BASE
    assert digest(tmp_path / "a", BASE) != digest(tmp_path / "b", edited)


@pytest.mark.parametrize("case", MUST_NOT_CHANGE)
def test_an_edit_that_does_not_matter_keeps_the_closure(tmp_path: Path, case: str) -> None:
    name, old, new = MUST_NOT_CHANGE[case]
    edited = {**BASE, name: BASE[name].replace(old, new, 1)}
    assert edited != BASE
    assert digest(tmp_path / "a", BASE) == digest(tmp_path / "b", edited)


def test_base_classes_and_methods_belong_to_a_class(tmp_path: Path) -> None:
    edited = {**BASE, "churn/base.py": BASE["churn/base.py"].replace("return 0", "return 1")}
    assert digest(tmp_path / "a", BASE, "churn.train:Model") != digest(tmp_path / "b", edited, "churn.train:Model")


def test_packages_and_files_are_named(tmp_path: Path) -> None:
    closure = closure_of(write(tmp_path, BASE), "churn.train:train")
    assert closure.packages == {"numpy"}
    assert closure.files == {"churn/__init__.py", "churn/train.py", "churn/tools.py", "churn/deep.py", "churn/base.py"}
    assert not closure.notes


def test_decorators_of_ours_count_and_register(tmp_path: Path) -> None:
    files = {
        "registry.py": "FOUND = []\ndef register(f):\n    FOUND.append(f)\n    return f\n",
        "steps.py": "from registry import FOUND, register\n\n@register\ndef one(x):\n    return 1\n\ndef run(x):\n    return [f(x) for f in FOUND]\n",
    }
    edited = {**files, "steps.py": files["steps.py"].replace("return 1", "return 2")}
    assert digest(tmp_path / "a", files, "steps:run") != digest(tmp_path / "b", edited, "steps:run")


def test_star_imports_and_src_layout_are_followed(tmp_path: Path) -> None:
    files = {"src/p/__init__.py": "from p.impl import *\n", "src/p/impl.py": "def go(x):\n    return 1\n"}
    edited = {**files, "src/p/impl.py": "def go(x):\n    return 2\n"}
    assert digest(tmp_path / "a", files, "p:go") != digest(tmp_path / "b", edited, "p:go")


def test_dynamic_code_takes_the_whole_project_and_says_so(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "",
        "p/a.py": "def go(x):\n    return eval('other()')\n",
        "p/b.py": "def other():\n    return 1\n",
    }
    edited = {**files, "p/b.py": "def other():\n    return 2\n"}
    closure = closure_of(write(tmp_path / "a", files), "p.a:go")
    assert closure.notes == ("p.a:go calls eval(): every module of the project counts as its code",)
    assert dict(closure.code) != digest(tmp_path / "b", edited, "p.a:go")


def test_a_constant_dynamic_import_is_followed(tmp_path: Path) -> None:
    files = {
        "a.py": "import importlib\ndef go(x):\n    return importlib.import_module('b').other()\n",
        "b.py": "def other():\n    return 1\n",
    }
    edited = {**files, "b.py": "def other():\n    return 2\n"}
    assert digest(tmp_path / "a", files, "a:go") != digest(tmp_path / "b", edited, "a:go")


def test_type_checking_imports_and_main_parts_do_not_count(tmp_path: Path) -> None:
    files = {
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\ndef go(x):\n    return 1\nif __name__ == '__main__':\n    go(1)\n",
        "b.py": "print(1)\n",
    }
    edited = {"a.py": files["a.py"].replace("    go(1)", "    go(2)"), "b.py": "print(2)\n"}
    assert digest(tmp_path / "a", files, "a:go") == digest(tmp_path / "b", edited, "a:go")


def test_circular_imports_end(tmp_path: Path) -> None:
    files = {"a.py": "import b\ndef go(x):\n    return b.go(x)\n", "b.py": "import a\ndef go(x):\n    return a.go(x)\n"}
    assert {"a:go", "b:go"} <= set(digest(tmp_path, files, "a:go"))


def test_a_script_counts_with_its_main_part_and_its_imports(tmp_path: Path) -> None:
    files = {"run.py": "import lib\nif __name__ == '__main__':\n    lib.go()\n", "lib.py": "def go():\n    return 1\n"}
    one = closure_of_script(write(tmp_path / "a", files), tmp_path / "a/run.py")
    other = closure_of_script(
        write(tmp_path / "b", {**files, "lib.py": "def go():\n    return 2\n"}), tmp_path / "b/run.py"
    )
    assert one.files == {"run.py", "lib.py"}
    assert dict(one.code) != dict(other.code)


def test_code_outside_the_project_counts_by_its_package(tmp_path: Path) -> None:
    closure = closure_of(Project(tmp_path), "sklearn.ensemble:RandomForestClassifier")
    assert closure.packages == {"sklearn"}
    assert not closure.code


def test_missing_names_and_bad_syntax_are_told(tmp_path: Path) -> None:
    project = write(tmp_path, {"a.py": "def go():\n    pass\n", "bad.py": "def go(:\n"})
    with pytest.raises(UserError, match="no function or class 'gone'"):
        closure_of(project, "a:gone")
    with pytest.raises(StageFailed, match=r"bad\.py:1 is not valid Python"):
        closure_of(project, "bad:go")
