"""Objects in and out: where they go, what they cost, what happens when they are damaged."""

from __future__ import annotations

import json
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from blake3 import blake3

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.lease import ALIVE, Lease, sweep
from mlops_cli.store.store import MANY, Store
from mlops_cli.store.transaction import FEW, SMALL
from mlops_cli.store.verify import verify

BIG = os.urandom(SMALL + 5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "project" / ".mlops")


def put(store: Store, *items: bytes) -> list[Oid]:
    with store.begin() as transaction:
        oids = [transaction.add_bytes(item) for item in items]
        transaction.commit()
    return oids


def many(count: int, salt: str = "") -> list[bytes]:
    return [f"object {salt}{number} ".encode() * (1 + number % 7) for number in range(count)]


def files(store: Store, ending: str) -> list[Path]:
    return sorted(store.folder.glob(f"*/**/*{ending}"))


def test_an_object_is_named_by_the_blake3_of_its_bytes(store: Store) -> None:
    (oid,) = put(store, b"hello")
    assert oid == blake3(b"hello").hexdigest()
    assert (store.has(oid), store.size(oid), store.read(oid)) == (True, 5, b"hello")
    assert store.open_path(oid).read_bytes() == b"hello"


@pytest.mark.parametrize(("count", "solids", "packs"), [(1, 1, 0), (FEW, FEW, 0), (FEW + 1, 0, 1), (500, 0, 1)])
def test_few_small_objects_are_solids_and_many_are_one_pack(store: Store, count: int, solids: int, packs: int) -> None:
    items = many(count)
    oids = put(store, *items)
    assert (len(files(store, ".raw")), len(files(store, ".pack")), len(files(store, ".idx"))) == (solids, packs, packs)
    for opened in (store, Store.open(store.folder)):
        assert [opened.read(oid) for oid in oids] == items
        assert [opened.size(oid) for oid in oids] == [len(item) for item in items]
    assert verify(store, True) == []


def test_a_big_object_is_a_read_only_solid_with_untouched_bytes(store: Store) -> None:
    oid, *_ = put(store, BIG, *many(50))
    path = store.open_path(oid)
    assert path.read_bytes() == BIG
    assert path.stat().st_mode & 0o777 == 0o444


def test_the_same_bytes_are_stored_once(store: Store) -> None:
    put(store, *many(100), BIG)
    before = files(store, ".*")
    put(store, *many(100), *many(100), BIG)
    assert files(store, ".*") == before


def test_text_is_compressed_and_noise_is_not(store: Store) -> None:
    put(store, *[b"%d,a,b,c\n" % number * 400 for number in range(60)])
    (pack,) = files(store, ".pack")
    assert pack.stat().st_size < 60 * 400
    noise = [os.urandom(3000) for _ in range(60)]
    oids = put(store, *noise)
    assert [store.read(oid) for oid in oids] == noise


def test_nothing_is_visible_before_the_commit_and_nothing_stays_without_one(store: Store) -> None:
    with store.begin() as transaction:
        oid, big = transaction.add_bytes(b"x"), transaction.add_bytes(BIG)
        assert not Store.open(store.folder).has(oid)
    assert not store.has(oid) and not store.has(big)
    with pytest.raises(RuntimeError), store.begin() as transaction:
        for item in many(40):
            transaction.add_bytes(item)
        raise RuntimeError
    assert list((store.folder / "tmp").iterdir()) == []
    assert files(store, ".raw") + files(store, ".pack") + files(store, ".idx") == []


def test_another_process_sees_a_commit_at_once(store: Store) -> None:
    other = Store.open(store.folder)
    assert not other.has(hash_bytes(b"early"))
    oids = put(store, *many(100), b"early")
    assert all(other.has(oid) for oid in oids)


def test_index_files_are_merged_when_they_are_many(store: Store) -> None:
    other = Store.open(store.folder)
    groups = [put(store, *many(FEW + 2, f"{number}-")) for number in range(MANY + 3)]
    assert len(files(store, ".idx")) <= MANY
    for opened in (store, other, Store.open(store.folder)):
        assert all(opened.has(oid) for group in groups for oid in group)
    assert verify(store, True) == []


def test_records_have_a_header_and_only_their_kind_is_read(store: Store) -> None:
    @dataclass(frozen=True)
    class Note:
        text: str
        count: int

    with store.begin() as transaction:
        oid = transaction.add_record("note", Note("å", 2))
        transaction.commit()
    assert store.read(oid) == 'mlops/note/1\n{"count":2,"text":"å"}'.encode()
    assert store.read_record(oid, "note", Note) == Note("å", 2)
    with pytest.raises(StoreError, match="is no run"):
        store.read_record(oid, "run", Note)

    @dataclass(frozen=True)
    class Other:
        missing: int

    with pytest.raises(StoreError, match="cannot read"):
        store.read_record(oid, "note", Other)


def test_a_missing_object_is_an_error_with_a_hint(store: Store) -> None:
    missing = hash_bytes(b"never")
    for ask in (store.read, store.size, lambda oid: store.place(oid, store.folder / "x", "link")):
        with pytest.raises(StoreError, match="not in this store") as caught:
            ask(missing)
        assert caught.value.faults[0].hint
    assert store.open_path(missing) is None


@pytest.mark.parametrize("how", ["read", "place"])
def test_a_damaged_solid_goes_to_quarantine_and_comes_back_by_adding_it(store: Store, tmp_path: Path, how: str) -> None:
    (oid,) = put(store, BIG)
    path = store.open_path(oid)
    path.chmod(0o644)
    path.write_bytes(b"!" + BIG[1:])
    with pytest.raises(StoreError, match="damaged"):
        store.read(oid) if how == "read" else store.place(oid, tmp_path / "out", "link")
    assert not store.has(oid)
    assert len(list((store.folder / "quarantine").iterdir())) == 1
    put(store, BIG)
    assert store.read(oid) == BIG


def test_a_damaged_pack_gives_up_the_damaged_object_only(store: Store) -> None:
    items = [os.urandom(1000) for _ in range(40)]
    oids = put(store, *items)
    (pack,) = files(store, ".pack")
    data = bytearray(pack.read_bytes())
    data[5 * 1000 + 10] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        store.read(oids[5])
    for opened in (store, Store.open(store.folder)):
        assert [opened.has(oid) for oid in oids] == [number != 5 for number in range(40)]
        assert [opened.read(oid) for number, oid in enumerate(oids) if number != 5] == items[:5] + items[6:]
    put(store, items[5])
    assert store.read(oids[5]) == items[5]


def test_an_empty_file_that_a_power_failure_left_does_not_count(store: Store) -> None:
    (oid, empty) = put(store, b"content", b"")
    path = store.open_path(oid)
    path.unlink()
    path.write_bytes(b"")
    assert not store.has(oid)
    assert store.has(empty) and store.read(empty) == b""


def test_placing_links_solids_and_writes_out_packed_objects(store: Store, tmp_path: Path) -> None:
    big, *small = put(store, BIG, *many(40))
    store.place(big, tmp_path / "linked", "link")
    assert (tmp_path / "linked").samefile(store.open_path(big))
    store.place(big, tmp_path / "copied", "copy")
    assert not (tmp_path / "copied").samefile(store.open_path(big))
    assert (tmp_path / "copied").read_bytes() == BIG
    assert (tmp_path / "copied").stat().st_mode & 0o200
    store.place(small[3], tmp_path / "small", "link")
    assert (tmp_path / "small").read_bytes() == many(40)[3]
    assert (tmp_path / "small").stat().st_mode & 0o777 == 0o444
    store.place(big, tmp_path / "program", "link", executable=True)
    assert (tmp_path / "program").stat().st_mode & 0o100
    with pytest.raises(StoreError, match="exists"):
        store.place(big, tmp_path / "copied", "copy")


def test_a_finished_file_is_taken_without_copying(store: Store, tmp_path: Path) -> None:
    source = store.folder.parent / "out.bin"
    source.write_bytes(BIG)
    inode = source.stat().st_ino
    with store.begin() as transaction:
        oid = transaction.take_file(source)
        transaction.commit()
    assert store.open_path(oid).stat().st_ino == inode and not source.exists()
    assert store.read(oid) == BIG


def test_a_file_that_is_linked_elsewhere_is_copied(store: Store, tmp_path: Path) -> None:
    source, twin, link = tmp_path / "out.bin", tmp_path / "twin.bin", tmp_path / "link.bin"
    source.write_bytes(BIG)
    os.link(source, twin)
    link.symlink_to(source)
    with store.begin() as transaction:
        oids = {transaction.take_file(source), transaction.take_file(link)}
        transaction.commit()
    (oid,) = oids
    assert source.exists() and link.is_symlink()
    twin.write_bytes(b"changed")
    assert store.read(oid) == BIG


def test_a_folder_is_taken_as_a_tree(store: Store, tmp_path: Path) -> None:
    folder = store.folder.parent / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(BIG)
    (folder / "sub" / "b.txt").write_text("b")
    with store.begin() as transaction:
        copied = transaction.add_tree(folder)
        assert (folder / "a.bin").exists()
        taken = transaction.add_tree(folder, take=True)
        transaction.commit()
    assert copied == taken
    assert copied[1:] == (2, len(BIG) + 1)


def test_flush_reaches_everything_that_was_committed_without_waiting(store: Store) -> None:
    with store.begin() as transaction:
        oids = [transaction.add_bytes(item) for item in [*many(40), BIG]]
        transaction.commit(durable=False)
    store.flush()
    store.flush()
    assert all(store.has(oid) for oid in oids)


def test_opening_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        Store.open(tmp_path / "nothing")
    folder = tmp_path / ".mlops"
    Store.create(folder)
    about = json.loads((folder / "store.json").read_text())
    (folder / "store.json").write_text(json.dumps({**about, "format": 2}))
    with pytest.raises(StoreError, match="format 2") as caught:
        Store.open(folder)
    assert "newer" in caught.value.faults[0].hint
    for text in (
        "",
        "{",
        "[]",
        '{"format":"x"}',
        json.dumps({**about, "hash": "md5"}),
        json.dumps({**about, "format": 0}),
    ):
        (folder / "store.json").write_text(text)
        with pytest.raises(StoreError, match="damaged"):
            Store.open(folder)
    (folder / "journal").write_text("")
    (folder / "store.json").unlink()
    with pytest.raises(StoreError, match=r"lost its store\.json"):
        Store.open(folder)


def test_a_creation_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / ".mlops"
    (folder / "c").mkdir(parents=True)
    (oid,) = put(Store.open(folder), b"x")
    assert Store.create(folder).has(oid)


def test_folders_of_dead_writers_are_swept_and_those_of_living_ones_stay(store: Store) -> None:
    leases = store.folder / "tmp"
    dead = leases / "host-1-dead"
    dead.mkdir()
    (dead / ALIVE).touch()
    (dead / "1").write_bytes(BIG)
    young = leases / "host-2-young"
    young.mkdir()
    (young / "1").touch()
    (leases / "host-3-empty").mkdir()
    with Lease(leases) as lease:
        Path(lease.path()).write_bytes(b"alive")
        assert sweep(leases) == 1
        assert {path.name for path in leases.iterdir()} == {young.name, Path(lease.path()).parent.name}
    assert list(leases.iterdir()) == [young]


@pytest.mark.parametrize("count", [1, 200])
def test_a_full_disk_is_an_error_with_nothing_half_written(store: Store, count: int) -> None:
    old = put(store, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StoreError, match="cannot write to the store"):
            put(store, *([BIG] if count == 1 else [os.urandom(20_000) for _ in range(count)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert list((store.folder / "tmp").iterdir()) == []
    assert verify(store, True) == []
    assert store.read(old[0]) == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_store_can_be_read(store: Store) -> None:
    (oid,) = put(store, b"x")
    for folder in ("tmp", "c"):
        (store.folder / folder).chmod(0o555)
    try:
        assert Store.open(store.folder).read(oid) == b"x"
        with pytest.raises(StoreError, match="Permission"):
            put(store, b"y")
    finally:
        for folder in ("tmp", "c"):
            (store.folder / folder).chmod(0o755)


def test_a_file_that_never_stops_changing_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "busy.bin"
    path.write_bytes(BIG)
    stale = path.stat()
    with store.begin() as transaction:
        path.write_bytes(BIG[:100])
        # The state that the caller saw is not true any more: the file is read again, as it is now.
        oid, size = transaction.add_found(str(path), stale)
        assert (oid, size) == (hash_bytes(BIG[:100]), 100)
        path.unlink()
        with pytest.raises(UserError, match="there is no file or folder"):
            transaction.add_found(str(path), stale)


def test_adding_what_is_no_file_is_refused(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    with store.begin() as transaction:
        for name, message in (
            ("pipe", "a pipe"),
            ("nowhere", "link to something"),
            ("missing", "there is no file or folder"),
        ):
            with pytest.raises(UserError, match=message):
                transaction.add_file(tmp_path / name)
