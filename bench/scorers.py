"""One peer at one job on a table of predictions, in one process, with the peer's own Python: what its user would write.

PEER/bin/python bench/scorers.py JOB SCORES      prints {"values": {cut: {metric: number}}, ...} as its last line

The cuts are all rows, called "", and the ten values of each of three columns, as `region=r3`. A metric that a peer does
not have is missing from its answer; so what it did can be told.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

warnings.filterwarnings("ignore")
CUTS = ("region", "product", "channel")
RESAMPLES = 10
"""How often Fairlearn draws; a hundredth of what `mlops` does, for it draws rows one by one."""
Answer = dict[str, Any]


def _frame(data: str) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(data).to_pandas()


def _parts(frame: Any) -> Iterator[tuple[str, Any]]:
    """All rows, then each slice."""
    yield "", frame
    for name in CUTS:
        for value, part in frame.groupby(name):
            yield f"{name}={value}", part


def _metrics() -> dict[str, Callable[[Any, Any], float]]:
    """The six metrics of truth and score; what is at least one half counts as yes."""
    from sklearn import metrics as sk

    return {
        "roc_auc": sk.roc_auc_score,
        "accuracy": lambda truth, score: sk.accuracy_score(truth, score >= 0.5),
        "recall": lambda truth, score: sk.recall_score(truth, score >= 0.5),
        "f1": lambda truth, score: sk.f1_score(truth, score >= 0.5),
        "log_loss": sk.log_loss,
        "brier": sk.brier_score_loss,
    }


def area(data: str) -> Answer:
    """One `roc_auc_score` on all rows: the shortest of three calls, without the start and without reading."""
    from sklearn.metrics import roc_auc_score

    frame, taken = _frame(data), []
    truth, score = frame["truth"].to_numpy(), frame["score"].to_numpy()
    for _ in range(3):
        start = time.perf_counter()
        value = float(roc_auc_score(truth, score))
        taken.append(time.perf_counter() - start)
    return {"values": {"": {"roc_auc": value}}, "seconds": min(taken)}


def plain(data: str) -> Answer:
    """scikit-learn's six functions in a loop over the slices; no intervals."""
    asked, frame = _metrics(), _frame(data)
    return {
        "values": {
            cut: {
                name: float(metric(part["truth"].to_numpy(), part["score"].to_numpy()))
                for name, metric in asked.items()
            }
            for cut, part in _parts(frame)
        }
    }


def fairlearn(data: str) -> Answer:
    """A MetricFrame for each column that cuts; no intervals."""
    return _fairlearn(data, {})


def fairlearn_intervals(data: str) -> Answer:
    """The same with its bootstrap, of a few resamples."""
    return _fairlearn(data, {"n_boot": RESAMPLES, "ci_quantiles": [0.025, 0.975], "random_state": 1})


def _fairlearn(data: str, more: dict[str, Any]) -> Answer:
    from fairlearn.metrics import MetricFrame

    frame, values = _frame(data), {}
    for name in CUTS:
        made = MetricFrame(
            metrics=_metrics(), y_true=frame["truth"], y_pred=frame["score"], sensitive_features=frame[name], **more
        )
        values[""] = {metric: float(value) for metric, value in made.overall.items()}
        for value, row in made.by_group.iterrows():
            values[f"{name}={value}"] = {metric: float(number) for metric, number in row.items()}
        if more and (made.overall_ci is None or len(made.by_group_ci) != len(more["ci_quantiles"])):
            sys.exit("there are no intervals")
    return {"values": values}


def evidently(data: str) -> Answer:
    """A report of its five of the six metrics (it has no Brier score) for all rows and for each slice; no intervals."""
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.metrics import Accuracy, F1Score, LogLoss, Recall, RocAuc

    asked = {"accuracy": Accuracy, "recall": Recall, "f1": F1Score, "roc_auc": RocAuc, "log_loss": LogLoss}
    roles = BinaryClassification(target="truth", prediction_labels="label", prediction_probas="score", pos_label=1)
    columns = DataDefinition(classification=[roles], categorical_columns=list(CUTS))
    values = {}
    for cut, part in _parts(_frame(data)):
        dataset = Dataset.from_pandas(part, data_definition=columns)
        found = Report([metric() for metric in asked.values()]).run(dataset, None).dict()["metrics"]
        values[cut] = {name: float(row["value"]) for name, row in zip(asked, found, strict=True)}
    return {"values": values}


def tfma(data: str) -> Answer:
    """`analyze_raw_data` with its names for the six metrics; no intervals."""
    return _tfma(data, "")


def tfma_intervals(data: str) -> Answer:
    """The same with its Poisson bootstrap, of the 20 resamples that it always makes."""
    method = "confidence_intervals { method: POISSON_BOOTSTRAP }"
    return _tfma(data, f"options {{ compute_confidence_intervals {{ value: true }} {method} }}")


TFMA = {
    "auc": "roc_auc",
    "binary_accuracy": "accuracy",
    "recall": "recall",
    "f1_score": "f1",
    "binary_crossentropy": "log_loss",
    "mean_squared_error": "brier",
}


def _tfma(data: str, options: str) -> Answer:
    import tensorflow_model_analysis as tfma
    from google.protobuf import text_format
    from tensorflow_model_analysis.proto import config_pb2

    names = ("AUC", "BinaryAccuracy", "Recall", "F1Score", "BinaryCrossEntropy", "MeanSquaredError")
    words = [
        'model_specs { label_key: "truth" prediction_key: "score" } slicing_specs {}',
        *(f'slicing_specs {{ feature_keys: "{name}" }}' for name in CUTS),
        f"metrics_specs {{ {' '.join(f'metrics {{ class_name: {json.dumps(name)} }}' for name in names)} }}",
        options,
    ]
    config = text_format.Parse("\n".join(words), config_pb2.EvalConfig())
    with tempfile.TemporaryDirectory() as scratch:
        found = tfma.analyze_raw_data(_frame(data), config, output_path=os.path.join(scratch, "out"))
    values: dict[str, dict[str, float]] = {}
    for cut, row in found.get_metrics_for_all_slices().items():
        said = {TFMA[name]: value for name, value in row.items() if name in TFMA}
        if options and not all("boundedValue" in value for value in said.values()):
            sys.exit(f"there are no intervals: {said}")
        values["".join(f"{name}={value}" for name, value in cut)] = {
            name: float(value["boundedValue"]["value"] if "boundedValue" in value else value["doubleValue"])
            for name, value in said.items()
        }
    return {"values": values}


JOBS = {job.__name__: job for job in (area, plain, fairlearn, fairlearn_intervals, evidently, tfma, tfma_intervals)}

if __name__ == "__main__":
    made = JOBS[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write("\n" + json.dumps(made) + "\n")
