"""`call: module:function`: run one of the user's functions on loaded inputs and store what it returns.

Arguments are bound by name. An annotation chooses how an input is loaded; without one its type does.
"""

from __future__ import annotations

import inspect
import json
import math
import shutil
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.importing import import_callable
from mlops_cli.base.records import canonical, parse
from mlops_cli.models.files import content
from mlops_cli.models.format import save_estimator
from mlops_cli.spec.pipeline import Call, Output
from mlops_cli.stages.base import Input, Job, Made, Outcome
from mlops_cli.stages.loading import model_at
from mlops_cli.tables.read import read_frame, read_table, write_table

ENDINGS = {
    "table": ".parquet",
    "json": ".json",
    "metrics": ".json",
    "plot": ".png",
    "file": "",
    "folder": "",
    "model": "",
}


def run(job: Job) -> Outcome:
    """Load, call, store; raises StageFailed where arguments or results do not fit the spec."""
    function = import_callable(msgspec.convert(dict(job.options), Call).target, job.project)
    arguments = {name: _load_argument(job, name, function) for name in job.inputs}
    result = function(**arguments, **job.arguments)
    values = _by_output(result, job.outputs)
    made = {output.name: _store(job, output, values[output.name]) for output in job.outputs}
    metrics = [output.name for output in job.outputs if output.type == "metrics"]
    numbers = {name: float(value) for key in metrics for name, value in values[key].items()} if metrics else {}
    return Outcome({name: Made(str(path)) for name, path in made.items()}, numbers)


def _load_argument(job: Job, name: str, function: Callable[..., object]) -> object:
    wanted = _annotation(function, name)
    items = job.inputs[name]
    if name not in job.lists:
        return _load(items[0], wanted, job)
    member = typing.get_args(wanted)[0] if typing.get_args(wanted) else None
    return [_load(item, member, job) for item in items]


def _annotation(function: Callable[..., object], name: str) -> object:
    try:
        return typing.get_type_hints(function).get(name)
    except (NameError, TypeError, AttributeError):
        # An annotation that cannot be resolved (a name only there for type checkers) is taken by its last word.
        try:
            text = inspect.signature(function).parameters[name].annotation
        except (KeyError, ValueError, TypeError):
            return None
        return text if isinstance(text, str) else None


def _load(item: Input, wanted: object, job: Job) -> object:
    word = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", "")
    match word.rpartition(".")[2]:
        case "Path" | "PosixPath" | "PurePath":
            return Path(item.path)
        case "str":
            return item.path
        case "bytes":
            return Path(item.path).read_bytes()
        case "Table":
            return read_table(Path(item.path))
        case "DataFrame":
            return read_frame(Path(item.path))
    return _load_by_type(item, job)


def _load_by_type(item: Input, job: Job) -> object:
    match item.type:
        case "table":
            return read_frame(Path(item.path))
        case "json" | "metrics":
            return parse(Path(item.path).read_bytes())
        case "model":
            return model_at(job, item.path).estimator
        case _:
            return Path(item.path)


def _by_output(result: object, outputs: Sequence[Output]) -> Mapping[str, typing.Any]:
    """Match what a function returned to the declared outputs: one value, a mapping by name, or a tuple in order."""
    names = [output.name for output in outputs]
    if not names:
        return {}
    if result is None:
        raise StageFailed(
            f"the function returned nothing, the stage declares {_list(names)}", "does it end in `return`?"
        )
    if isinstance(result, dict) and (
        len(names) > 1 or (set(result) == set(names) and outputs[0].type not in ("json", "metrics"))
    ):
        if set(result) != set(names):
            raise StageFailed(f"the function returned {_list(result)}, the stage declares {_list(names)}")
        return result
    if len(names) == 1:
        return {names[0]: result}
    if not isinstance(result, tuple | list) or len(result) != len(names):
        got = f"{len(result)} values" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
        raise StageFailed(f"the function returned {got}, the stage declares {_list(names)}")
    return dict(zip(names, result, strict=True))


def _list(names: typing.Iterable[object]) -> str:
    return ", ".join(map(str, names))


def _store(job: Job, output: Output, value: typing.Any) -> Path:
    path = Path(job.out, output.name + (Path(output.path or "").suffix or ENDINGS[output.type]))
    if isinstance(value, Path) and output.type == "model":
        return _take_model(job, value, path, output)
    if isinstance(value, Path):
        return _take(value, path, output)
    try:
        _write(job, output, value, path)
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        kind = type(value).__name__
        raise StageFailed(
            f"output '{output.name}' is declared as {output.type}; the function returned a {kind}: {error}"
        ) from error
    return path


def _take_model(job: Job, value: Path, path: Path, output: Output) -> Path:
    """A model in a file: one of ours in its folder, or an ONNX graph. Of others nobody knows what loading them does."""
    if value.is_dir():
        model_at(job, value)
        return _take(value, path, output)
    if value.suffix != ".onnx":
        hint = "return the fitted estimator itself, a path to an .onnx file, or the folder of a model"
        raise StageFailed(f"output '{output.name}' is declared as model; the function returned {value.name}", hint)
    save_estimator(content(value), path, job.trust, project=Path(job.project), pickle=job.pickle)
    return path


def _take(value: Path, path: Path, output: Output) -> Path:
    if not value.exists():
        raise StageFailed(f"output '{output.name}': the function returned the path {value}, where nothing is")
    target = path if output.path else path.with_suffix(value.suffix) if value.is_file() else path
    try:
        if value.is_dir():
            shutil.copytree(value, target)
        else:
            shutil.copyfile(value, target)
    except (OSError, shutil.Error) as error:
        raise StageFailed(
            f"output '{output.name}': {value} cannot be copied: {error}", "files and folders only"
        ) from error
    return target


def _json(value: object) -> bytes:
    """Canonical JSON of what a user's function returned; numbers and arrays of numpy count as Python's."""
    plain = json.loads(msgspec.json.encode(value, enc_hook=_unwrap)) if _finite(value) else None
    if plain is None and value is not None:
        raise ValueError("it holds NaN or an infinity, which JSON cannot say: return None there, or leave it out")
    return canonical(plain)


def _unwrap(value: typing.Any) -> object:
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas series
        return value.tolist()
    raise NotImplementedError(f"a {type(value).__name__} is no JSON")


def _finite(value: typing.Any) -> bool:
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return not isinstance(value, float) or math.isfinite(value)


def _as_table(value: typing.Any) -> typing.Any:
    """Lists of rows and mappings of columns are tables too."""
    if isinstance(value, dict | list):
        import pandas as pd

        return pd.DataFrame(value)
    return value.to_frame() if hasattr(value, "to_frame") and not hasattr(value, "columns") else value


def _write(job: Job, output: Output, value: typing.Any, path: Path) -> None:
    match output.type:
        case "table":
            write_table(_as_table(value), path)
        case "model":
            save_estimator(value, path, job.trust, project=Path(job.project), pickle=job.pickle)
        case "metrics":
            path.write_bytes(_json({str(name): float(number) for name, number in value.items()}))
        case "json":
            path.write_bytes(_json(value))
        case "plot" if hasattr(value, "savefig"):
            value.savefig(path, metadata={"Software": None})  # the library's version would change the bytes
        case "plot" | "file" if isinstance(value, bytes):
            path.write_bytes(value)
        case "file" if isinstance(value, str):
            path.write_text(value, "utf-8")
        case _:
            raise TypeError("return a pathlib.Path" + (", text or bytes" if output.type == "file" else ""))
