"""The gate on a data set: its rows go out as they are, or without those that are set aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_cli.checks.asked import Settings
from mlops_cli.checks.data import Judged, check_data
from mlops_cli.checks.past import Past, past_of
from mlops_cli.checks.quarantine import quarantined
from mlops_cli.pipeline.records import BASELINE, HISTORY, RELEASED
from mlops_cli.spec.validation import DataValidation
from mlops_cli.stages.base import Input, Job, Made, Outcome
from mlops_cli.stages.gates import Text, baseline_of, label_of
from mlops_cli.stages.support import data_path, output_path, write_json
from mlops_cli.tables.read import ending_of


def judge(job: Job, spec: DataValidation, said: Text) -> Outcome:
    """The gate on a data set."""
    cache = Path(job.cache) if job.cache is not None else None
    settings = Settings(
        root=Path(job.project),
        threads=job.threads,
        cache=cache,
        environment=said.environment,
        modified=said.modified,
        profile=any(output.name == "profile" for output in job.outputs),
    )
    path, rejected = data_path(job), any(output.name == "rejected" for output in job.outputs)
    judged = check_data(spec, path, past(job, spec, cache), settings, label=label_of(job, "data", path.name))
    report, outputs = judged.report, {"rows": Made(same="data")}
    if spec.quarantine is not None and rejected:
        kept, aside = output_path(job, f"rows{ending(judged, path)}"), output_path(job, "rejected.parquet")
        report, changed = quarantined(spec.quarantine, judged, kept, aside, released(job))
        outputs = {"rows": Made(path=str(kept)) if changed else outputs["rows"], "rejected": Made(path=str(aside))}
    elif spec.quarantine is not None:
        # By hand: nothing is kept, and the answer is the one that the stage would give.
        report, _ = quarantined(spec.quarantine, judged, None, None, released(job))
    outputs |= {"report": write_json(job, "report", report)}
    if settings.profile:
        outputs["profile"] = write_json(job, "profile", judged.profile)
    return Outcome(outputs, passed=report.passed)


def ending(judged: Judged, path: Path) -> str:
    """The ending of the file that rows go on in: as the data's own files end, or as their format does."""
    if judged.subject is None:
        return ending_of(path)
    dataset = judged.subject.dataset
    own = ending_of(dataset.paths[0])
    return own if own in dataset.format.ENDINGS else dataset.format.ENDINGS[0]


def past(job: Job, spec: DataValidation, cache: Path | None) -> Past:
    """The profiles of what the run resolved the spec's baseline and its history to."""
    history = [
        profile
        for item in job.inputs.get(HISTORY, [])
        if (profile := earlier(spec, item, job, cache).baseline) is not None
    ]
    found = baseline_of(job)
    if found is None:
        return Past(history=tuple(history))
    return replace(earlier(spec, found, job, cache), label=label_of(job, BASELINE, "baseline"), history=tuple(history))


def earlier(spec: DataValidation, item: Input, job: Job, cache: Path | None) -> Past:
    """An earlier version; its profile is known by its identity where it was measured before."""
    return past_of(spec, Path(item.path), identity=item.oid, threads=job.threads, cache=cache)


def released(job: Job) -> Path | None:
    """The table of rows that somebody has released from the quarantine."""
    found = job.inputs.get(RELEASED, [])
    return Path(found[0].path) if found else None
