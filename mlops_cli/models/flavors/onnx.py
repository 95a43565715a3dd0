"""ONNX: a graph of known operators, run by onnxruntime; no data outside the file, no operators of other libraries."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.card import Card, Feature
from mlops_cli.models.cards import describe_answers
from mlops_cli.models.files import MIB, content, refused
from mlops_cli.models.flavors.base import Terms, library
from mlops_cli.models.model import first_line

if TYPE_CHECKING:
    import pandas as pd

NAME: Final[Literal["onnx"]] = "onnx"
FILE = "estimator.onnx"
LIBRARIES = ("onnx", "onnxruntime")
EXTRA = "mlops-cli[onnx]"
MOST = 2047 * MIB
"""Bytes of one file in this format."""
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}
SAY = "onnx.helper.set_model_props(model, {{'{key}': json.dumps([...])}}) says it"


class Session:
    """A graph in the place of an estimator that gives numbers."""

    def __init__(self, data: bytes, features: Sequence[str]) -> None:
        runtime = library("onnxruntime", EXTRA, "this model")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 1)
        options.log_severity_level = 4  # what goes wrong is told by the exception
        self.data, self.features = data, tuple(features)
        self.session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.failures = (runtime.capi.onnxruntime_pybind11_state.RuntimeException,)

    def run(self, rows: pd.DataFrame) -> list[Any]:
        """All outputs of the graph for these rows."""
        inputs = self.session.get_inputs()
        columns = [rows[name] for name in self.features]
        if len(inputs) == 1 and (len(columns) > 1 or len(inputs[0].shape) == 2):
            table = np.column_stack([typed(column, inputs[0].type) for column in columns])
            fed = {inputs[0].name: table}
        else:
            fed = {
                wanted.name: typed(column, wanted.type).reshape((-1, 1) if len(wanted.shape) == 2 else (-1,))
                for wanted, column in zip(inputs, columns, strict=True)
            }
        try:
            found: list[Any] = self.session.run(None, fed)
        except self.failures as error:
            raise ValueError(first_line(error)) from None
        return found

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The number of each row, shape (rows,)."""
        return np.asarray(self.run(rows)[0])


class ClassSession(Session):
    """A graph that gives the probability of each class, with or without the class itself."""

    def __init__(self, data: bytes, features: Sequence[str], classes: Sequence[Json]) -> None:
        super().__init__(data, features)
        self.classes_ = np.asarray(classes)

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The class of each row, shape (rows,): the graph's own word for it, or the likeliest."""
        found = self.run(rows)
        if len(found) > 1:
            return np.asarray(found[0]).reshape(-1)
        return np.asarray(self.classes_[self._shares(found).argmax(axis=1)])

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Probabilities, shape (rows, classes)."""
        return self._shares(self.run(rows))

    def _shares(self, found: list[Any]) -> np.ndarray[Any, Any]:
        shares = found[-1]
        if isinstance(shares, list):  # a ZipMap: one mapping a row
            return np.asarray([[row[name] for name in self.classes_.tolist()] for row in shares])
        table = np.asarray(shares)
        table = table[:, 0] if table.ndim == 2 and table.shape[1] == 1 else table
        return np.column_stack([1 - table, table]) if table.ndim == 1 else table


def typed(column: pd.Series[Any], kind: str) -> np.ndarray[Any, Any]:
    """A column as the graph wants it. Raises ValueError for a kind of input that is no column of a table."""
    if kind not in TYPES:
        raise ValueError(f"the graph wants an input of type {kind}, which is no column")
    values = column.astype(str) if kind == "tensor(string)" else column
    return np.asarray(values.to_numpy(dtype=TYPES[kind]))


def takes(value: Any) -> bool:
    """A ModelProto of onnx, or the bytes of one."""
    if isinstance(value, bytes):
        return True
    return type(value).__name__ == "ModelProto" and type(value).__module__.startswith("onnx")


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A graph with the names of its features and classes. Raises StageFailed where it does not say them."""
    del terms
    path = Path(FILE)
    data = value if isinstance(value, bytes) else value.SerializeToString(deterministic=True)
    proto = checked(path, data)
    properties = {item.key: item.value for item in proto.metadata_props}
    inputs = graph_inputs(proto)
    features = listed(properties, "features") or (
        [item.name for item in inputs] if len(inputs) > 1 or width(inputs[0]) == 1 else []
    )
    wanted = width(inputs[0]) if len(inputs) == 1 else len(inputs)
    if not features or (wanted is not None and len(features) != wanted):
        raise StageFailed(
            f"the ONNX model does not say the names of its {wanted or ''} features", SAY.format(key="features")
        )
    classes = classes_of(proto, listed(properties, "classes"))
    columns = tuple(Feature(str(name), "") for name in features)
    told: dict[str, Json] = {"producer": str(proto.producer_name), "version": str(proto.producer_version)}
    target = properties.get("target")
    card = describe_answers(f"onnx.{proto.graph.name or 'graph'}", target, columns, classes, told, None, LIBRARIES)
    card = replace(card, flavor=NAME)
    return answering(path, data, card), card


def listed(properties: dict[str, str], key: str) -> list[Json]:
    """A JSON list in the metadata of a graph; an empty one where there is none. Raises StageFailed."""
    if key not in properties:
        return []
    try:
        found = json.loads(properties[key])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise StageFailed(f"'{key}' in the metadata of the ONNX model is no list in JSON", SAY.format(key=key))
    return found


def graph_inputs(proto: Any) -> list[Any]:
    """What the graph must be given. Raises StageFailed where it takes nothing."""
    constants = {item.name for item in proto.graph.initializer}
    found = [item for item in proto.graph.input if item.name not in constants]
    if not found:
        raise StageFailed("the ONNX model takes no inputs", "export it with the features as inputs")
    return found


def width(item: Any) -> int | None:
    """The columns of an input; 1 for one value a row, None where the graph leaves it open."""
    sizes = item.type.tensor_type.shape.dim
    if len(sizes) < 2:
        return 1
    return int(sizes[1].dim_value) or None


def classes_of(proto: Any, said: list[Json]) -> tuple[Json, ...] | None:
    """The classes: those of the metadata, or those that the last operators name; None: the graph gives numbers.

    Raises StageFailed where the graph gives a class and a table, and names no classes."""
    if said:
        return tuple(said)
    for node in reversed(proto.graph.node):
        for attribute in node.attribute:
            if attribute.name.startswith("classlabels_") and (attribute.strings or attribute.ints):
                return tuple([text.decode() for text in attribute.strings] or [int(item) for item in attribute.ints])
    if len(proto.graph.output) > 1:
        raise StageFailed("the ONNX model does not say its classes", SAY.format(key="classes"))
    return None


def answering(path: Path, data: bytes, card: Card) -> Session:
    """The graph as an estimator. Raises StageFailed where onnxruntime refuses it."""
    runtime = library("onnxruntime", EXTRA, f"the model '{card.estimator}'")
    states = runtime.capi.onnxruntime_pybind11_state
    names = [feature.name for feature in card.features]
    try:
        session = ClassSession(data, names, card.classes) if card.classes else Session(data, names)
    except (states.Fail, states.InvalidGraph, states.InvalidArgument, states.InvalidProtobuf, states.NotImplemented,
            states.RuntimeException, states.NoSuchFile) as error:  # fmt: skip
        raise refused(path, f"onnxruntime cannot read it ({first_line(error)})") from None
    count = len(session.session.get_inputs())
    if count not in (1, len(names)):
        raise refused(path, f"it takes {count:,} features, and the card of the model has {len(names):,}")
    return session


def write(estimator: Session, card: Card, path: Path, terms: Terms) -> Card:
    """Write the graph as it was given."""
    del terms
    path.write_bytes(estimator.data)
    return card


def read(path: Path, card: Card, terms: Terms) -> Any:
    """The graph in a file. Raises StageFailed."""
    del terms
    data = content(path, MOST)
    checked(path, data)
    return answering(path, data, card)


def checked(path: Path, data: bytes) -> Any:
    """The graph in these bytes, without running it. Raises StageFailed for what is none, for data in other files, and
    for operators that are not ONNX's own."""
    onnx = library("onnx", EXTRA, "an ONNX model")
    message = library("google.protobuf.message", EXTRA, "an ONNX model")
    try:
        proto = onnx.load_model_from_string(data)
    except (message.DecodeError, ValueError, RecursionError) as error:
        raise refused(path, f"it is no ONNX model ({first_line(error)})") from None
    for tensor in tensors(proto):
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise refused(path, f"its tensor '{tensor.name[:80]}' is in another file; save the model in one file")
    foreign = sorted({node.domain for node in nodes(proto)} - DOMAINS)
    if foreign:
        raise refused(path, f"it uses operators of '{foreign[0][:80]}', which are not ONNX's own")
    try:
        onnx.checker.check_model(proto)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise refused(path, f"it breaks the rules of ONNX ({first_line(error)})") from None
    return proto


def graphs(proto: Any) -> Iterator[Any]:
    """The graph, the graphs inside its nodes, and its functions; without calling itself."""
    waiting = [proto.graph, *proto.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting.extend([*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs])


def nodes(proto: Any) -> Iterator[Any]:
    """Every operator that is used."""
    for graph in graphs(proto):
        yield from graph.node


def tensors(proto: Any) -> Iterator[Any]:
    """Every constant, wherever it is."""
    for graph in graphs(proto):
        yield from getattr(graph, "initializer", ())
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in graph.node:
            for attribute in node.attribute:
                yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
