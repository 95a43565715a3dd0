"""Shell commands: which edits of the project change what a command depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_cli.pipeline import commands
from mlops_cli.pipeline.commands import Commands

FILES = {
    "Makefile": "all:\n\t@echo 1\n",
    "a.txt": "1",
    "conf/x.txt": "1",
    "conf/y.txt": "1",
    "helpers.py": "def go(): print(1)\n",
    "pkg/__init__.py": "",
    "pkg/part.py": "def go():\n    return 1\n",
    "pkg/run.py": "from . import part\npart.go()\n",
    "s/a.sh": ". s/lib.sh\ngo\n",
    "s/b.py": "print(1)\n",
    "s/b.sh": "python s/b.py\n",
    "s/exe": "#!/bin/bash\necho 1\n",
    "s/lib.sh": "go() { echo 1; }\n",
    "s/mod.py": "def go():\n    return 1\n",
    "s/own.py": "import mod\nmod.go()\n",
    "s/run.py": 'import sys; print(open(sys.argv[1].split("=")[-1]).read())',
    "tool/__init__.py": "",
    "tool/__main__.py": "print(1)\n",
}
EDITS = {
    "Makefile": "all:\n\t@echo 2\n",
    "a.txt": "2",
    "conf/x.txt": "2",
    "helpers.py": "def go(): print(2)\n",
    "pkg/part.py": "def go():\n    return 2\n",
    "s/b.py": "print(2)\n",
    "s/exe": "#!/bin/bash\necho 2\n",
    "s/lib.sh": "go() { echo 2; }\n",
    "s/mod.py": "def go():\n    return 2\n",
    "tool/__main__.py": "print(2)\n",
}
CHANGES = {
    "lib": "bash s/a.sh > {out.o}",
    "callpy": "bash s/b.sh > {out.o}",
    "conf_eq": "python s/run.py --config=conf/x.txt > {out.o}",
    "quoted_sub": 'echo "$(cat conf/x.txt)" > {out.o}',
    "var": "F=conf/x.txt; cat $F > {out.o}",
    "pyc": "python -c \"import sys; sys.path.insert(0, '.'); import helpers; helpers.go()\" > {out.o}",
    "folder": "cat conf/* > {out.o}",
    "cp": "cp -r conf {out.o}",
    "pym": "python -m tool > {out.o}",
    "pyfolder": "python tool > {out.o}",
    "make": "make -s > {out.o}",
    "cd": "cd s && bash ./exe > {out.o}",
    "abs": "cat $PWD/conf/x.txt > {out.o}",
    "redir": "cat <conf/x.txt > {out.o}",
    "glob": "bash s/ex? > {out.o}",
    "pypath": "PYTHONPATH=. python -m tool > {out.o}",
    "braces": "cat conf/{{x,x}}.txt > {out.o}",
    "exists_q": 'cat "conf/x.txt" > {out.o}',
    "module beside the script": "python s/own.py",
    "relative import of -m": "python -m pkg.run",
    "heredoc": "python - <<EOF\nimport helpers\nhelpers.go()\nEOF\n",
    "hash in a word": "echo --tag=#1 a.txt",
    "brace of names": "cat {{a,b}}.txt",
    "shell in quotes": 'bash -c "cat *.txt"',
    "folder in a variable": "D=conf; cp -r $D {out.o}",
    "folder of scripts": "pytest pkg",
}
# name: (command, file, its new text)
KEEPS = {
    "where output goes": ("echo 1 > a.txt", "a.txt", "2"),
    "an output place": ("cp s/exe {out.a}", "a.txt", "2"),
    "a comment of a script that is run": ("python s/b.py", "s/b.py", "# why\nprint(1)\n"),
    "a star in a query": ('duckdb -c "select * from t"', "a.txt", "2"),
    "a folder that is made": ("mkdir -p conf", "conf/x.txt", "2"),
    "a comment of a module that is run": ("python -m tool", "tool/__main__.py", "# why\nprint(1)\n"),
    "the store": ("cp -r . {out.o}", ".mlops/x", "1"),
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.mark.parametrize("case", CHANGES)
def test_what_a_command_reads_counts(tmp_path: Path, case: str) -> None:
    write(tmp_path, FILES)
    before = Commands(tmp_path).closure(CHANGES[case])
    write(tmp_path, EDITS)
    assert dict(Commands(tmp_path).closure(CHANGES[case]).code) != dict(before.code)


@pytest.mark.parametrize("case", KEEPS)
def test_what_a_command_does_not_read_does_not_count(tmp_path: Path, case: str) -> None:
    command, name, text = KEEPS[case]
    write(tmp_path, FILES)
    before = Commands(tmp_path).closure(command)
    write(tmp_path, {name: text})
    assert dict(Commands(tmp_path).closure(command).code) == dict(before.code)


def test_a_new_file_of_a_glob_counts(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    before = Commands(tmp_path).closure("cat conf/*")
    write(tmp_path, {"conf/new.txt": "1"})
    assert dict(Commands(tmp_path).closure("cat conf/*").code) != dict(before.code)


@pytest.mark.parametrize(
    ("command", "note"),
    [
        ("make -s", "`make` is followed no further than its own file"),
        ("cat $DATA/x", "what `$DATA/x` names is not known before it runs: no file behind $DATA counts"),
        ("cp -r conf x", "conf has more than 1 files: the rest does not count"),
    ],
)
def test_what_cannot_be_followed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, note: str
) -> None:
    monkeypatch.setattr(commands, "MOST_FILES", 1)
    write(tmp_path, FILES)
    assert Commands(tmp_path).closure(command).notes == (note,)
