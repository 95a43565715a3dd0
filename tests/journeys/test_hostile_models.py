"""Model files made to harm: every one is refused by the real command, says why, and nothing in it was executed."""

import io
import json
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Project
from sklearn.linear_model import LogisticRegression

from mlops_cli.models.fitting import fit_model
from mlops_cli.models.format import save_model

GATE = """
kind: validation
name: gate
model: p/bring.m0
data: rows.csv
target: target
expect: {accuracy: {min: 0.1}}
"""


class Payload:
    """Unpickled, it writes the canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.canary}",)


def rows() -> pd.DataFrame:
    source = np.random.default_rng(1)
    frame = pd.DataFrame({"a": source.normal(size=300), "b": source.normal(size=300)})
    return frame.assign(target=(frame.a > 0).astype(int))


def parts(folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "estimator.skops") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(folder: Path, files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(folder / "estimator.skops", "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def card(folder: Path, **changed: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def node(module: str, name: str, loader: str, **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 99_001, **more}


def text(value: str) -> dict[str, Any]:
    return node("builtins", "str", "JsonNode", content=json.dumps(value), is_json=True, __id__=99_002)


def arguments(value: str) -> dict[str, Any]:
    return node("builtins", "tuple", "TupleNode", content=[text(value)], __id__=99_003)


def plant(folder: Path, planted: dict[str, Any], trusted: str) -> None:
    """Put a node into the place of a parameter of the estimator, and its type on the file's own list."""
    files = parts(folder)
    schema = json.loads(files["schema.json"])
    schema["content"]["content"]["C"] = planted
    schema["trusted"] = [trusted]
    pack(folder, {**files, "schema.json": json.dumps(schema).encode()})
    card(folder, types=[trusted], trust=[trusted])


def planted(module: str, name: str, loader: str) -> Callable[[Path, Path], None]:
    def harm(folder: Path, canary: Path) -> None:
        command = f"touch {canary}"
        content: Any = arguments(command)
        if loader == "MethodNode":
            content = {"func": "system", "obj": node(module, name, "ObjectNode", __id__=99_004)}
        if loader == "PartialNode":
            inner = node("os", "system", "FunctionNode", __id__=99_005)
            nothing = node("builtins", "dict", "DictNode", content={}, __id__=99_006)
            nothing["key_types"] = node("builtins", "list", "ListNode", content=[], __id__=99_007)
            content = {"func": inner, "args": content, "kwds": nothing, "namespace": nothing}
        more = {"attrs": arguments(command)} if loader == "OperatorFuncNode" else {"content": content}
        plant(folder, node(module, name, loader, **more), f"{module}.{name}")

    return harm


def pickle_as_skops(folder: Path, canary: Path) -> None:
    (folder / "estimator.skops").write_bytes(pickle.dumps(Payload(canary)))


def pickle_by_name(folder: Path, canary: Path) -> None:
    (folder / "estimator.pkl").write_bytes(pickle.dumps(Payload(canary)))
    card(folder, flavor="pickle", pickle="allow")


def array(folder: Path, data: bytes) -> None:
    """Replace the first array of the archive."""
    files = parts(folder)
    name = next(name for name in files if name.endswith(".npy"))
    pack(folder, {**files, name: data})


def header(shape: str, dtype: str) -> bytes:
    words = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}"
    padded = words.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


def huge_array(folder: Path, canary: Path) -> None:
    array(folder, header("(1000000000000,)", "<f8") + bytes(64))


def array_of_objects(folder: Path, canary: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray([Payload(canary)], dtype=object), allow_pickle=True)
    array(folder, stream.getvalue())


def hostile_header(folder: Path, canary: Path) -> None:
    array(folder, header(f"__import__('os').system('touch {canary}')"[:60] + ",", "<f8") + bytes(8))


def bomb(folder: Path, canary: Path) -> None:
    pack(folder, {**parts(folder), "999999.bin": bytes(300 << 20)}, zipfile.ZIP_DEFLATED)


def overlapping(folder: Path, canary: Path) -> None:
    """Two entries of the list of contents that point at the same bytes."""
    files = parts(folder)
    name = next(name for name in files if name.endswith(".npy"))
    with zipfile.ZipFile(folder / "estimator.skops", "w") as archive:
        for other, data in files.items():
            archive.writestr(other, data)
        for number in range(2000):
            entry = zipfile.ZipInfo(f"{number}x.npy")
            for field in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(entry, field, getattr(archive.getinfo(name), field))
            archive.filelist.append(entry)


def entry_named(name: str) -> Callable[[Path, Path], None]:
    return lambda folder, canary: pack(folder, {**parts(folder), name: b"x"})


def link_inside(folder: Path, canary: Path) -> None:
    files = parts(folder)
    with zipfile.ZipFile(folder / "estimator.skops", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        entry = zipfile.ZipInfo("777.bin")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")


def twice(folder: Path, canary: Path) -> None:
    import warnings

    files = parts(folder)
    with warnings.catch_warnings(), zipfile.ZipFile(folder / "estimator.skops", "w") as archive:
        warnings.simplefilter("ignore")
        for name, data in [*files.items(), ("schema.json", files["schema.json"])]:
            archive.writestr(name, data)


def deep(folder: Path, canary: Path) -> None:
    pack(folder, {**parts(folder), "schema.json": b'{"content":' * 100_000 + b"1" + b"}" * 100_000})


def deep_nodes(folder: Path, canary: Path) -> None:
    found: Any = text("x")
    for _ in range(400):
        found = node("builtins", "list", "ListNode", content=[found])
    plant(folder, found, "builtins.list")


def cut(folder: Path, canary: Path) -> None:
    path = folder / "estimator.skops"
    path.write_bytes(path.read_bytes()[:-200])


def replaced(old: str, new: str) -> Callable[[Path, Path], None]:
    def harm(folder: Path, canary: Path) -> None:
        path = folder / "model.json"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return harm


def function_of(target: str) -> Callable[[Path, Path], None]:
    def harm(folder: Path, canary: Path) -> None:
        (folder / "function.json").write_text(json.dumps({"target": target, "code": "0" * 64}))
        card(folder, flavor="function")

    return harm


def graph(change: Callable[[Any], None]) -> Callable[[Path, Path], None]:
    def harm(folder: Path, canary: Path) -> None:
        onnx = pytest.importorskip("onnx")
        helper, number = onnx.helper, onnx.TensorProto.FLOAT
        weights = helper.make_tensor("w", number, [2, 1], [1.0, 2.0])
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", number, [None, 2])],
            [helper.make_tensor_value_info("y", number, [None, 1])],
            [weights],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        change(made)
        (folder / "estimator.onnx").write_bytes(made.SerializeToString())
        card(folder, flavor="onnx", classes=[], task="regression")

    return harm


def outside_data(made: Any) -> None:
    tensor = made.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = 1
    found = tensor.external_data.add()
    found.key, found.value = "location", "../../../../etc/passwd"


def foreign_operator(made: Any) -> None:
    made.graph.node[0].domain = "com.evil"


def boosted(library: str, change: Callable[[str], str]) -> Callable[[Path, Path], None]:
    def harm(folder: Path, canary: Path) -> None:
        pytest.importorskip(library)
        from mlops_cli.models.fitting import make_estimator

        module = pytest.importorskip(library)
        maker = module.XGBClassifier if library == "xgboost" else module.LGBMClassifier
        estimator = make_estimator(maker, library, {"n_estimators": 2}, 1)
        for path in folder.iterdir():
            path.unlink()
        save_model(fit_model(estimator, rows(), "target", None), rows(), folder)
        path = next(path for path in folder.iterdir() if path.stem == "estimator")
        before = path.read_text()
        after = change(before)
        assert after != before
        path.write_text(after)

    return harm


def circle(said: str) -> str:
    found = json.loads(said)
    tree = found["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["left_children"][0] = 0
    return json.dumps(found)


def far_feature(said: str) -> str:
    found = json.loads(said)
    found["learner"]["gradient_booster"]["model"]["trees"][0]["split_indices"][0] = 1_000_000
    return json.dumps(found)


def far_class(said: str) -> str:
    found = json.loads(said)
    found["learner"]["gradient_booster"]["model"]["tree_info"][0] = 1_000_000
    return json.dumps(found)


def far_leaf(said: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith("left_child="))
    return said.replace(line, "left_child=" + " ".join(["-99999", *line.partition("=")[2].split()[1:]]), 1)


def round_trip(said: str) -> str:
    line = next(line for line in said.splitlines() if line.startswith("right_child="))
    return said.replace(line, "right_child=" + " ".join(["0", *line.partition("=")[2].split()[1:]]), 1)


HOSTILE: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "a pickle named .skops": (pickle_as_skops, "it is a pickle"),
    "a pickle that says so": (pickle_by_name, "the model is a pickle"),
    "os.system": (planted("os", "system", "FunctionNode"), "not trusted: os.system"),
    "posix.system": (planted("posix", "system", "FunctionNode"), "not trusted: posix.system"),
    "builtins.eval": (planted("builtins", "eval", "FunctionNode"), "not trusted: builtins.eval"),
    "builtins.exec": (planted("builtins", "exec", "TypeNode"), "not trusted: builtins.exec"),
    "subprocess.Popen": (
        planted("subprocess", "Popen", "ConstructorFromReduceNode"),
        "not trusted: subprocess.Popen",
    ),
    "operator.methodcaller": (
        planted("operator", "methodcaller", "OperatorFuncNode"),
        "not trusted: operator.methodcaller",
    ),
    "a method": (planted("sklearn.linear_model._logistic", "LogisticRegression", "MethodNode"), "not trusted"),
    "a partial": (planted("functools", "partial", "PartialNode"), "not trusted: os.system"),
    "numpy's own pickles": (planted("numpy.lib", "load", "FunctionNode"), "not trusted: numpy.lib.load"),
    "joblib": (planted("sklearn.externals.joblib", "load", "FunctionNode"), "not trusted"),
    "an array of 8 terabytes": (huge_array, "claims 8,000,000,000,000 bytes"),
    "an array of objects": (array_of_objects, "holds Python objects"),
    "code in the head of an array": (hostile_header, "is refused"),
    "a bomb": (bomb, "unpack to"),
    "overlapping parts": (overlapping, "its parts overlap"),
    "a path upwards": (entry_named("../../evil.npy"), "a part named '../../evil.npy'"),
    "an absolute path": (entry_named("/tmp/evil.npy"), "a part named '/tmp/evil.npy'"),
    "a link inside": (link_inside, "is a link"),
    "two parts of one name": (twice, "two parts named 'schema.json'"),
    "brackets in brackets": (deep, "nested"),
    "nodes in nodes": (deep_nodes, "nested"),
    "cut off": (cut, "is refused"),
    "NaN in the card": (replaced('"rows":300', '"rows":NaN'), "is damaged"),
    "a card of too many golden rows": (replaced('"golden":', '"golden":9999999'), "golden rows"),
    "an unknown flavor": (replaced('"flavor":"sklearn"', '"flavor":"joblib"'), "is damaged"),
    "a function of the library": (function_of("os:system"), "not in the project"),
    "a function by a strange name": (function_of("os.path:join.x"), "no name of a function"),
    "a function of the project with other code": (function_of("tool:predict"), "its code has changed"),
    "a graph with data elsewhere": (graph(outside_data), "in another file"),
    "a graph of foreign operators": (graph(foreign_operator), "not ONNX's own"),
    "a tree that goes round": (boosted("xgboost", circle), "goes round in a circle"),
    "a feature far away": (boosted("xgboost", far_feature), "asks for feature 1,000,000"),
    "a class far away": (boosted("xgboost", far_class), "a class that is not there"),
    "a leaf far away": (boosted("lightgbm", far_leaf), "points outside itself"),
    "a text tree that goes round": (boosted("lightgbm", round_trip), "goes round in a circle"),
}


def pipeline(count: int, published: int) -> str:
    """A stage that takes all models from a folder as they are, and one for each that registers it."""
    copies = "; ".join(f"cp -R {{in.given}}/{at} {{out.m{at}}}" for at in range(count))
    outputs = ", ".join(f"m{at}: model" for at in range(count))
    stages = [f'  bring: {{sh: "{copies}", in: {{given: given}}, out: {{{outputs}}}}}']
    stages += [f"  publish{at}: {{register: evil{at}, in: {{model: bring.m{at}}}}}" for at in range(published)]
    return "kind: pipeline\nname: p\ndata: {given: evil}\nstages:\n" + "\n".join(stages) + "\n"


def test_hostile_models_are_refused_and_nothing_of_them_runs(project: Project) -> None:
    canary, frame = project.root.parent / "canary", rows()
    frame.to_csv(project.root / "rows.csv", index=False)
    project.write("tool.py", f"open({str(canary)!r}, 'w').close()\n\n\ndef predict(frame):\n    return frame['a']\n")
    for at, (harm, _) in enumerate(HOSTILE.values()):
        save_model(fit_model(LogisticRegression(), frame, "target", None), frame, project.root / f"evil/{at}")
        harm(project.root / f"evil/{at}", canary)
    project.write("specs/gate.yaml", GATE)
    project.write("specs/pipeline.yaml", pipeline(len(HOSTILE), 0))
    project.quick("run")
    wrong = {}
    for at, (name, (_, words)) in enumerate(HOSTILE.items()):
        ended = project.quick("validate", "specs/gate.yaml", "--model", f"p/bring.m{at}", code=None)
        if ended.code != 3 or words not in ended.err or "Traceback" in ended.err:
            wrong[name] = ended.err or ended.out
    assert not wrong
    project.write("specs/pipeline.yaml", pipeline(len(HOSTILE), len(HOSTILE)))
    ended = project.mlops("run", "--keep-going", code=3)
    for at, (name, (_, words)) in enumerate(HOSTILE.items()):
        line = next((line for line in ended.err.splitlines() if f" publish{at} " in line and "failed" in line), "")
        if words not in line:
            wrong[name] = line
    assert not wrong
    assert not canary.exists()
    assert not any(item["name"].startswith("evil") for item in project.quick("ls", "--json").json["names"])


def test_the_honest_model_of_these_tests_is_taken(project: Project) -> None:
    frame = rows()
    frame.to_csv(project.root / "rows.csv", index=False)
    save_model(fit_model(LogisticRegression(), frame, "target", None), frame, project.root / "evil/0")
    project.write("specs/pipeline.yaml", pipeline(1, 1))
    project.write("specs/gate.yaml", GATE)
    project.quick("run")
    project.quick("validate", "specs/gate.yaml", "--model", "p/bring.m0")


def test_a_pickle_runs_only_where_the_project_allows_it_and_says_so_each_time(project: Project) -> None:
    project.write(
        "own.py",
        "import numpy as np\n\n\nclass Own:\n    def fit(self, rows, truth):\n"
        "        self.feature_names_in_ = np.asarray(rows.columns, dtype=object)\n"
        "        self.classes_ = np.unique(truth)\n        self.odd = {('a', 1): 2}\n        return self\n\n"
        "    def predict(self, rows):\n        return self.classes_[(rows['a'] > 0).astype(int)]\n\n"
        "    def predict_proba(self, rows):\n        second = (rows['a'] > 0) * 0.8 + 0.1\n"
        "        return np.column_stack([1 - second, second])\n",
    )
    rows().to_csv(project.root / "rows.csv", index=False)
    project.write(
        "specs/pipeline.yaml",
        "kind: pipeline\nname: p\ndata: {rows: rows.csv}\nstages:\n"
        '  train: {fit: "own:Own", target: target, in: {data: rows}}\n'
        "  publish: {register: own, in: {model: train}}\n",
    )
    refused = project.mlops("run", code=3)
    assert "not trusted: own.Own" in refused.out + refused.err or "cannot be saved safely" in refused.out + refused.err
    project.write("mlops.yaml", "name: test\npickle: allow\n")
    project.mlops("run")
    shown = project.quick("show", "p/train.model", "--json")
    assert "is a pickle" in shown.out
    project.write("mlops.yaml", "name: test\n")
    again = project.mlops("run", "--force", code=3)
    assert "cannot be saved safely" in again.out + again.err or "not trusted" in again.out + again.err
