"""64-bit hashes of whole columns, the same on every machine: for sketches, uniqueness, keys and references."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes: TypeAlias = npt.NDArray[np.uint64]

BLOCK = 1 << 15  # texts hashed at once: their intermediate arrays stay in the caches of a processor
FLOATS = {"float": "float32", "double": "float64", "halffloat": "float16"}
"""Arrow's names of broken numbers -> numpy's."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
WEIGHTS = np.random.default_rng(20_261_124).integers(1, 2**63, 512, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
"""Odd multipliers, one for each eight bytes of a text."""
ROUNDS = 256  # of weights at once in one long text: a megabyte


def mixed(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3 (Appleby, public domain): every bit of the input moves half of the output's."""
    result = values.astype(np.uint64, copy=True)
    result ^= result >> np.uint64(33)
    result *= np.uint64(0xFF51AFD7ED558CCD)
    result ^= result >> np.uint64(33)
    result *= np.uint64(0xC4CEB9FE1A85EC53)
    result ^= result >> np.uint64(33)
    return result


def number_hashes(values: npt.NDArray[np.generic]) -> Hashes:
    """Hashes of whole or broken numbers, shape (n,): equal numbers of any width have equal hashes."""
    return mixed(number_codes(values))


def number_codes(values: npt.NDArray[np.generic]) -> Hashes:
    """Numbers as 64 bits each: a whole number as such, whatever type it is held in, else the bits of its double."""
    if values.dtype.kind in "iub":
        return values.astype(np.int64, copy=False).view(np.uint64)
    doubles = values.astype(np.float64, copy=False) + 0.0  # -0.0 is 0.0
    whole = (np.abs(doubles) < 2.0**63) & (np.floor(doubles) == doubles)
    # The bits of 2.0**-1000 are those of a round whole number; with a constant on top they are of no number in use.
    broken = doubles.view(np.uint64) ^ GOLDEN
    if not whole.any():
        return broken
    return np.where(whole, np.where(whole, doubles, 0.0).astype(np.int64).view(np.uint64), broken)


def numbers_in(array: pa.Array) -> npt.NDArray[np.generic]:
    """An array of numbers or true and false without nulls as numpy, shape (n,), copied only for the latter. (Arrow's
    own way would load pandas.)"""
    start, stop = array.offset, array.offset + len(array)
    data = array.buffers()[1]
    if pa.types.is_boolean(array.type):
        if data is None:
            return np.zeros(0, dtype=np.bool_)
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=stop, bitorder="little")
        return bits[start:stop].view(np.bool_)
    kind = np.dtype(FLOATS.get(str(array.type), str(array.type)))
    return np.frombuffer(data, dtype=kind)[start:stop] if data is not None else np.zeros(0, dtype=kind)


def without_nulls(array: pa.Array, instead: int = 0) -> npt.NDArray[np.generic]:
    """The same for an array with nulls, and what stands instead of them. (Arrow's `fill_null` would load pandas.)"""
    found = numbers_in(array)
    if array.null_count:
        found = np.where(numbers_in(array.is_valid()), found, found.dtype.type(instead))
    return found


def arrow_of(values: npt.NDArray[np.generic], empty: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers, or true and false, as an Arrow array of the same type, null where `empty`. (`pa.array` would load
    pandas, to see whether they are its own.)"""
    flags = values.dtype.kind == "b"
    data = np.packbits(values.view(np.bool_), bitorder="little") if flags else np.ascontiguousarray(values)
    valid = None if empty is None or not empty.any() else pa.py_buffer(np.packbits(~empty, bitorder="little"))
    kind = pa.bool_() if flags else pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])


def text_hashes(texts: pa.Array) -> Hashes:
    """Hashes of texts or bytes without nulls, shape (n,): a weighted sum of their words of eight bytes, then mixed."""
    texts = texts.cast(pa.large_binary())
    count = len(texts)
    if not count:
        return np.empty(0, dtype=np.uint64)
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + count + 1]
    data = texts.buffers()[2]
    flat = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    result = np.empty(count, dtype=np.uint64)
    for start in range(0, count, BLOCK):
        part = offsets[start : start + BLOCK + 1]
        result[start : start + BLOCK] = _sums(flat[part[0] : part[-1]], part - part[0])
    return mixed(result)


def _sums(flat: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> Hashes:
    """The weighted sums of the texts that begin and end at these offsets of `flat`."""
    padded = np.concatenate((flat, np.zeros(8, dtype=np.uint8)))
    words = np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded.data, strides=(1,))
    starts, lengths = offsets[:-1], np.diff(offsets)
    total = lengths.astype(np.uint64) * GOLDEN
    rows: npt.NDArray[np.int64] | slice = slice(None)
    for at in range(min((int(lengths.max()) + 7) // 8, len(WEIGHTS))):
        longer = lengths > 8 * at
        if not longer.all():
            rows = np.flatnonzero(longer)
        rest = lengths[rows] - 8 * at
        found = words[starts[rows] + 8 * at]
        spare = np.maximum(8 - rest, 0).astype(np.uint64) * np.uint64(8)
        found &= np.uint64(0xFFFFFFFFFFFFFFFF) >> spare
        # A word's high bits would only reach the sum's high bits: the first product spreads a word, folding brings its
        # high bits down, and the second product up again.
        found *= GOLDEN
        found ^= found >> np.uint64(32)
        total[rows] += found * WEIGHTS[at]
    for row in np.flatnonzero(lengths > 8 * len(WEIGHTS)).tolist():
        total[row : row + 1] += _rest(flat[offsets[row] + 8 * len(WEIGHTS) : offsets[row + 1]])
    return total


def _rest(data: npt.NDArray[np.uint8]) -> Hashes:
    """The weighted sum, shape (1,), of the words of one long text after those that have a weight each: in every round
    of weights they are multiplied by the next odd number."""
    total, step = np.zeros(1, dtype=np.uint64), 8 * len(WEIGHTS)
    for start in range(0, len(data), step * ROUNDS):
        piece = data[start : start + step * ROUNDS]
        whole = np.zeros(-(-len(piece) // step) * step, dtype=np.uint8)
        whole[: len(piece)] = piece
        found = whole.view("<u8").reshape(-1, len(WEIGHTS)) * GOLDEN
        found ^= found >> np.uint64(32)
        rounds = np.arange(len(found), dtype=np.uint64) + np.uint64(start // step + 1)
        total += ((found * WEIGHTS).sum(axis=1) * (rounds * np.uint64(2) + np.uint64(1))).sum()
    return total


def combined(columns: list[Hashes]) -> Hashes:
    """The hashes of compound keys, from those of their columns; the order of the columns counts."""
    result = columns[0]
    for column in columns[1:]:
        result = mixed(result * GOLDEN + column)
    return result


def different(hashes: Hashes) -> Hashes:
    """The different hashes, ascending. (By sorting, which is ten times faster on hashes than numpy's `unique`.)"""
    ordered = np.sort(hashes)
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered if first.all() else ordered[first]
