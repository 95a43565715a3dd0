"""References: every form, and what is said of those that name nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.refs import resolve, split_ref
from mlops_cli.store.store import Store


class History:
    """A store with versions of `churn` and of `data/x.csv`, aliases, and two runs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store.create(folder)
        self.journal = Journal(self.store)
        self.oids: dict[str, Oid] = {}
        self.patch = monkeypatch
        self.move("2026-03-01", churn="one")
        self.move("2026-03-02", **{"churn": "two", "churn@production": "one", "data/x.csv": "data"})
        self.run = self.move("2026-03-03", run="20260303-aaaa", **{"churn@production": "two"})
        self.other = self.move("2026-03-04", run="20260304-bbbb")

    def move(self, day: str, run: str | None = None, **names: str) -> Oid | None:
        self.patch.setenv("MLOPS_NOW", f"{day}T12:00:00Z")
        with self.store.begin() as transaction:
            oid = transaction.add_record("run", {"id": run, "code": "0" * 64}) if run else None
            for name, text in names.items():
                content = Artifact("file", transaction.add_bytes(text.encode()), "file", "x", len(text), 1)
                version = Version("data", name.partition("@")[0], content, "2026", None, None)
                self.oids[text] = transaction.add_record("version", version)
            transaction.commit()
        now = self.journal.names()
        self.journal.append(
            [Move(name, now.get(name), self.oids[text]) for name, text in names.items()], "test", run=oid
        )
        return oid

    def ask(self, text: str) -> tuple[str, int | None, Oid, str]:
        found = resolve(self.store, self.journal, text)
        assert (found.version is not None) == (found.kind == "version")
        return found.name, found.version_number, found.oid, found.kind


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    return History(tmp_path / ".mlops", monkeypatch)


@pytest.mark.parametrize(
    ("text", "name", "number", "version"),
    [
        ("churn", "churn", 2, "two"),
        ("churn@v1", "churn", 1, "one"),
        ("churn@v2", "churn", 2, "two"),
        ("churn@production", "churn", 2, "two"),
        ("churn@production@{2026-03-03}", "churn", 1, "one"),
        ("churn@{2026-03-02}", "churn", 1, "one"),
        ("churn@{2026-03-02T12:00:00+00:00}", "churn", 2, "two"),
        ("data/x.csv", "data/x.csv", 1, "data"),
    ],
)
def test_versions(history: History, text: str, name: str, number: int, version: str) -> None:
    assert history.ask(text) == (name, number, history.oids[version], "version")


def test_runs_by_id_and_by_the_beginning_of_one(history: History) -> None:
    assert history.ask("run:20260303-aaaa") == ("20260303-aaaa", None, history.run, "run")
    assert history.ask("run:20260304")[2] == history.other
    assert history.ask(f"run:{history.run[:8]}")[2] == history.run
    assert history.ask(history.run[:10]) == ("20260303-aaaa", None, history.run, "run")
    with pytest.raises(StoreError, match="several runs") as caught:
        history.ask("run:2026")
    assert "20260303-aaaa" in caught.value.faults[0].hint


def test_objects_by_the_beginning_of_their_identity(history: History) -> None:
    content = hash_bytes(b"data")
    assert history.ask(content[:6]) == (content[:6], None, content, "object")
    assert history.ask(content)[2] == content
    assert history.ask(history.oids["one"][:12]) == ("churn", 1, history.oids["one"], "version")


def test_an_ambiguous_beginning_lists_what_it_could_be(history: History) -> None:
    with history.store.begin() as transaction:
        oids = [transaction.add_bytes(str(number).encode()) for number in range(20_000)]
        transaction.commit()
    oids.sort()
    prefix = next(a[:6] for a, b in pairwise(oids) if a[:6] == b[:6])
    with pytest.raises(StoreError, match="several objects begin"):
        history.ask(prefix)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("chrn", "no 'chrn'", "'churn'"),
        ("churn@prodction", "no 'churn@prodction'", "'churn@production'"),
        ("zzz", "no 'zzz'", "mlops ls"),
        ("churn@v0", "no version 0", "v1 to v2"),
        ("churn@v3", "no version 3", "v1 to v2"),
        ("data/x.csv@v2", "no version 2", "only v1"),
        ("churn@{2020-01-01}", "no 'churn' at", "2026-03-01"),
        ("zzz@{2026-03-03}", "no 'zzz'", "mlops ls"),
        ("run:nothing", "no run", "mlops runs"),
        ("run:", "no run", "mlops runs"),
        ("abcdef012345", "no 'abcdef012345'", "mlops ls"),
        ("abc", "no 'abc'", "mlops ls"),
        ("", "no ''", "mlops ls"),
    ],
)
def test_what_names_nothing(history: History, text: str, message: str, hint: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        history.ask(text)
    assert hint in caught.value.faults[0].hint


def test_times_that_are_none_are_wrong_usage(history: History) -> None:
    with pytest.raises(UserError, match="'soon' is not a time"):
        history.ask("churn@{soon}")
    with pytest.raises(UserError, match="same at all times"):
        history.ask("churn@v1@{2026-03-01}")


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    store = Store.create(tmp_path / ".mlops")
    with pytest.raises(StoreError) as caught:
        resolve(store, Journal(store), "churn")
    assert "no names yet" in caught.value.faults[0].hint


def test_splitting() -> None:
    assert split_ref("churn@production") == ("churn@production", None)
    name, moment = split_ref("churn@production@{2026-03-01}")
    assert name == "churn@production" and moment and moment.isoformat() == "2026-03-01T00:00:00+00:00"
