"""specs/store-format.md is enough to read a store: this reader is written from that page and uses none of our code."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import zstandard
from blake3 import blake3

from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Version
from mlops_cli.store.stat_index import StatIndex
from mlops_cli.store.store import Store
from mlops_cli.store.worktree import snapshot

FILES = {f"dir{number % 3}/file {number}.csv": (f"{number},x\n" * (number % 50 + 1)).encode() for number in range(3000)}
FILES |= {"big.bin": os.urandom(300_000), "odd\tname\\": b"odd", "empty": b"", "latin\udce9": b"l"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, data in FILES.items():
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    store = Store.create(root / ".mlops")
    with store.begin() as transaction:
        artifact = snapshot(store, transaction, StatIndex.load(store), root / "data", "folder")
        version = Version("data", "data", artifact, "2026-03-01T00:00:00.000Z", None, None, facts={"path": "data"})
        oid = transaction.add_record("version", version)
        transaction.commit()
    Journal(store).append([Move("data", None, oid)], "first")
    return root


def digest(data: bytes) -> str:
    return blake3(data).hexdigest()


def read_packs(store: Path) -> dict[str, bytes]:
    objects = {}
    for path in store.glob("c/*/*.pack"):
        data = path.read_bytes()
        assert path.stem == digest(data) and path.parent.name == path.stem[:2]
        hashed, count, magic = data[-44:-12], *struct.unpack("<I8s", data[-12:])
        rows = data[-44 - 41 * count : -44]
        assert magic == b"MLOPSPK1" and blake3(rows).digest() == hashed
        offset = 0
        for oid, codec, raw, stored in struct.iter_unpack("<32sBII", rows):
            frame = data[offset : offset + stored]
            offset += stored
            content = zstandard.ZstdDecompressor().decompress(frame) if codec else frame
            assert len(content) == raw and digest(content) == oid.hex()
            objects[oid.hex()] = content
    return objects


def read_tree(objects: dict[str, bytes], oid: str) -> dict[bytes, tuple[str, int, str]]:
    head, *rows = objects[oid].decode().split("\n")
    assert rows.pop() == "" and head.startswith("mlops/tree/1 ")
    found = {}
    for row in rows:
        first, second, child, path = row.split("\t")
        if head.endswith(" 0"):
            raw = path.encode().decode("unicode_escape") if "\\" in path else None
            found[raw.encode("latin-1") if raw is not None else path.encode()] = (first, int(second), child)
        else:
            below = read_tree(objects, child)
            assert (int(first), int(second)) == (len(below), sum(size for _, size, _ in below.values()))
            assert min(below) == path.encode()
            found |= below
    assert list(found) == sorted(found)
    return found


def test_another_program_can_read_everything(root: Path) -> None:
    store = root / ".mlops"
    about = json.loads((store / "store.json").read_text())
    assert (about["format"], about["hash"], len(about["id"])) == (1, "blake3", 16)
    objects = read_packs(store)
    for path in store.glob("c/*/*.raw"):
        objects[path.stem] = path.read_bytes()
        assert digest(objects[path.stem]) == path.stem

    prev, names = "0" * 64, {}
    for number, line in enumerate((store / "journal").read_bytes().splitlines(), 1):
        body, total = line[:-74], line[-66:-2].decode()
        record = json.loads(line)
        assert line[-74:-66] == b',"sum":"' and digest(body + b"}") == total == record["sum"]
        assert (record["n"], record["prev"]) == (number, prev)
        for name, (old, new) in record["set"].items():
            assert names.get(name) == old
            names[name] = new
        prev = record["sum"]

    head, _, text = objects[names["data"]].partition(b"\n")
    version = json.loads(text)
    assert head == b"mlops/version/1" and version["format"] == 1 and version["facts"] == {"path": "data"}
    artifact = version["artifact"]
    assert (artifact["layout"], artifact["files"], artifact["bytes"]) == (
        "tree",
        len(FILES),
        sum(map(len, FILES.values())),
    )
    tree = read_tree(objects, artifact["oid"])
    assert {os.fsdecode(path): objects[oid] for path, (_, _, oid) in tree.items()} == FILES


def test_the_index_says_what_the_packs_say(root: Path) -> None:
    (path,) = (root / ".mlops" / "i").glob("*.idx")
    data = path.read_bytes()
    assert path.stem == digest(data)
    magic, packs, count = struct.unpack_from("<8sII", data)
    assert magic == b"MLOPSIX1"
    table = [struct.unpack_from("<32sQ", data, 16 + 40 * number) for number in range(packs)]
    fan = struct.unpack_from("<256I", data, 16 + 40 * packs)
    keys_at = 16 + 40 * packs + 1024
    keys = [data[keys_at + 32 * number : keys_at + 32 * number + 32] for number in range(count)]
    assert keys == sorted(keys)
    assert list(fan) == [sum(key[0] <= byte for key in keys) for byte in range(256)]
    assert len(data) == keys_at + count * (32 + 21)
    for number, key in enumerate(keys):
        pack, offset, stored, raw, codec = struct.unpack_from("<IQIIB", data, keys_at + 32 * count + 21 * number)
        name, size = table[pack]
        container = (root / ".mlops" / "c" / name.hex()[:2] / f"{name.hex()}.pack").read_bytes()
        frame = container[offset : offset + stored]
        assert len(container) == size
        content = zstandard.ZstdDecompressor().decompress(frame) if codec else frame
        assert (len(content), blake3(content).digest()) == (raw, key)


def test_the_cut_rule_is_the_one_of_the_page(root: Path) -> None:
    objects = read_packs(root / ".mlops")
    leaves = [data.decode() for data in objects.values() if data.startswith(b"mlops/tree/1 0\n")]
    assert len(leaves) > 1
    ends = 0
    for leaf in leaves:
        for place, row in enumerate(rows := leaf.split("\n")[1:-1]):
            path = row.split("\t")[3]
            if "\\" not in path and int.from_bytes(blake3(path.encode()).digest()[:4], "little") % 1024 == 0:
                assert place == len(rows) - 1
                ends += 1
    assert ends >= len(leaves) - 1
