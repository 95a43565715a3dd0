"""Many writers at once: nobody waits long, nobody's work is lost. Run as a program, this file is one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.journal import Conflict, Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Store
from mlops_cli.store.verify import verify

WRITERS, LINES = 4, 12


def write(folder: Path, writer: str) -> None:
    """Move a name of our own and one that all share, a dozen times; some objects are the same for all writers."""
    store = Store.open(folder, "none")
    journal = Journal(store)
    for number in range(LINES):
        with store.begin() as transaction:
            for place in range(30):
                transaction.add_bytes(f"shared {number} {place}".encode())
            text = f"{writer} {number}".encode()
            content = Artifact("file", transaction.add_bytes(text), "file", "x", len(text), 1)
            version = transaction.add_record("version", Version("data", writer, content, "", None, None))
            transaction.commit()
        while True:
            now = journal.names()
            try:
                journal.append(
                    [Move(writer, now.get(writer), version), Move("shared", now.get("shared"), version)], "test"
                )
                break
            except Conflict:
                continue


def check(folder: Path, writers: list[str]) -> None:
    store = Store.open(folder)
    journal = Journal(store)
    assert verify(store, True) == []
    assert len(journal.lines()) == len(writers) * LINES == len(journal.versions("shared"))
    for writer in writers:
        assert len(journal.versions(writer)) == LINES
        last = store.read_record(journal.names()[writer], "version", Version)
        assert store.read(last.artifact.oid) == f"{writer} {LINES - 1}".encode()
    assert list((folder / "tmp").iterdir()) == []


def test_processes_all_land(tmp_path: Path) -> None:
    folder = tmp_path / ".mlops"
    Store.create(folder)
    names = [f"writer{number}" for number in range(WRITERS)]
    running = [subprocess.Popen([sys.executable, __file__, str(folder), name]) for name in names]
    assert [writer.wait() for writer in running] == [0] * WRITERS
    check(folder, names)


def test_threads_all_land(tmp_path: Path) -> None:
    folder = tmp_path / ".mlops"
    Store.create(folder)
    names = [f"writer{number}" for number in range(WRITERS)]
    threads = [threading.Thread(target=write, args=(folder, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(folder, names)


def test_two_creators_make_one_store(tmp_path: Path) -> None:
    stores = []
    threads = [threading.Thread(target=lambda: stores.append(Store.create(tmp_path / ".mlops"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].begin() as transaction:
        transaction.add_bytes(b"x")
        transaction.commit()
    assert len(stores) == 4 and all(store.has(hash_bytes(b"x")) for store in stores)


def test_a_reader_is_never_in_the_way_of_a_merge(tmp_path: Path) -> None:
    folder = tmp_path / ".mlops"
    Store.create(folder)
    names = ["one", "two"]
    running = [subprocess.Popen([sys.executable, __file__, str(folder), name]) for name in names]
    seen: set[str] = set()
    reader = Store.open(folder)
    while any(writer.poll() is None for writer in running):
        for name, oid in Journal(reader).names().items():
            assert reader.has(oid), name
            seen.add(name)
    assert {*names, "shared"} >= seen and all(writer.returncode == 0 for writer in running)
    check(folder, names)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2])
    sys.exit(os.EX_OK)
