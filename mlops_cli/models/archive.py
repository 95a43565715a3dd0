"""A look at a skops archive before skops sees it: what it unpacks to, what its arrays claim, which types it names.

Everything here reads headers and plain JSON; nothing is constructed.
"""

from __future__ import annotations

import io
import json
import math
import re
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlops_cli.base.records import Json
from mlops_cli.models.canonical import SCHEMA
from mlops_cli.models.files import LARGEST, MIB, refused
from mlops_cli.models.model import first_line

ENTRIES = 200_000
SCHEMA_BYTES = 512 * MIB
DEEPEST = 300
"""Levels of brackets in the schema; skops calls itself for each."""
INFLATED = 200
"""Times that an archive may grow when it is unpacked; beyond, it was made to fill the memory."""
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+\.(json|npy|npz|bin)")
NESTED_NAME = re.compile(r"[A-Za-z0-9_-]+\.npy")
PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"(dp", b"(lp", b"cos\n", b"cposix\n", b"cbuiltins\n")
LOADERS_THAT_CALL = frozenset({"OperatorFuncNode", "MethodNode"})
"""They look up a name of the file's choice on an object, which older skops did without asking."""
DATA = frozenset(
    {"int", "float", "complex", "bool", "str", "bytes", "bytearray", "list", "tuple", "set", "frozenset", "dict"}
    | {"slice", "NoneType", "range", "map", "type", "object"}
)
"""What the built-in module has to hold data with; its functions are none of it."""
SCIENCE = frozenset({"numpy", "scipy", "sklearn"})
"""Of these skops itself has the list of what is safe."""
OTHERS = frozenset({"collections.OrderedDict", "collections.defaultdict"})


def inspect_archive(path: Path, data: bytes) -> frozenset[str]:
    """The qualified names of all types and functions in an archive that are not from numpy, scipy, scikit-learn or the
    built-in containers. Raises StageFailed for what no honest archive has."""
    if data.startswith(PICKLED):
        raise refused(path, "it is a pickle, which would run its own code when it is loaded")
    if not data.startswith(b"PK\x03\x04"):
        raise refused(path, "it is no archive of skops")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _entries(path, archive, len(data), PLAIN_NAME)
            if SCHEMA not in archive.namelist():
                raise refused(path, f"it has no {SCHEMA}")
            if archive.getinfo(SCHEMA).file_size > SCHEMA_BYTES:
                raise refused(path, f"its {SCHEMA} is larger than {SCHEMA_BYTES:,} bytes")
            for entry in archive.infolist():
                _arrays(path, archive, entry)
            return _names(path, archive.read(SCHEMA), frozenset(archive.namelist()))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise refused(path, f"it is damaged, or no model of this kind ({error})") from None


def _entries(path: Path, archive: zipfile.ZipFile, size: int, pattern: re.Pattern[str]) -> None:
    """Names that stay inside, each once; sizes that are possible."""
    entries = archive.infolist()
    if len(entries) > ENTRIES:
        raise refused(path, f"it has {len(entries):,} parts")
    seen: set[str] = set()
    for entry in entries:
        if not pattern.fullmatch(entry.orig_filename):
            raise refused(path, f"it has a part named {entry.orig_filename[:80]!r}")
        if entry.filename in seen:
            raise refused(path, f"it has two parts named {entry.filename!r}")
        seen.add(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
            raise refused(path, f"its part {entry.filename!r} is a link or is encrypted")
    packed, unpacked = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > size:
        raise refused(path, "its parts overlap")
    if unpacked > min(LARGEST, max(INFLATED * size, MIB)):
        raise refused(path, f"its {size:,} bytes unpack to {unpacked:,}")


def _arrays(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Arrays that are as large as they say, and hold no objects."""
    if entry.filename.endswith(".npy"):
        with archive.open(entry) as stream:
            _array(path, entry.filename, io.BytesIO(stream.read(64 * 1024)), entry.file_size)
    elif entry.filename.endswith(".npz"):
        inside = archive.read(entry)
        with zipfile.ZipFile(io.BytesIO(inside)) as nested:
            _entries(path, nested, len(inside), NESTED_NAME)
            for part in nested.infolist():
                _arrays(path, nested, part)


def _array(path: Path, name: str, stream: BinaryIO, size: int) -> None:
    """One array by its header; `size` is that of the part. Raises StageFailed, ValueError."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise refused(path, f"its array {name!r} has version {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read(stream)
    except (tokenize.TokenError, SyntaxError, ValueError, TypeError) as error:
        raise refused(path, f"its array {name!r} has no head ({first_line(error)})") from None
    if dtype.hasobject:
        raise refused(path, f"its array {name!r} holds Python objects, which are a pickle")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != size - stream.tell() or min(shape, default=0) < 0:
        raise refused(path, f"its array {name!r} claims {claimed:,} bytes and has {size - stream.tell():,}")


def _names(path: Path, schema: bytes, files: frozenset[str]) -> frozenset[str]:
    """What a schema names. Raises StageFailed for nodes that call what the file asks for, and for parts not there."""
    try:
        root: Json = json.loads(schema, parse_constant=float)
    except RecursionError:
        raise refused(path, f"its {SCHEMA} is nested too deeply") from None
    found: set[str] = set()
    for node, depth in _walk(root):
        if depth > DEEPEST:
            raise refused(path, f"its {SCHEMA} is nested more than {DEEPEST} deep")
        if "__loader__" not in node:
            continue
        module, name, loader = (node.get(key) for key in ("__module__", "__class__", "__loader__"))
        if not (isinstance(module, str) and isinstance(name, str) and isinstance(loader, str)):
            raise refused(path, f"its {SCHEMA} has a node without a type")
        full = f"{module}.{name}"
        if loader in LOADERS_THAT_CALL:
            content = node.get("content")
            method = content.get("func") if isinstance(content, dict) else None
            found.add(f"{full}.{method}" if isinstance(method, str) else full)
        elif not _is_data(module, name) and loader != "JsonNode":
            found.add(full)
        file = node.get("file")
        if isinstance(file, str) and file not in files:
            raise refused(path, f"its part {file[:80]!r} is not there")
    return frozenset(found)


def _walk(root: Json) -> Iterator[tuple[dict[str, Json], int]]:
    """Every mapping of a JSON value with its depth, without calling itself."""
    waiting: list[tuple[Json, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, dict):
            yield node, depth
            waiting.extend((item, depth + 1) for item in node.values() if isinstance(item, dict | list))
        elif isinstance(node, list):
            waiting.extend((item, depth + 1) for item in node if isinstance(item, dict | list))


def _is_data(module: str, name: str) -> bool:
    if module == "builtins":
        return name in DATA
    return f"{module}.{name}" in OTHERS or module.partition(".")[0] in SCIENCE
