"""Records to bytes and back: one canonical JSON for everything that is written to disk or hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
    """Anything that JSON can say."""
else:
    Json = Any  # msgspec cannot decode into a type that contains itself; it decodes Any to plain JSON data

T = TypeVar("T")


class BadRecord(ValueError):
    """Bytes that are not the record they should be."""


def canonical(value: object) -> bytes:
    """`value` (JSON data or a dataclass of it) as UTF-8 JSON: keys sorted, no spaces, shortest floats, NaN as null."""
    return msgspec.json.encode(value, order="sorted")


def decode(data: bytes, kind: type[T]) -> T:
    """The record of type `kind` in the JSON text `data`; raises BadRecord where the two do not fit."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecord(str(error)) from error


def parse(data: bytes) -> Json:
    """The plain data in the JSON text `data`; raises BadRecord on anything else."""
    try:
        value: Json = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRecord(str(error)) from error
    return value


def plain(value: object) -> Json:
    """A dataclass (or a nest of them) as plain JSON data, the form that `--json` prints."""
    return parse(msgspec.json.encode(value))
