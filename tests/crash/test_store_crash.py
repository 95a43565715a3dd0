"""Writers killed at any moment: the store verifies, what was told to be committed is there, the next writer succeeds.

Run as a program, this file is the writer that gets killed.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.stat_index import StatIndex
from mlops_cli.store.store import Store
from mlops_cli.store.trees import read_tree
from mlops_cli.store.verify import verify
from mlops_cli.store.worktree import checkout, snapshot

ROUNDS = int(os.environ.get("MLOPS_SOAK_ROUNDS", "20"))
AUDITED = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.listdir",
    "os.scandir",
}


def fill(root: Path, number: int) -> None:
    """Fifty small files and a big one, some of them different each time."""
    folder = root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(50):
        (folder / f"{place}.txt").write_text(f"{place} of {number if place % 5 == 0 else 0}")
    (folder / "big").write_bytes(f"{number:08d}".encode() * 40_000)


def add(root: Path) -> int:
    """What `mlops add data` does; returns the number of the line."""
    store = Store.open(root / ".mlops")
    journal, index = Journal(store), StatIndex.load(store)
    with store.begin() as transaction:
        content = snapshot(store, transaction, index, root / "data", "folder")
        version = transaction.add_record("version", Version("data", "data", content, "", None, None))
        transaction.commit()
    line = journal.append([Move("data", journal.names().get("data"), version)], "add data")
    index.save()
    return line.n


def write_until_killed(root: Path) -> None:
    for number in itertools.count(int(time.time())):
        fill(root, number)
        print(add(root), flush=True)


def check(root: Path, lines: int) -> None:
    """The store is whole and has at least so many lines; every version can be read back."""
    store = Store.open(root / ".mlops")
    assert verify(store, True) == []
    journal = Journal(store)
    assert len(journal.lines()) >= lines
    for oid in journal.versions("data")[-2:]:
        version = store.read_record(oid, "version", Version)
        rows = list(read_tree(store, version.artifact.oid))
        assert len(rows) == 51
        assert all(hash_bytes(store.read(row.oid)) == row.oid for row in rows)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    Store.create(tmp_path / ".mlops")
    chance = random.Random(7)
    lines = 0
    for _ in range(ROUNDS):
        writer = subprocess.Popen([sys.executable, __file__, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        first = writer.stdout.readline()
        time.sleep(chance.random() * 0.1)
        writer.kill()
        rest = writer.communicate()[0]
        told = [int(text) for text in (first + rest).split("\n") if text]
        assert writer.returncode == -signal.SIGKILL and told
        lines = max([lines, *told])
        check(tmp_path, lines)
    fill(tmp_path, 0)
    assert add(tmp_path) > lines
    assert len(list((tmp_path / ".mlops" / "tmp").iterdir())) <= 1


def killed_before_step(step: int, work: object) -> bool:
    """Run `work` in a child that kills itself before its file operation number `step`; True if it lived to the end."""
    child = os.fork()
    if child == 0:
        count = itertools.count()

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in AUDITED and ".mlops" in str(arguments) and next(count) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def walk_through(root: Path, kind: str) -> int:
    """Kill at every step of one kind of work, check the store after each; returns the number of steps."""
    store = Store.create(root / ".mlops")
    fill(root, 0)
    add(root)
    first = _content(store)
    for step in itertools.count():
        lines = len(Journal(store).lines())
        fill(root, step + 1)
        unsaved = (root / "data" / "0.txt").read_bytes()

        def work() -> None:
            if kind == "add":
                add(root)
            else:
                opened = Store.open(root / ".mlops")
                checkout(opened, first, root / "data", index=StatIndex.load(opened))

        lived = killed_before_step(step, work)
        check(root, lines)
        if kind == "checkout":
            # Whatever moment it was: the user's bytes are in the work tree, or in the store under a name.
            kept = (root / "data" / "0.txt").read_bytes() == unsaved
            assert kept or Store.open(root / ".mlops").has(hash_bytes(unsaved))
            assert all(path.read_bytes() for path in (root / "data").iterdir())
            assert len(list((root / "data").iterdir())) == 51
        if lived:
            return step
    raise AssertionError


def _content(store: Store) -> Artifact:
    return store.read_record(Journal(store).names()["data"], "version", Version).artifact


def test_killed_before_every_step_of_an_add_and_of_a_checkout(tmp_path: Path) -> None:
    for kind, least in (("add", 10), ("checkout", 60)):
        walker = [sys.executable, __file__, str(tmp_path / kind), kind]
        ended = subprocess.run(walker, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        assert int(ended.stdout) >= least


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(walk_through(Path(sys.argv[1]), sys.argv[2]))
    else:
        write_until_killed(Path(sys.argv[1]))
